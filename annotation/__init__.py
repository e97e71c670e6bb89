"""Seeds in; leased work, drafts, and revisions of a query with its tags out."""
