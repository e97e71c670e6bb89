"""Revisions in; blind votes, decisions, agreement statistics and the consensus dashboard out."""
