"""Alembic's scripts: `versions/` holds one file a schema version, oldest first."""
