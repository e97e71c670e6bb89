"""Decisions in; a frozen, verifiable release out."""
