"""A file of scraped records in; its records, and a reason for each line that is none, out."""
