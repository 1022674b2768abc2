"""Numbers of the rows that many others refer to: each is inserted once, by whichever process is first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Table, select

from pytest_bolt.core.case import Case
from pytest_bolt.core.environment import Environment
from pytest_bolt.core.record import Revision
from pytest_bolt.stores.plain import from_text, to_text
from pytest_bolt.stores.rows import case_detail, digest_of, revision_row
from pytest_bolt.stores.schema import cases, environments, fingerprints, revisions

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
            query = select(cases.c.detail).where(cases.c.id == number)
            self._details[number] = connection.execute(query).scalar_one()
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
    query = select(table.c.id).where(table.c.digest == row["digest"])
    found = connection.execute(query).scalar()
    if found is None:
        connection.execute(_insert_if_absent(connection, table).values(**row))
        found = connection.execute(query).scalar_one()
    return int(found)


def _insert_if_absent(connection: Connection, table: Table) -> Any:
    """Return an INSERT that does nothing where the row is there; only the dialect in use is imported."""
    if connection.dialect.name == "postgresql":
        from sqlalchemy.dialects import postgresql

        return postgresql.insert(table).on_conflict_do_nothing()
    from sqlalchemy.dialects import sqlite

    return sqlite.insert(table).on_conflict_do_nothing()
