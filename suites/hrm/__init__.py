"""The hierarchical reasoning loop, and BDH inside it."""
