"""Reads of corpora, runs, verdicts and draws that are more than a QuerySet method."""
