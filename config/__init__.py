"""Settings, root URLs, base templates and static files: environment in, a running site out."""
