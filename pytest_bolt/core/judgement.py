"""From rounds to an interval, and from an interval to a verdict about speed."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from pytest_bolt.core.comparison import Interval
from pytest_bolt.core.measurement import Clock, RoundTable
from pytest_bolt.core.shared_variance import SharedVariance
from pytest_bolt.core.stats import (
    CONFIDENCE,
    BoolArray,
    Estimate,
    FloatArray,
    hodges_lehmann,
    interval,
    standard_error,
)
from pytest_bolt.core.units import IterationTime
from pytest_bolt.core.verdict import Verdict

PREEMPTED = 0.02  # a part that lost more of its wall time than this was disturbed
PARALLEL = 1.1  # CPU time over wall time from which on work runs on several threads
PARALLEL_LEAST_NS = 20e3  # a call, below which reading the clocks weighs more than the call
DEVICE_SHARE = 0.25  # device time over wall time below which the host is what takes the time
UNSTABLE_SHARE = 0.5
CONFIRMING = 0.9975  # on either side, for an effect to be confirmed; the interval that is reported is of 99 %


@dataclass(frozen=True, slots=True, kw_only=True)
class Margins:
    """Relative effects that matter, one a direction; 0.05 is five percent of the base's time."""

    slower: float = 0.05
    faster: float = 0.05

    @property
    def log_slower(self) -> float:
        """Return the upper bound of what counts as the same, as a log-ratio."""
        return math.log1p(self.slower)

    @property
    def log_faster(self) -> float:
        """Return the lower bound, negative; the mirror image of `log_slower` for equal margins."""
        return -math.log1p(self.faster)

    @property
    def least(self) -> float:
        """Return the smaller of the two, as a log-ratio."""
        return min(self.log_slower, -self.log_faster)


@dataclass(frozen=True, slots=True, kw_only=True)
class PairRatio:
    """The log-ratio head/base of one process pair, its standard error inside the pair, its quads."""

    pair: int
    value: float
    error: float
    quads: int


def choose_clock(*sides: RoundTable) -> Clock:
    """Return what the batch values of a case are read from.

    Device events where they account for most of the time. Wall time, lower quartile, where the work runs on
    several threads, waits by its own will (sleep, input and output) or for a device that it hardly uses:
    there CPU time says nothing about how long it takes. Otherwise wall time without the parts that were
    preempted.
    """
    rounds = np.concatenate(sides)
    if not len(rounds):
        return Clock.FILTERED
    if (rounds["device_ns"] > 0).all():
        share = min(float(np.median(s["device_ns"] / np.maximum(s["wall_ns"], 1))) for s in sides if len(s))
        return Clock.DEVICE if share > DEVICE_SHARE else Clock.WALL
    if any(_waits(side) or _is_parallel(side) for side in sides if len(side)):
        return Clock.WALL
    return Clock.FILTERED


def _waits(rounds: RoundTable) -> bool:
    by_own_will = rounds["voluntary"] > rounds["involuntary"]  # preemption of busy work is involuntary
    return bool(np.mean(~_undisturbed(rounds) & by_own_will) > UNSTABLE_SHARE)


def _is_parallel(rounds: RoundTable) -> bool:
    call = np.median(rounds["wall_ns"] / rounds["iterations"])
    share = np.median(rounds["cpu_ns"] / np.maximum(rounds["wall_ns"], 1))
    return bool(call > PARALLEL_LEAST_NS and share > PARALLEL)


def round_values(rounds: RoundTable, clock: Clock) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return pair index, quad index and time of one iteration in ns, one entry a round.

    The parts of a round stand together, in the order in which they were timed.
    """
    if not len(rounds):
        empty = np.empty(0)
        return empty, empty, empty
    place = np.stack([rounds["pair"], rounds["quad"], rounds["position"]])
    starts = np.flatnonzero(np.any(np.diff(place.astype(int), axis=1, prepend=-1), axis=0))
    parts = _part_values(rounds, clock) / rounds["iterations"]
    if clock is Clock.FILTERED:
        clean = _undisturbed(rounds)
        any_clean = np.repeat(np.logical_or.reduceat(clean, starts), np.diff(starts, append=len(rounds)))
        parts = np.where(clean | ~any_clean, parts, np.nan)  # a round that was disturbed throughout counts
    sizes = np.diff(starts, append=len(rounds))
    table = np.full((len(starts), sizes.max()), np.nan)
    table[np.repeat(np.arange(len(starts)), sizes), np.arange(len(rounds)) - np.repeat(starts, sizes)] = parts
    values = _quantile(table, 0.25 if clock is Clock.WALL else 0.5)
    return rounds["pair"][starts].astype(float), rounds["quad"][starts].astype(float), values


def _quantile(table: FloatArray, share: float) -> FloatArray:
    """Return the linearly interpolated quantile of each row, NaN left out; NumPy's takes a call a row."""
    ordered = np.sort(table, axis=1)  # NaN comes last
    last = np.sum(~np.isnan(table), axis=1) - 1
    below = np.floor(share * last).astype(int)
    row, part = np.arange(len(table)), share * last - below
    low, high = ordered[row, below], ordered[row, np.minimum(below + 1, last)]
    return np.asarray(low + (high - low) * part)


def _undisturbed(rounds: RoundTable) -> BoolArray:
    wall, cpu = rounds["wall_ns"].astype(float), rounds["cpu_ns"].astype(float)
    return np.asarray((wall - cpu) < PREEMPTED * wall)


def _part_values(rounds: RoundTable, clock: Clock) -> FloatArray:
    wall, cpu = rounds["wall_ns"].astype(float), rounds["cpu_ns"].astype(float)
    match clock:
        case Clock.DEVICE:
            return np.asarray(rounds["device_ns"].astype(float))
        case Clock.CPU:
            return np.asarray(cpu)
        case Clock.WALL:
            return np.asarray(wall)
        case Clock.FILTERED:
            return np.where(_undisturbed(rounds), wall, np.minimum(wall, cpu))


def pair_ratios(base: RoundTable, head: RoundTable, clock: Clock) -> tuple[PairRatio, ...]:
    """Return one log-ratio head/base a process pair: Hodges-Lehmann over the quads both sides have."""
    quads = [_log_by_quad(rounds, clock) for rounds in (base, head)]
    by_pair: dict[int, list[float]] = {}
    for key in sorted(quads[0].keys() & quads[1].keys()):
        by_pair.setdefault(key[0], []).append(quads[1][key] - quads[0][key])
    return tuple(
        PairRatio(pair=pair, value=hodges_lehmann(logs), error=standard_error(logs), quads=len(logs))
        for pair, logs in by_pair.items()
    )


def _log_by_quad(rounds: RoundTable, clock: Clock) -> dict[tuple[int, int], float]:
    pair, quad, value = round_values(rounds, clock)
    logs: dict[tuple[int, int], list[float]] = {}
    for p, q, v in zip(pair, quad, value, strict=True):
        logs.setdefault((int(p), int(q)), []).append(math.log(max(v, 1e-3)))
    return {key: sum(values) / len(values) for key, values in logs.items()}


def estimate(
    ratios: tuple[PairRatio, ...],
    *,
    probability: float = CONFIDENCE,
    shared: SharedVariance | None = None,
) -> Estimate:
    """Return the log-ratio over process pairs with its interval, `probability` on either side."""
    values, errors = ([getattr(ratio, name) for ratio in ratios] for name in ("value", "error"))
    return interval(values, errors=errors, probability=probability, shared=shared)


def spread(ratios: tuple[PairRatio, ...]) -> tuple[float, int]:
    """Return the variance between process pairs and its degrees of freedom; of two pairs at least."""
    return float(np.var([ratio.value for ratio in ratios], ddof=1)), len(ratios) - 1


def judge(found: Estimate, margins: Margins) -> Verdict:
    """Return SLOWER, FASTER, SAME or INCONCLUSIVE.

    An effect needs both: an interval that excludes zero, and a point estimate beyond the margin.
    Equivalence needs the whole interval inside the margins.
    """
    if found.low > 0 and found.center > margins.log_slower:
        return Verdict.SLOWER
    if found.high < 0 and found.center < margins.log_faster:
        return Verdict.FASTER
    if found.low > margins.log_faster and found.high < margins.log_slower:
        return Verdict.SAME
    return Verdict.INCONCLUSIVE


def confirmed(ratios: tuple[PairRatio, ...], margins: Margins) -> Verdict:
    """Return what `judge` says, but an effect only where it shows in the interval of `CONFIRMING` as well."""
    verdict = judge(estimate(ratios), margins)
    strict = judge(estimate(ratios, probability=CONFIRMING), margins)
    return verdict if verdict in {strict, Verdict.SAME} else Verdict.INCONCLUSIVE


def ratio_of(found: Estimate) -> Interval:
    """Return the interval as a ratio of times, head/base."""
    return Interval(estimate=math.exp(found.center), low=math.exp(found.low), high=math.exp(found.high))


def typical_time(rounds: RoundTable, clock: Clock) -> IterationTime:
    """Return the time of one iteration: the geometric mean over process pairs of the median inside each.

    Geometric, so that the quotient of two such times is the mean ratio of their pairs.
    """
    pair, _, value = round_values(rounds, clock)
    medians = [float(np.median(value[pair == p])) for p in np.unique(pair)]
    return IterationTime(float(np.exp(np.mean(np.log(medians)))) if medians else math.nan)


def quality(
    base: RoundTable, head: RoundTable, ratios: tuple[PairRatio, ...], clock: Clock
) -> tuple[str, ...]:
    """Return warnings in words: why this benchmark is unstable, and what would help."""
    warnings = []
    sides = [side for side in (base, head) if len(side)]
    if clock is Clock.FILTERED and any(1 - np.mean(_undisturbed(s)) > UNSTABLE_SHARE for s in sides):
        warnings.append("unstable: more than half of the time slices were interrupted; quieten the machine")
    if len(sides) == 2:
        faults = [float(np.median(s["minor_faults"] / s["iterations"])) for s in sides]
        if max(faults) > 1 and max(faults) > 2 * min(faults) + 1:
            warnings.append(
                f"unstable: page faults a call differ, {faults[0]:.0f} at base, {faults[1]:.0f} at head"
            )
    if len(ratios) > 3:
        values = np.array([ratio.value for ratio in ratios])
        between = float(1.4826 * np.median(np.abs(values - np.median(values))))
        within = float(np.mean([ratio.error for ratio in ratios]))
        if between > 0.03 and between > 5 * within:
            warnings.append(
                f"unstable: process pairs differ by {100 * between:.1f} % (memory layout); more pairs help"
            )
    return tuple(warnings)
