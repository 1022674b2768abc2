"""Reports of a finished run. Each is a function of its Summary; only `files` writes."""
