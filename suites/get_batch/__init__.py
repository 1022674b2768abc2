"""Batches of a token sequence."""
