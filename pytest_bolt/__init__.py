"""Paired, correctness-first benchmark comparison for pytest."""

__version__ = "0.1.0"
