"""Implementations under the names by which suites ask for them, one module an origin."""
