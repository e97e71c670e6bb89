"""Candidates, numbers wanted and a seed in; an even draw that can be replayed out."""
