"""Numbers of the rows that many others refer to: each is inserted once, by whichever process is first."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from sqlalchemy import Connection, Insert, Select, Table, bindparam, select

from pytest_bolt.core.case import Case
from pytest_bolt.core.environment import Environment
from pytest_bolt.core.record import Revision
from pytest_bolt.stores.plain import from_text, to_text
from pytest_bolt.stores.rows import case_detail, digest_of, revision_row
from pytest_bolt.stores.schema import cases, environments, fingerprints, revisions

_DETAIL = select(cases.c.detail).where(cases.c.id == bindparam("wanted"))
_REMEMBERED = 10_000  # case objects kept alive


class References:
    """Looks numbers up, inserts what is missing, and remembers both.

    What was inserted in a transaction that was undone must be forgotten: call `forget` then.
    """

    def __init__(self) -> None:
        self._numbers: dict[tuple[str, str], int] = {}
        self._details: dict[int, object] = {}
        self._equal: dict[int, str] = {}  # a detail as text that was found equal to the stored one
        self._revisions: dict[int, tuple[Revision, int]] = {}  # by identity: a run has two, each named often
        self._cases: dict[int, tuple[Case, int, object]] = {}  # likewise: named by each of its records

    def forget(self) -> None:
        """Drop everything remembered."""
        self._numbers.clear()
        self._details.clear()
        self._equal.clear()
        self._revisions.clear()
        self._cases.clear()

    def environment(self, connection: Connection, environment: Environment) -> tuple[int, int]:
        """Return the numbers of the environment and of its fingerprint."""
        mark = environment.fingerprint
        fingerprint = self._number(
            connection, fingerprints, {"digest": mark.digest, "parts": dict(mark.parts)}
        )
        row = {
            "digest": digest_of(sorted(environment.facts.items())),
            "fingerprint_id": fingerprint,
            "facts": dict(environment.facts),
        }
        return self._number(connection, environments, row), fingerprint

    def revision(self, connection: Connection, revision: Revision) -> int:
        """Return the number of the revision."""
        found = self._revisions.get(id(revision))
        if found is None:
            found = revision, self._number(connection, revisions, revision_row(revision))
            self._revisions[id(revision)] = found  # which keeps it alive, and its identity its own
        return found[1]

    def case(self, connection: Connection, case: Case) -> tuple[int, object]:
        """Return the number of the case, and its detail where it differs from what is stored under it."""
        if found := self._cases.get(id(case)):
            return found[1:]
        detail, key = case_detail(case), case.case_id.key
        number = self._number(connection, cases, {"digest": case_digest(key), "key": key, "detail": detail})
        same = self._is_stored(connection, number, to_text(detail))
        if len(self._cases) >= _REMEMBERED:
            self._cases.clear()
        self._cases[id(case)] = case, number, None if same else detail
        return number, None if same else detail

    def _is_stored(self, connection: Connection, number: int, detail: str) -> bool:
        if self._equal.get(number) == detail:
            return True
        if number not in self._details:
            self._details[number] = connection.execute(_DETAIL, {"wanted": number}).scalar_one()
        if from_text(detail) != self._details[number]:
            return False
        self._equal[number] = detail
        return True

    def _number(self, connection: Connection, table: Table, row: Mapping[str, Any]) -> int:
        name = (table.name, row["digest"])
        if name not in self._numbers:
            self._numbers[name] = _find_or_insert(connection, table, row)
        return self._numbers[name]


def case_digest(key: str) -> str:
    """Return what a case is found by: keys may be longer than an index entry can be."""
    return digest_of(key)


def _find_or_insert(connection: Connection, table: Table, row: Mapping[str, Any]) -> int:
    find, insert = _statements(table, connection.dialect.name)
    wanted = {"wanted": row["digest"]}
    found = connection.execute(find, wanted).scalar()
    if found is None:
        connection.execute(insert, row)
        found = connection.execute(find, wanted).scalar_one()
    return int(found)


@cache
def _statements(table: Table, dialect: str) -> tuple[Select[Any], Insert]:
    """Return how a row is found, and inserted where it is not there; only the dialect in use is imported."""
    find = select(table.c.id).where(table.c.digest == bindparam("wanted"))
    if dialect == "postgresql":
        from sqlalchemy.dialects import postgresql

        return find, postgresql.insert(table).on_conflict_do_nothing()
    from sqlalchemy.dialects import sqlite

    return find, sqlite.insert(table).on_conflict_do_nothing()
