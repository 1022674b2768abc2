"""Figures of stored comparisons as SVG: same input, same bytes, readable in light and dark."""
