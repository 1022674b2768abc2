"""Encoding and decoding with a byte-level BPE."""
