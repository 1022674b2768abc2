"""Journal entries: data built from a finished run, rendered by a template, kept in one file."""
