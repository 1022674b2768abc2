"""Queries for runs, their comparisons and their records."""

from __future__ import annotations

import difflib
import zlib
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Select, false, func, select

from pytest_bolt.core.best import Result
from pytest_bolt.core.comparison import Comparison
from pytest_bolt.core.measurement import Clock, Measurement, Side, empty_rounds
from pytest_bolt.core.record import BASELINE_MODE, Record, Run, RunState
from pytest_bolt.core.units import IterationTime
from pytest_bolt.core.verdict import Verdict
from pytest_bolt.errors import BoltError
from pytest_bolt.stores.processes import is_gone
from pytest_bolt.stores.references import case_digest
from pytest_bolt.stores.rounds import unpack_rounds
from pytest_bolt.stores.rows import Row, case_of_row, comparison_of, revision_of, run_of
from pytest_bolt.stores.schema import (
    artifacts,
    cases,
    comparisons,
    environments,
    fingerprints,
    records,
    revisions,
    rounds,
    runs,
)

_SHOWN_IDS = 10
_SEARCHED_IDS = 1000


def newest_runs(connection: Connection, limit: int | None) -> tuple[Run, ...]:
    """Return runs, newest first."""
    query = _runs().order_by(runs.c.started.desc(), runs.c.id.desc()).limit(limit)
    return tuple(_run(row) for row in connection.execute(query).mappings())


def run_by_prefix(connection: Connection, prefix: str) -> Run:
    """Return the one run whose id begins with `prefix`; raise BoltError where there is none, or several."""
    ids = _ids_like(connection, prefix)
    if len(ids) > 1 and prefix not in ids:
        raise BoltError(
            f"More than one stored run begins with {prefix!r}",
            seen={"runs": "\n".join(ids)},
            advice="give more digits of the id",
        )
    if not ids:
        raise _unknown_run(connection, prefix)
    query = _runs().where(runs.c.run_id == (prefix if prefix in ids else ids[0]))
    return _run(connection.execute(query).mappings().one())


def collected_in(connection: Connection, run_id: str) -> int | None:
    """Return how many benchmarks the run meant to judge, None where it was killed before it said so."""
    return connection.execute(select(runs.c.collected).where(runs.c.run_id == run_id)).scalar()


def comparisons_of(connection: Connection, run_id: str) -> tuple[Comparison, ...]:
    """Return the comparisons of a run in the order in which they were stored."""
    query = (
        select(comparisons, cases.c.detail.label("case_detail"))
        .join(cases, cases.c.id == comparisons.c.case_id)
        .join(runs, runs.c.id == comparisons.c.run)
        .where(runs.c.run_id == run_id)
        .order_by(comparisons.c.id)
    )
    return tuple(comparison_of(row) for row in connection.execute(query).mappings())


def against_baselines(connection: Connection) -> tuple[Result, ...]:
    """Return every comparison of a finished or stopped run with another implementation, oldest first."""
    query = (
        select(
            comparisons,
            cases.c.detail.label("case_detail"),
            runs.c.run_id.label("run_name"),
            runs.c.started.label("run_started"),
            fingerprints.c.digest.label("fingerprint"),
            *_labelled(revisions, "rev_"),
        )
        .join(cases, cases.c.id == comparisons.c.case_id)
        .join(runs, runs.c.id == comparisons.c.run)
        .join(environments, environments.c.id == runs.c.environment_id)
        .join(fingerprints, fingerprints.c.id == environments.c.fingerprint_id)
        .join(revisions, revisions.c.id == runs.c.head_id)
        .where(runs.c.mode == BASELINE_MODE)
        .order_by(comparisons.c.id)
    )
    return tuple(
        Result(
            comparison=comparison_of(row),
            run_id=row["run_name"],
            started=row["run_started"],
            revision=revision_of(row, "rev_"),
            fingerprint=row["fingerprint"],
        )
        for row in connection.execute(query).mappings()
    )


def verdicts_of(connection: Connection, run_ids: Sequence[str]) -> dict[str, dict[Verdict, int]]:
    """Return run id -> verdict -> number of benchmarks, for runs that have any."""
    query = (
        select(runs.c.run_id, comparisons.c.verdict, func.count())
        .join(runs, runs.c.id == comparisons.c.run)
        .where(runs.c.run_id.in_(run_ids))
        .group_by(runs.c.run_id, comparisons.c.verdict)
    )
    counts: dict[str, dict[Verdict, int]] = {}
    for run_id, verdict, count in connection.execute(query):
        counts.setdefault(run_id, {})[Verdict(verdict)] = count
    return counts


def commits_like(connection: Connection, prefix: str) -> tuple[str, ...]:
    """Return at most ten stored commits that begin so and have a clean tree, sorted."""
    query = select(revisions.c.commit_hash).distinct().order_by(revisions.c.commit_hash).limit(_SHOWN_IDS)
    matching = revisions.c.commit_hash.startswith(prefix, autoescape=True)
    return tuple(connection.execute(query.where(matching, revisions.c.dirty == false())).scalars())


def records_of(connection: Connection, run_id: str, case_key: str | None) -> tuple[Record, ...]:
    """Return the records of a run, of all its cases or of one, base before head."""
    query = (
        select(records, cases.c.detail.label("case_detail"), rounds.c.data, *_labelled(revisions, "rev_"))
        .join(cases, cases.c.id == records.c.case_id)
        .join(runs, runs.c.id == records.c.run)
        .join(revisions, revisions.c.id == records.c.revision_id)
        .outerjoin(rounds, rounds.c.record_id == records.c.id)
        .where(runs.c.run_id == run_id)
        .order_by(records.c.case_id, records.c.side)
    )
    if case_key is not None:
        query = query.where(cases.c.digest == case_digest(case_key))
    return tuple(_record(row) for row in connection.execute(query).mappings())


def _runs() -> Select[Any]:
    head, base = revisions.alias("head"), revisions.alias("base")
    return (
        select(runs, environments.c.facts, *_labelled(head, "head_"), *_labelled(base, "base_"))
        .join(environments, environments.c.id == runs.c.environment_id)
        .join(head, head.c.id == runs.c.head_id)
        .outerjoin(base, base.c.id == runs.c.base_id)
    )


def _labelled(table: Any, prefix: str) -> list[Any]:
    return [column.label(prefix + column.name) for column in table.c if column.name != "id"]


def _run(row: Row) -> Run:
    state = RunState(row["state"])
    if state is RunState.RUNNING and is_gone(row["host"], row["process"]):
        state = RunState.INTERRUPTED
    return run_of(row, state=state)


def _record(row: Row) -> Record:
    rounds_kept = unpack_rounds(row["data"]) if row["data"] is not None else empty_rounds()
    return Record(
        case=case_of_row(row),
        revision=revision_of(row, "rev_"),
        measurement=Measurement(
            side=Side(row["side"]), rounds=rounds_kept, warnings=tuple(row["warnings"] or ())
        ),
        time=IterationTime(row["time_ns"]),
        clock=Clock(row["clock"]),
        metrics=row["metrics"] or {},
    )


def _ids_like(connection: Connection, prefix: str) -> list[str]:
    query = select(runs.c.run_id).where(runs.c.run_id.startswith(prefix, autoescape=True))
    return list(connection.execute(query.order_by(runs.c.run_id).limit(_SHOWN_IDS)).scalars())


def _unknown_run(connection: Connection, prefix: str) -> BoltError:
    recent = select(runs.c.run_id).order_by(runs.c.started.desc()).limit(_SEARCHED_IDS)
    ids = list(connection.execute(recent).scalars())
    near = difflib.get_close_matches(prefix, ids, cutoff=0.5) or ids[:3]
    seen = {"nearest": "\n".join(near)} if near else {"stored": "no run at all"}
    return BoltError(
        f"No stored run begins with {prefix!r}", seen=seen, advice="`pytest-bolt list` shows the runs"
    )


def artifact(connection: Connection, sha256: str) -> bytes | None:
    """Return the content stored under a digest, None where there is none; damaged bytes as they are."""
    query = select(artifacts.c.data).where(artifacts.c.sha256 == sha256).limit(1)
    data = connection.execute(query).scalar()
    if data is None:
        return None
    try:
        return zlib.decompress(data)
    except zlib.error:  # whoever asks compares the digest
        return bytes(data)
