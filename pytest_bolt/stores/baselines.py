"""Queries for stored values of cases: at a commit, along commits, of one run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from sqlalchemy import Connection, Select, exists, false, or_, select

from pytest_bolt.core.environment import Fingerprint
from pytest_bolt.core.measurement import Clock, Side
from pytest_bolt.core.record import BASELINE_MODE
from pytest_bolt.core.stored import BaselineCommit, BaselineRecord
from pytest_bolt.core.units import IterationTime
from pytest_bolt.stores.references import case_digest
from pytest_bolt.stores.schema import cases, fingerprints, records, revisions, runs

_CHUNK = 500  # names in one statement; SQLite once allowed 999
_SIDES = {str(side): side for side in Side}  # five times as quick as asking the enumeration
_CLOCKS = {str(clock): clock for clock in Clock}
_MANY = 100  # keys from which on it is quicker to fetch all of a commit than to name them


def values_at(
    connection: Connection, commit: str, fingerprint: Fingerprint, keys: Iterable[str] | None
) -> dict[str, tuple[BaselineRecord, ...]]:
    """Return case key -> values of clean trees at `commit`, one a run, newest first."""
    query = _values_of_commits().where(
        records.c.revision_id.in_(_clean_revisions(connection, commit)),
        records.c.fingerprint_id == _fingerprint_number(connection, fingerprint),
    )
    wanted = None if keys is None else frozenset(keys)
    if wanted is None or len(wanted) > _MANY:
        return _by_case(connection.execute(query).all(), wanted)
    numbers = select(cases.c.id).where(cases.c.digest.in_([case_digest(key) for key in wanted]))
    known = list(connection.execute(numbers).scalars())
    return _by_case(connection.execute(query.where(records.c.case_id.in_(known))))


def first_stored(
    connection: Connection, commits: Sequence[str], fingerprint: Fingerprint
) -> BaselineCommit | None:
    """Return the first of `commits` with values of a clean tree, None where no commit has any."""
    number = _fingerprint_number(connection, fingerprint)
    has_records = exists().where(records.c.revision_id == revisions.c.id, records.c.fingerprint_id == number)
    for start, chunk in zip(range(0, len(commits), _CHUNK), _chunks(commits), strict=True):
        query = select(revisions.c.commit_hash).where(
            revisions.c.commit_hash.in_(chunk), revisions.c.dirty == false(), has_records
        )
        stored = set(connection.execute(query).scalars())
        for offset, commit in enumerate(chunk):
            if commit in stored:
                return BaselineCommit(commit=commit, distance=start + offset)
    return None


def values_over_commits(
    connection: Connection, key: str, fingerprint: Fingerprint, limit: int | None
) -> tuple[BaselineRecord, ...]:
    """Return the values of one case on clean trees, one a run and commit, newest first."""
    case = select(cases.c.id).where(cases.c.digest == case_digest(key))
    query = _values_of_commits().where(
        records.c.case_id == connection.execute(case).scalar(),
        records.c.fingerprint_id == _fingerprint_number(connection, fingerprint),
        revisions.c.dirty == false(),
    )
    rows = connection.execute(query.limit(None if limit is None else 2 * limit)).all()
    return tuple(islice(_once_a_run(map(_value, rows)), limit))


def values_of_run(connection: Connection, run_id: str) -> dict[str, tuple[BaselineRecord, ...]]:
    """Return case key -> values of a run on either side, also of a dirty tree."""
    return _by_case(connection.execute(_values().where(runs.c.run_id == run_id)), once=False)


def fingerprints_at(connection: Connection, commit: str) -> tuple[Fingerprint, ...]:
    """Return the fingerprints that have values of a clean tree at `commit`, newest environment first."""
    used = exists().where(
        records.c.revision_id.in_(_clean_revisions(connection, commit)),
        records.c.fingerprint_id == fingerprints.c.id,
    )
    query = select(fingerprints.c.parts).where(used).order_by(fingerprints.c.id.desc())
    return tuple(Fingerprint(parts=parts) for parts in connection.execute(query).scalars())


def _values_of_commits() -> Select[Any]:
    """Leave out the base of a run against a baseline: another implementation's time at the same commit."""
    return _values().where(or_(runs.c.mode != BASELINE_MODE, records.c.side != str(Side.BASE)))


def _values() -> Select[Any]:
    return (
        select(
            cases.c.key,
            runs.c.run_id,
            runs.c.started,
            revisions.c.commit_hash,
            records.c.side,
            records.c.time_ns,
            records.c.clock,
        )
        .select_from(records)
        .join(runs, runs.c.id == records.c.run)
        .join(revisions, revisions.c.id == records.c.revision_id)
        .join(cases, cases.c.id == records.c.case_id)
        .order_by(runs.c.started.desc(), runs.c.id.desc(), records.c.side)
    )


def _value(row: Sequence[Any]) -> BaselineRecord:
    _, run_id, started, commit, side, time_ns, clock = row
    return BaselineRecord(
        run_id=run_id,
        started=started,
        commit=commit,
        side=_SIDES[side],
        time=IterationTime(time_ns),
        clock=_CLOCKS[clock],
    )


def _by_case(
    rows: Iterable[Sequence[Any]], wanted: frozenset[str] | None = None, *, once: bool = True
) -> dict[str, tuple[BaselineRecord, ...]]:
    grouped: dict[str, list[BaselineRecord]] = {}
    for row in rows:
        key = row[0]
        if wanted is None or key in wanted:
            grouped.setdefault(key, []).append(_value(row))
    return {key: tuple(_once_a_run(values) if once else values) for key, values in grouped.items()}


def _once_a_run(values: Iterable[BaselineRecord]) -> Iterator[BaselineRecord]:
    """Keep the first value of a run and commit: the base's, where both sides are the same commit."""
    seen: set[tuple[str, str]] = set()
    for value in values:
        if (value.run_id, value.commit) not in seen:
            seen.add((value.run_id, value.commit))
            yield value


def _clean_revisions(connection: Connection, commit: str) -> list[int]:
    query = select(revisions.c.id).where(revisions.c.commit_hash == commit, revisions.c.dirty == false())
    return list(connection.execute(query).scalars())


def _fingerprint_number(connection: Connection, fingerprint: Fingerprint) -> int | None:
    query = select(fingerprints.c.id).where(fingerprints.c.digest == fingerprint.digest)
    return connection.execute(query).scalar()


def _chunks(names: Sequence[str]) -> Iterator[Sequence[str]]:
    return (names[start : start + _CHUNK] for start in range(0, len(names), _CHUNK))
