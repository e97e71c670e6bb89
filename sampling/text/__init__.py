"""One post in; clean Markdown, its languages and the digest of its words out. No Django here."""
