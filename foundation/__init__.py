"""What knows no campaign: triggers, files written whole or not at all, the terminal, Markdown, charts."""
