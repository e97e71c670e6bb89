"""A lead's decisions in; a campaign with its taxonomy, rules, members, guideline and event log out."""
