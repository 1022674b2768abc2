"""Training of a byte-level BPE vocabulary."""
