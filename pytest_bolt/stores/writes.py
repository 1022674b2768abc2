"""Statements that store a run and its cases; each takes a connection inside a write transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, delete, insert, select

from pytest_bolt.core.comparison import Comparison
from pytest_bolt.core.record import Record, Run
from pytest_bolt.stores.processes import this_host, this_process
from pytest_bolt.stores.references import References
from pytest_bolt.stores.rounds import pack_rounds, thin_rounds
from pytest_bolt.stores.rows import comparison_row, run_row
from pytest_bolt.stores.schema import comparisons, environments, records, rounds, runs

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
_NEW_RECORD = insert(records).returning(records.c.id)
_NEW_ROUNDS = insert(rounds)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunNumber:
    """The number of a stored run and of its fingerprint."""

    number: int
    fingerprint: int


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
    return RunNumber(number=number, fingerprint=fingerprint)


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


def insert_comparison(
    connection: Connection, references: References, run: RunNumber, comparison: Comparison
) -> None:
    """Store a comparison; one of the same case in the same run is replaced."""
    case, variant = references.case(connection, comparison.case)
    connection.execute(_OLD_COMPARISON, {"in_run": run.number, "of_case": case})
    row = {**comparison_row(comparison), "run": run.number, "case_id": case, "variant": variant}
    connection.execute(_NEW_COMPARISON, row)


def insert_records(
    connection: Connection, references: References, run: RunNumber, stored: Sequence[Record]
) -> None:
    """Store records with their rounds; one of the same case and side in the same run is replaced."""
    for record in stored:
        _insert_record(connection, references, run, record)


def _insert_record(connection: Connection, references: References, run: RunNumber, record: Record) -> None:
    case, variant = references.case(connection, record.case)
    kept, warning = thin_rounds(record.measurement.rounds)
    row = {
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
    connection.execute(_OLD_RECORD, {"in_run": run.number, "of_case": case, "on_side": row["side"]})
    number = connection.execute(_NEW_RECORD, row).scalar_one()
    connection.execute(_NEW_ROUNDS, {"record_id": number, "data": pack_rounds(kept)})
