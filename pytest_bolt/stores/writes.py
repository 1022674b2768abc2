"""Statements that store a run and its cases; each takes a connection inside a write transaction."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Delete, Insert, bindparam, delete, insert, select

from pytest_bolt.core.comparison import Comparison
from pytest_bolt.core.record import Record, Run
from pytest_bolt.stores.processes import this_host, this_process
from pytest_bolt.stores.references import References
from pytest_bolt.stores.rounds import pack_rounds, thin_rounds
from pytest_bolt.stores.rows import comparison_row, run_row
from pytest_bolt.stores.schema import artifacts, comparisons, environments, records, rounds, runs

# Built once: with their values inside, building them would take longer than running them.
_OLD_COMPARISON = delete(comparisons).where(
    comparisons.c.run == bindparam("in_run"), comparisons.c.case_id == bindparam("of_case")
)
_OLD_RECORD = delete(records).where(
    records.c.run == bindparam("in_run"),
    records.c.case_id == bindparam("of_case"),
    records.c.side == bindparam("on_side"),
)
_NEW_COMPARISON = insert(comparisons)
_NEW_RECORD = insert(records)
_NUMBERS = select(records.c.id, records.c.case_id, records.c.side).where(
    records.c.run == bindparam("in_run"), records.c.case_id.in_(bindparam("of_cases", expanding=True))
)
_NEW_ROUNDS = insert(rounds)
_CHUNK = 500  # cases in one statement; SQLite once allowed 999 names


@dataclass(frozen=True, slots=True, kw_only=True)
class RunNumber:
    """The number of a stored run and of its fingerprint.

    `known` holds (case, side) of what this process stored in a run that it began itself, "" for the side of a
    comparison; None where others may have stored something.
    """

    number: int
    fingerprint: int
    known: set[tuple[int, str]] | None = None

    def is_new(self, case: int, side: str) -> bool:
        """Return whether nothing of this is stored yet, so that there is nothing to replace."""
        if self.known is None or (case, side) in self.known:
            return False
        self.known.add((case, side))
        return True


def insert_run(connection: Connection, references: References, run: Run) -> RunNumber:
    """Store a run, with this process as its owner."""
    environment, fingerprint = references.environment(connection, run.environment)
    row = {
        **run_row(run),
        "environment_id": environment,
        "head_id": references.revision(connection, run.head),
        "base_id": references.revision(connection, run.base) if run.base else None,
        "host": this_host(),
        "process": this_process(),
    }
    number = connection.execute(insert(runs).returning(runs.c.id), row).scalar_one()
    return RunNumber(number=number, fingerprint=fingerprint, known=set())


def find_run(connection: Connection, run_id: str) -> RunNumber:
    """Return the numbers of a run stored earlier; raise KeyError for an unknown id."""
    query = (
        select(runs.c.id, environments.c.fingerprint_id)
        .join(environments, environments.c.id == runs.c.environment_id)
        .where(runs.c.run_id == run_id)
    )
    row = connection.execute(query).one_or_none()
    if row is None:
        raise KeyError(run_id)
    return RunNumber(number=row.id, fingerprint=row.fingerprint_id)


def insert_artifact(connection: Connection, run_id: str, content: bytes) -> str:
    """Store a file that belongs to a run; return the SHA-256 of its content."""
    digest = hashlib.sha256(content).hexdigest()
    row = {"run": find_run(connection, run_id).number, "sha256": digest, "data": zlib.compress(content)}
    connection.execute(insert(artifacts), row)
    return digest


def insert_comparisons(
    connection: Connection, references: References, run: RunNumber, compared: Iterable[Comparison]
) -> None:
    """Store comparisons of different cases; one of the same case in the same run is replaced."""
    rows, replaced = [], []
    for comparison in compared:
        case, variant = references.case(connection, comparison.case)
        rows.append({**comparison_row(comparison), "run": run.number, "case_id": case, "variant": variant})
        if not run.is_new(case, ""):
            replaced.append({"in_run": run.number, "of_case": case})
    _replace(connection, _OLD_COMPARISON, replaced, _NEW_COMPARISON, rows)


def insert_records(
    connection: Connection, references: References, run: RunNumber, stored: Iterable[Record]
) -> None:
    """Store records with their rounds; one of the same case and side in the same run is replaced."""
    rows, replaced, packed = [], [], {}
    for record in stored:
        kept, warning = thin_rounds(record.measurement.rounds)
        row = _record_row(connection, references, run, record, warning)
        rows.append(row)
        packed[row["case_id"], row["side"]] = pack_rounds(kept)
        if not run.is_new(row["case_id"], row["side"]):
            replaced.append({"in_run": run.number, "of_case": row["case_id"], "on_side": row["side"]})
    _replace(connection, _OLD_RECORD, replaced, _NEW_RECORD, rows)
    for start in range(0, len(rows), _CHUNK):
        named = {"in_run": run.number, "of_cases": {row["case_id"] for row in rows[start : start + _CHUNK]}}
        new = [
            {"record_id": number, "data": packed.pop((case, side))}
            for number, case, side in connection.execute(_NUMBERS, named)
            if (case, side) in packed
        ]
        if new:
            connection.execute(_NEW_ROUNDS, new)


def _replace(
    connection: Connection,
    delete_old: Delete,
    replaced: Sequence[dict[str, Any]],
    insert_new: Insert,
    rows: Sequence[dict[str, Any]],
) -> None:
    if replaced:
        connection.execute(delete_old, replaced)
    if rows:
        connection.execute(insert_new, rows)


def _record_row(
    connection: Connection, references: References, run: RunNumber, record: Record, warning: str
) -> dict[str, Any]:
    case, variant = references.case(connection, record.case)
    return {
        "run": run.number,
        "case_id": case,
        "side": str(record.measurement.side),
        "revision_id": references.revision(connection, record.revision),
        "fingerprint_id": run.fingerprint,
        "clock": str(record.clock),
        "time_ns": record.time.ns,
        "metrics": dict(record.metrics) or None,
        "warnings": (*record.measurement.warnings, *([warning] if warning else [])) or None,
        "variant": variant,
    }
