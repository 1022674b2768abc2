"""Query for what one benchmark took in earlier runs of one environment."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import numpy as np
from sqlalchemy import Connection, Select, and_, or_, select

from pytest_bolt.core.environment import Fingerprint
from pytest_bolt.core.history import HistoryPoint
from pytest_bolt.core.judgement import round_values
from pytest_bolt.core.measurement import Clock, Side
from pytest_bolt.core.record import BASELINE_MODE
from pytest_bolt.core.units import IterationTime
from pytest_bolt.core.verdict import Verdict
from pytest_bolt.stores.references import case_digest
from pytest_bolt.stores.rounds import unpack_rounds
from pytest_bolt.stores.schema import cases, comparisons, fingerprints, records, revisions, rounds, runs

_QUARTILES = (0.25, 0.75)


def history_of(
    connection: Connection, key: str, fingerprint: Fingerprint, limit: int
) -> tuple[HistoryPoint, ...]:
    """Return both sides of the newest `limit` runs of a case in one environment, oldest first.

    A wrong answer has no time, and in a run against a baseline the base is another implementation: both
    are left out.
    """
    rows = connection.execute(_values(key, fingerprint).limit(2 * limit)).all()
    kept = set(list(dict.fromkeys(row.run_id for row in rows))[:limit])
    rows = [row for row in reversed(rows) if row.run_id in kept]
    if not rows:
        return ()
    elsewhere = connection.execute(_elsewhere(key, fingerprint, rows[0].started)).scalars().all()
    return tuple(_point(row, before, elsewhere) for before, row in zip([None, *rows], rows, strict=False))


def _values(key: str, fingerprint: Fingerprint) -> Select[Any]:
    judged = and_(comparisons.c.run == records.c.run, comparisons.c.case_id == records.c.case_id)
    return (
        select(
            runs.c.run_id,
            runs.c.started,
            records.c.side,
            records.c.time_ns,
            records.c.clock,
            revisions.c.commit_hash,
            revisions.c.dirty,
            rounds.c.data,
        )
        .select_from(records)
        .join(runs, runs.c.id == records.c.run)
        .join(revisions, revisions.c.id == records.c.revision_id)
        .join(cases, cases.c.id == records.c.case_id)
        .join(fingerprints, fingerprints.c.id == records.c.fingerprint_id)
        .outerjoin(rounds, rounds.c.record_id == records.c.id)
        .outerjoin(comparisons, judged)
        .where(
            cases.c.digest == case_digest(key),
            fingerprints.c.digest == fingerprint.digest,
            or_(comparisons.c.verdict.is_(None), comparisons.c.verdict != str(Verdict.INCORRECT)),
            or_(runs.c.mode != BASELINE_MODE, records.c.side != str(Side.BASE)),
        )
        .order_by(runs.c.started.desc(), runs.c.id.desc(), records.c.side.desc())
    )


def _elsewhere(key: str, fingerprint: Fingerprint, since: datetime) -> Select[Any]:
    """Select when the case was measured in other environments, oldest first."""
    return (
        select(runs.c.started)
        .distinct()
        .select_from(records)
        .join(runs, runs.c.id == records.c.run)
        .join(cases, cases.c.id == records.c.case_id)
        .join(fingerprints, fingerprints.c.id == records.c.fingerprint_id)
        .where(
            cases.c.digest == case_digest(key),
            fingerprints.c.digest != fingerprint.digest,
            runs.c.started >= since,
        )
        .order_by(runs.c.started)
    )


def _point(row: Any, before: Any, elsewhere: Sequence[datetime]) -> HistoryPoint:
    clock = Clock(row.clock)
    low, high = _quartiles(row.data, clock)
    return HistoryPoint(
        run_id=row.run_id,
        started=row.started,
        side=Side(row.side),
        commit=row.commit_hash,
        dirty=row.dirty,
        time=IterationTime(row.time_ns),
        clock=clock,
        low=low,
        high=high,
        gap=before is not None and _apart(before, row, elsewhere),
    )


def _apart(before: Any, row: Any, elsewhere: Sequence[datetime]) -> bool:
    between = bisect_right(elsewhere, row.started) - bisect_right(elsewhere, before.started)
    return before.clock != row.clock or between > 0


def _quartiles(data: bytes | None, clock: Clock) -> tuple[IterationTime | None, IterationTime | None]:
    values = round_values(unpack_rounds(data), clock)[2] if data is not None else np.empty(0)
    if not len(values):
        return None, None
    low, high = (IterationTime(float(value)) for value in np.quantile(values, _QUARTILES))
    return low, high
