"""Learning-rate schedule."""
