"""Causal self-attention with several heads, with rotary positions and without."""
