"""The commands of `pytest-bolt`: each takes parsed arguments and a screen, and writes what it finds."""
