"""Texts in; unit vectors, kept by how they were computed, out."""
