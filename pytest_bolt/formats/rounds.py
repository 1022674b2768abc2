"""Rounds of other tools as our table, and ours as seconds of one iteration."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from pytest_bolt.core.measurement import ROUND_DTYPE, Clock, RoundTable, empty_rounds
from pytest_bolt.core.record import Record

_MOST_ITERATIONS = 2**32 - 1
_MOST_NS = 2.0**63
_MOST_ROUNDS = 4 * 2**32  # places in a table: position, quad, pair
_COLUMN = {Clock.CPU: "cpu_ns", Clock.DEVICE: "device_ns"}


def table_of(seconds: Sequence[float], iterations: int, clock: Clock) -> tuple[RoundTable, str]:
    """Return one row a round, and a warning where the rounds do not fit a table.

    Arguments:
        seconds: `[rounds]` seconds of one iteration, in the order of measurement.
        iterations: calls in each round.
        clock: which clock the seconds were read from.
    """
    values = np.asarray(seconds, dtype=np.float64)
    if not 1 <= iterations <= _MOST_ITERATIONS or len(values) > _MOST_ROUNDS:
        return empty_rounds(), f"its rounds are not kept: {iterations} iterations each"
    with np.errstate(over="ignore", invalid="ignore"):
        batch = values * iterations * 1e9
        fits = np.isfinite(batch) & (batch >= 0) & (batch < _MOST_NS)
    if not fits.all():
        return empty_rounds(), "its rounds are not kept: they hold numbers that are no times"
    rounds = np.zeros(len(values), dtype=ROUND_DTYPE)
    place = np.arange(len(values))
    rounds["pair"], rounds["quad"], rounds["position"] = place >> 18, (place >> 2) & 0xFFFF, place & 3
    rounds["iterations"] = iterations
    rounds["wall_ns"] = np.rint(batch)
    rounds[_COLUMN.get(clock, "wall_ns")] = np.rint(batch)
    return rounds, ""


def seconds_of(record: Record) -> tuple[list[float], int]:
    """Return the seconds of one iteration in each round, and the iterations of a round.

    Parts of a round are joined. Where rounds differ in their iterations, it is the median; without any
    rounds it is the one value of the record.
    """
    rounds = record.measurement.rounds
    if not len(rounds):
        return [record.time.ns / 1e9], 1
    place = (
        (rounds["pair"].astype(np.int64) << 18) | (rounds["quad"].astype(np.int64) << 2) | rounds["position"]
    )
    starts, member = np.unique(place, return_inverse=True)
    calls = _summed(rounds["iterations"], member, len(starts))
    spent = _summed(rounds[_COLUMN.get(record.clock, "wall_ns")], member, len(starts))
    return (spent / calls / 1e9).tolist(), int(np.median(calls))


def _summed(
    column: npt.NDArray[np.generic], member: npt.NDArray[np.intp], groups: int
) -> npt.NDArray[np.float64]:
    weights = column.astype(np.float64)
    return np.bincount(member, weights=weights, minlength=groups).astype(np.float64)
