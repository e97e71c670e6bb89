"""Unit vectors in; who is near whom, and from when on that means something, out."""
