"""Linear map."""
