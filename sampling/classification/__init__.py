"""Vectors of labelled texts in; a category with a probability for each text out."""
