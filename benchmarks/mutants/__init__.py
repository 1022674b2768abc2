"""Wrong and honest variants of every operation, one module a suite: `python -m benchmarks.mutants`."""
