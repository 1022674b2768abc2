"""From a path or URL to a database engine: settings of each back end, and write transactions."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import QueuePool

from pytest_bolt.errors import BoltError

BUSY_SECONDS = 30
_CONNECT_SECONDS = 10
_WRITING = "bolt_writing"
_EXAMPLES = "use a path, sqlite:///PATH or postgresql+psycopg://USER@HOST/DATABASE"


def parse_store(text: str) -> URL:
    """Return the database URL of a plain path or of a URL.

    Raises BoltError for a kind of database that is not supported.
    """
    if "://" not in text:
        return URL.create("sqlite", database=str(Path(text).expanduser().absolute()))
    try:
        url = make_url(text)
    except ArgumentError as error:
        raise BoltError("The store's URL cannot be read", seen={"error": error}, advice=_EXAMPLES) from error
    kind = url.drivername.split("+")[0]
    if kind in {"postgres", "postgresql"}:
        return url.set(drivername="postgresql+psycopg")
    if kind == "sqlite" and url.database and url.database != ":memory:":
        return url.set(database=str(Path(url.database).absolute()))
    seen = {"store": url.render_as_string(hide_password=True)}
    if kind == "sqlite":
        raise BoltError("A store in memory would keep nothing", seen=seen, advice=_EXAMPLES)
    raise BoltError("This kind of database cannot hold a store", seen=seen, advice=_EXAMPLES)


def make_engine(url: URL, *, read_only: bool = False) -> Engine:
    """Return an engine for a URL from `parse_store`; nothing is opened yet.

    Raises BoltError where the driver is not installed.
    """
    if url.get_backend_name() == "sqlite":
        return _sqlite_engine(Path(str(url.database)), read_only=read_only)
    settings = {"connect_timeout": _CONNECT_SECONDS, "application_name": "pytest-bolt"}
    try:
        engine = create_engine(url, pool_pre_ping=True, connect_args=settings)
    except ModuleNotFoundError as error:
        raise BoltError(
            "The driver for this database is not installed",
            seen={"store": url.render_as_string(hide_password=True), "missing": error.name},
            advice='pip install "pytest-bolt[postgres]"',
        ) from error
    if read_only:
        event.listen(engine, "connect", _refuse_writing)
    return engine


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """Give a transaction that may write, from its first statement on; an exception undoes all of it."""
    with engine.connect() as connection:
        connection.execution_options(**{_WRITING: True})
        with connection.begin():
            yield connection


def _sqlite_engine(path: Path, *, read_only: bool) -> Engine:
    engine = create_engine(
        URL.create("sqlite", database=str(path)),
        poolclass=QueuePool,
        creator=_opener(path, read_only=read_only),
    )
    event.listen(engine, "connect", _prepare_readable if read_only else _prepare_writable)
    event.listen(engine, "begin", _begin)
    return engine


def _opener(path: Path, *, read_only: bool) -> Callable[[], sqlite3.Connection]:
    def open_file() -> sqlite3.Connection:
        mode = _reading_mode(path) if read_only else "mode=rwc"
        uri = f"file:{quote(str(path))}?{mode}"
        return sqlite3.connect(
            uri, uri=True, timeout=BUSY_SECONDS, check_same_thread=False, isolation_level=None
        )

    return open_file


def _reading_mode(path: Path) -> str:
    """Return how to read a file: WAL needs a shared-memory file, which a read-only folder cannot have."""
    try:
        probe = sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True, timeout=BUSY_SECONDS)
    except sqlite3.Error:
        return "mode=ro"
    try:
        probe.execute("SELECT 1 FROM sqlite_master")
    except sqlite3.OperationalError as error:
        refused = any(words in str(error) for words in ("unable to open", "readonly database"))
        if refused and not path.with_name(path.name + "-wal").exists():
            return "mode=ro&immutable=1"
    except sqlite3.DatabaseError:
        pass  # said again, and explained, by the first statement that is meant
    finally:
        probe.close()
    return "mode=ro"


def _refuse_writing(connection: Any, _record: object) -> None:
    connection.read_only = True


def _prepare_readable(connection: Any, _record: object) -> None:
    connection.execute("PRAGMA foreign_keys=ON")


def _prepare_writable(connection: Any, _record: object) -> None:
    connection.execute("PRAGMA foreign_keys=ON")
    _use_wal(connection)
    connection.execute("PRAGMA synchronous=NORMAL")


def _use_wal(connection: sqlite3.Connection) -> None:
    """Switch to WAL; the first of two processes wins, and SQLite does not make the other wait."""
    patience = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > patience:
                raise
            time.sleep(0.01)
        else:
            return


def _begin(connection: Connection) -> None:
    """Take the write lock at once where it will be needed: a later upgrade could fail halfway."""
    wants = connection.get_execution_options().get(_WRITING)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if wants else "BEGIN")
