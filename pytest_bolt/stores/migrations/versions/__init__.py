"""One migration a schema version."""
