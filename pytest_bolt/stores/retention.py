"""Which single rounds are kept: those of the newest runs; what a run found is kept for ever.

Rounds take three quarters of the space and are looked at while a run is new. Records are numbered in the
order in which they are stored, so that nothing has to be counted: the cost is that of what is deleted.
"""

from __future__ import annotations

from sqlalchemy import Connection, delete, func, select

from pytest_bolt.stores.schema import records, rounds

KEPT_RECORDS = 50_000  # 25 comparisons of 1,000 benchmarks, 600 of 40


def forget_rounds(connection: Connection, keep: int) -> None:
    """Delete the rounds of runs of which no record is among the last `keep` of the store."""
    newest = connection.execute(select(func.max(records.c.id))).scalar()
    oldest = connection.execute(select(func.min(rounds.c.record_id))).scalar()
    if newest is None or oldest is None or oldest > newest - keep:
        return
    last = newest - keep
    old = select(records.c.run).where(records.c.id.between(oldest, last)).distinct()
    for run in connection.execute(old).scalars().all():
        of_run = records.c.run == run
        if connection.execute(select(func.max(records.c.id)).where(of_run)).scalar_one() <= last:
            named = select(records.c.id).where(of_run)
            connection.execute(delete(rounds).where(rounds.c.record_id.in_(named)))
