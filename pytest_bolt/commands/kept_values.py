"""What a store still holds of a run's cases beside their comparisons: rounds, records, stored baselines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pytest_bolt.core.comparison import Comparison
from pytest_bolt.core.measurement import RoundTable, Side
from pytest_bolt.core.recompute import Kept
from pytest_bolt.core.record import Record, Summary
from pytest_bolt.core.units import IterationTime
from pytest_bolt.stores.store import Store

_STORED = "stored"  # the mode of a comparison with stored runs
_THINNED = "rounds stored, evenly spaced"


def kept_of(store: Store, summary: Summary) -> Mapping[str, Kept]:
    """Return case key -> what is kept of it, for cases that have any record."""
    by_case: dict[str, dict[Side, Record]] = {}
    for record in store.records(summary.run.run_id):
        by_case.setdefault(record.case.case_id.key, {})[record.measurement.side] = record
    found = {}
    for comparison in summary.comparisons:
        key = comparison.case.case_id.key
        sides = by_case.get(key, {})
        found[key] = Kept(
            rounds=_rounds(sides),
            times={str(side): record.time for side, record in sides.items()},
            baseline=_baseline(store, summary, comparison),
        )
    return found


def _rounds(sides: Mapping[Side, Record]) -> tuple[RoundTable, RoundTable] | None:
    """Return the rounds of both sides, None where some of them are gone."""
    if len(sides) < 2 or any(
        _THINNED in text for each in sides.values() for text in each.measurement.warnings
    ):
        return None
    base, head = (sides[side].measurement.rounds for side in (Side.BASE, Side.HEAD))
    return (base, head) if len(base) and len(head) else None


def _baseline(store: Store, summary: Summary, comparison: Comparison) -> Sequence[IterationTime]:
    """Return the stored times that a prediction rested on: those of the base from before the run."""
    run = summary.run
    if comparison.mode != _STORED or run.base is None:
        return ()
    key = comparison.case.case_id.key
    found = store.baseline(run.base.commit, run.environment.fingerprint, [key]).get(key, ())
    return [each.time for each in found if each.started < run.started]
