"""Slips in a journal that arithmetic, dates, hashes and the journal's own words give away."""
