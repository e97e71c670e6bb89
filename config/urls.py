"""Root URLs: each app serves its own pages under /<campaign>/."""

from django.urls import URLPattern, URLResolver

urlpatterns: list[URLPattern | URLResolver] = []
