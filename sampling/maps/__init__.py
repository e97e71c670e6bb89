"""Unit vectors in; a place on a plane for each, kept as a file, out."""
