"""Results of other tools as ours, and ours as theirs: pure conversions, one module a format."""
