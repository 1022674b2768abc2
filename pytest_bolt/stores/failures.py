"""Database errors as messages that a user can act on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError

from pytest_bolt.errors import BoltError

_ELSEWHERE = "name another place with --bolt-store=PATH or --bolt-store=URL"

# Pattern in the driver's message, what happened, what to do next; the first that fits is said.
_KNOWN = (
    (
        r"file is not a database|malformed|file is encrypted",
        "The store is damaged, or is not a store at all",
        f"move the file away and run again, or {_ELSEWHERE}",
    ),
    (
        r"readonly database|read-only",
        "The store cannot be written",
        f"allow writing to the file and its folder, or {_ELSEWHERE}",
    ),
    (
        r"database or disk is full|No space left|disk I/O error|could not extend file",
        "There is no room left for the store",
        f"free some disk space, or {_ELSEWHERE}",
    ),
    (
        r"unable to open database file",
        "The store cannot be opened",
        f"check that the folder exists and is yours, or {_ELSEWHERE}",
    ),
    (
        r"database is locked|database table is locked|lock timeout",
        "Another process has kept the store locked for too long",
        "wait for the other run to end, or look for a process that hangs",
    ),
    (
        r"password authentication failed|no password supplied|role .* does not exist",
        "The database server refused the login",
        "check user and password in --bolt-store=URL, or set PGPASSWORD",
    ),
    (
        r"database .* does not exist",
        "The server has no database of that name",
        "create it with `createdb NAME`",
    ),
    (
        r"permission denied",
        "This login may not write to the database",
        "grant it CREATE and USAGE on the schema",
    ),
    (
        (
            r"connection (failed|timeout|is closed|refused)|Is the server running|"
            r"could not (connect|translate)|resolve host|server closed the connection|terminating connection"
        ),
        "The database server cannot be reached",
        f"start the server, check host and port, or {_ELSEWHERE}",
    ),
)


@contextmanager
def explained(where: str) -> Iterator[None]:
    """Turn database errors of the block into a BoltError about the store at `where`."""
    try:
        yield
    except DBAPIError as error:
        raise explain(error, where) from error
    except OSError as error:
        raise _about_file(error, where) from error


def explain(error: DBAPIError, where: str) -> BoltError:
    """Return the message for a database error at the store `where`."""
    seen = str(error.orig).strip()
    for pattern, what, advice in _KNOWN:
        if re.search(pattern, seen, re.IGNORECASE):
            return BoltError(what, seen={"store": where, "error": seen}, advice=advice)
    return BoltError("The store failed", seen={"store": where, "error": seen}, advice=_ELSEWHERE)


def _about_file(error: OSError, where: str) -> BoltError:
    return BoltError(
        "The folder of the store cannot be used",
        seen={"store": where, "error": error.strerror or str(error)},
        advice=_ELSEWHERE,
    )
