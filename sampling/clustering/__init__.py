"""Unit vectors and a seed in; numbered clusters with centres and keywords out."""
