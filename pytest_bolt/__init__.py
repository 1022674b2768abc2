"""Paired, correctness-first benchmark comparison for pytest.

PYTEST_DONT_REWRITE: a worker process has imported this package before pytest could rewrite it.
"""

__version__ = "0.1.0"
