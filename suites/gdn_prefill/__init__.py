"""Sequences of tokens of the gated delta rule."""
