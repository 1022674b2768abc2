"""Bringing a store to this program's schema; Alembic is imported only where there is something to do."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, Engine, inspect, text

from pytest_bolt.errors import BoltError
from pytest_bolt.stores.engine import writing
from pytest_bolt.stores.schema import SCHEMA_VERSION, VERSION_TABLE

_LOCK = 0x626F6C74  # "bolt": every program that migrates a PostgreSQL store takes this advisory lock
_SCRIPTS = "pytest_bolt.stores:migrations"


def stored_version(connection: Connection) -> int:
    """Return the schema version of the store, 0 where there is none yet."""
    if not inspect(connection).has_table(VERSION_TABLE):
        return 0
    found = connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar()  # noqa: S608 - a constant
    return int(found) if found else 0


def ensure_schema(engine: Engine, where: str) -> None:
    """Create or migrate the tables where they are not those of this program.

    Two processes may call this at once: one migrates, the other waits and finds it done.
    Raises BoltError for a store of a newer program.
    """
    with engine.connect() as connection:
        version = stored_version(connection)
    refuse_newer(version, where)
    if version < SCHEMA_VERSION:
        migrate(engine)


def refuse_newer(version: int, where: str) -> None:
    """Raise BoltError where the store's schema is newer than this program's."""
    if version > SCHEMA_VERSION:
        raise BoltError(
            "The store was written by a newer version of pytest-bolt",
            seen={"store": where, "its schema": version, "known here": SCHEMA_VERSION},
            advice="upgrade pytest-bolt, or use another store with --bolt-store=PATH",
        )


def migrate(engine: Engine, *, target: int = SCHEMA_VERSION, more_scripts: Sequence[str] = ()) -> None:
    """Run the migrations up to `target` in one transaction, under a lock.

    `more_scripts` names further folders of migrations.
    """
    with writing(engine) as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        if stored_version(connection) < target:
            _run_alembic(connection, f"{target:04d}", more_scripts)


def _run_alembic(connection: Connection, target: str, more_scripts: Sequence[str]) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", _SCRIPTS)
    if more_scripts:
        config.set_main_option("path_separator", "newline")
        folders = [f"{_SCRIPTS}/versions", *more_scripts]
        config.set_main_option("version_locations", "\n".join(folders))
    config.attributes["connection"] = connection
    command.upgrade(config, target)
