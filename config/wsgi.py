"""WSGI entry point: `gunicorn config.wsgi`."""

import os

from django.core.wsgi import get_wsgi_application

from decontamination import words

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
os.environ.setdefault("QUORUM_WEB_WORKER", "1")
application = get_wsgi_application()

# The expressions for text beyond ASCII take a fifth of a second to make: now, not while somebody types.
words.split("é")
