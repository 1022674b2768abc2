"""Judge what is measured beside the time: memory, other clocks, what a test records of itself.

The unit is the process pair, as for the time. But a loss or a number of bytes has no noise unless it shows
some: where no pair differs from another, the change is what it is, and no least spread is assumed.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from pytest_bolt.core import judgement
from pytest_bolt.core.comparison import Comparison, Interval, Metric
from pytest_bolt.core.judgement import Margins, PairRatio
from pytest_bolt.core.measurement import Clock, RoundTable, Side
from pytest_bolt.core.stats import Estimate, interval
from pytest_bolt.core.timing import PEAK_RSS, RSS_RESOLUTION
from pytest_bolt.core.verdict import MetricVerdict, Verdict

Told = Sequence[Mapping[str, Any]]  # what a test recorded: name, value, unit, better, and in which pair
Gates = Mapping[str, float | None]  # metric -> margin beyond which it fails its test, None for the test's own

_LARGEST = 709.0  # the logarithm of what a float can hold
_ROUNDING = 1e-9  # a change of exactly the margin is not beyond it
_RESOLUTION = {PEAK_RSS: float(RSS_RESOLUTION)}
_CLOCKS = (("cpu_time", Clock.CPU, "cpu_ns"), ("device_time", Clock.DEVICE, "device_ns"))
_SPEED = {
    Verdict.SLOWER: MetricVerdict.WORSE,
    Verdict.FASTER: MetricVerdict.BETTER,
    Verdict.SAME: MetricVerdict.SAME,
}
_OF_ITS_OWN = frozenset({Verdict.INCORRECT, Verdict.INCOMPARABLE, Verdict.NEW, Verdict.MISSING})


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """A metric that may fail tests: those with these node ids. With `each` it has to be seen in every one."""

    metric: str
    node_ids: frozenset[str]
    each: bool = False


def metrics_of(told: Mapping[Side, Told], margin: float, gates: Gates) -> tuple[Metric, ...]:
    """Return each metric that was told of, with the medians of both sides and what is said of it.

    Arguments:
        told: what each side's test recorded in each process pair.
        margin: the relative change that matters where the metric's gate names none (0.05 is five percent).
        gates: the metrics that may fail the test.
    """
    return tuple(
        _judged(name, entries, margin, gates)
        for name, entries in _by_name(told).items()
        if any(entries.values())
    )


def medians(told: Told) -> dict[str, tuple[float, str, str]]:
    """Return name -> (median, unit, better) of what one side told."""
    found = _by_name({Side.HEAD: told})
    return {
        name: (float(np.median([float(entry["value"]) for entry in sides[Side.HEAD]])), *_kind(sides))
        for name, sides in found.items()
    }


def clock_metrics(
    base: RoundTable, head: RoundTable, margin: float, gates: Gates, *, first_pair: int = 1
) -> tuple[Metric, ...]:
    """Return CPU and device time of one iteration as metrics beside the clock that decided.

    What is said of them rests on pairs from `first_pair` on, as the verdict does.
    """
    if not len(base) or not len(head):
        return ()
    return tuple(
        _clock_metric(name, clock, [side[side["pair"] >= first_pair] for side in (base, head)], margin, gates)
        for name, clock, column in _CLOCKS
        if base[column].all() and head[column].all()
    )


def verdict_of(
    values: Sequence[tuple[float, float]], *, better: str, margin: float, resolution: float = 0.0
) -> tuple[MetricVerdict, Interval | None]:
    """Return what is said of (base, head) values, one a process pair, and their ratio with its interval.

    Arguments:
        values: at least one.
        better: "lower" or "higher".
        margin: the relative change from which on a difference matters; 0 for any.
        resolution: the absolute difference below which the values say nothing.

    A value that is no finite number is worse than any that is. Where a value is zero or negative, differences
    are judged instead of ratios, against the margin times the base's size, and there is no ratio.
    """
    finite = [all(math.isfinite(pair[side]) for pair in values) for side in (0, 1)]
    if not all(finite):
        broken = {(True, False): MetricVerdict.WORSE, (False, True): MetricVerdict.BETTER}
        return broken.get((finite[0], finite[1]), MetricVerdict.INCONCLUSIVE), None
    if all(value > 0 for pair in values for value in pair):
        changes = [_log_ratio(base, head) for base, head in values]
        bound, relative = math.log1p(margin), True
    else:
        changes = [head - base for base, head in values]
        bound, relative = margin * float(np.median([abs(base) for base, _ in values])), False
    found = _exact(changes) or interval(changes, floor=0.0)
    strict = _exact(changes) or interval(changes, floor=0.0, probability=judgement.CONFIRMING)
    ratio = _ratio_of(found) if relative else None
    if len(values) < 2:
        return MetricVerdict.INCONCLUSIVE, ratio
    if abs(float(np.median([head - base for base, head in values]))) <= resolution > 0:
        return MetricVerdict.SAME, ratio
    return _said(found, strict, bound, better), ratio


def judged_again(metric: Metric, margin: float) -> tuple[MetricVerdict, Interval | None]:
    """Return what is said of a metric's stored values; it has to have some."""
    return verdict_of(
        metric.values, better=metric.better, margin=margin, resolution=_RESOLUTION.get(metric.name, 0.0)
    )


def unseen(gates: Iterable[Gate], comparisons: Sequence[Comparison]) -> list[str]:
    """Return why the run must not end green: gates that never had a value to judge, or judged none."""
    return [text for gate in gates if (text := _unseen(gate, comparisons))]


def _unseen(gate: Gate, comparisons: Sequence[Comparison]) -> str:
    compared = [c for c in comparisons if c.verdict not in _OF_ITS_OWN]
    asked = [c for c in compared if c.case.case_id.node_id in gate.node_ids]
    states = {c.case.case_id.node_id: _state(gate.metric, c) for c in asked}
    blind = [node_id for node_id, state in states.items() if state is None]
    if blind and (gate.each or len(blind) == len(states)):
        known = sorted({metric.name for c in asked for metric in c.metrics})
        return (
            f"the gate on {gate.metric} never saw a value of both sides in {_names(blind)};"
            f" seen were: {', '.join(known) or 'none'}"
        )
    open_ = [node_id for node_id, state in states.items() if state is MetricVerdict.INCONCLUSIVE]
    if open_ and not any(state is not None and state.judged for state in states.values()):
        advice = "--bolt-thorough measures more pairs"
        return f"the gate on {gate.metric} could not decide in {_names(open_)}; {advice}"
    return ""


def _state(name: str, comparison: Comparison) -> MetricVerdict | None:
    return next((metric.verdict for metric in comparison.metrics if metric.name == name), None)


def _names(node_ids: Collection[str]) -> str:
    first = next(iter(node_ids))
    return first if len(node_ids) == 1 else f"{len(node_ids)} benchmarks ({first}, ...)"


def _by_name(told: Mapping[Side, Told]) -> dict[str, dict[Side, list[Mapping[str, Any]]]]:
    found: dict[str, dict[Side, list[Mapping[str, Any]]]] = {}
    for side, entries in told.items():
        for entry in entries:
            found.setdefault(entry["name"], {each: [] for each in Side})[side].append(entry)
    return found


def _kind(entries: Mapping[Side, Told]) -> tuple[str, str]:
    first = next(entry for side in Side for entry in entries[side])
    return str(first["unit"]), str(first["better"])


def _judged(name: str, entries: Mapping[Side, Told], margin: float, gates: Gates) -> Metric:
    unit, better = _kind(entries)
    of_base, of_head = (_by_pair(entries[side]) for side in (Side.BASE, Side.HEAD))
    values = tuple((of_base[pair], of_head[pair]) for pair in sorted(of_base.keys() & of_head.keys()))
    plain = Metric(
        name=name,
        unit=unit,
        better=better,
        base=_median(of_base),
        head=_median(of_head),
        gated=name in gates,
        values=values,
    )
    if not values or len({(entry["unit"], entry["better"]) for side in Side for entry in entries[side]}) > 1:
        return plain  # seconds on one side and milliseconds on the other are not compared
    own = _margin(name, margin, gates)
    verdict, ratio = verdict_of(values, better=better, margin=own, resolution=_RESOLUTION.get(name, 0.0))
    return _with_verdict(replace(plain, ratio=ratio), verdict, own)


def _by_pair(entries: Told) -> dict[int, float]:
    """Return the median of each process pair; those of the checking pair only where there are no others."""
    found: dict[int, list[float]] = {}
    for entry in entries:
        found.setdefault(int(entry.get("pair", 0)), []).append(float(entry["value"]))
    if len(found) > 1:
        found.pop(0, None)
    return {pair: float(np.median(values)) for pair, values in found.items()}


def _median(by_pair: Mapping[int, float]) -> float | None:
    return float(np.median(list(by_pair.values()))) if by_pair else None


def _clock_metric(
    name: str, clock: Clock, sides: Sequence[RoundTable], margin: float, gates: Gates
) -> Metric:
    base, head = sides
    ratios = judgement.pair_ratios(base, head, clock)
    own = _margin(name, margin, gates)
    plain = Metric(
        name=name,
        unit="ns",
        better="lower",
        base=_digits(judgement.typical_time(base, clock).ns),
        head=_digits(judgement.typical_time(head, clock).ns),
        ratio=_digits_of(judgement.ratio_of(judgement.estimate(ratios))) if ratios else None,
        gated=name in gates,
    )
    return _with_verdict(plain, _clock_verdict(ratios, own), own)


def _digits(value: float) -> float:
    """Return seven significant digits: finer than any clock's noise, and half as long when stored."""
    return float(f"{value:.7g}")


def _digits_of(ratio: Interval) -> Interval:
    return Interval(estimate=_digits(ratio.estimate), low=_digits(ratio.low), high=_digits(ratio.high))


def _clock_verdict(ratios: tuple[PairRatio, ...], margin: float) -> MetricVerdict:
    if len(ratios) < 2:
        return MetricVerdict.INCONCLUSIVE
    verdict = judgement.confirmed(ratios, Margins(slower=margin, faster=margin))
    return _SPEED.get(verdict, MetricVerdict.INCONCLUSIVE)


def _margin(name: str, margin: float, gates: Gates) -> float:
    own = gates.get(name)
    return margin if own is None else own


def _with_verdict(metric: Metric, verdict: MetricVerdict, margin: float) -> Metric:
    failed = metric.gated and verdict is MetricVerdict.WORSE
    return replace(metric, verdict=verdict, margin=margin, failed=failed)


def _log_ratio(base: float, head: float) -> float:
    ratio = head / base
    return math.log(ratio) if 0 < ratio < math.inf else math.log(head) - math.log(base)


def _ratio_of(found: Estimate) -> Interval:
    """Return the interval as a ratio; one beyond all numbers ends at the largest."""
    estimate, low, high = (math.exp(min(log, _LARGEST)) for log in (found.center, found.low, found.high))
    return Interval(estimate=estimate, low=low, high=high)


def _exact(changes: Sequence[float]) -> Estimate | None:
    """Return the change without any error where every pair shows the same one."""
    first = changes[0]
    if any(change != first for change in changes):
        return None
    return Estimate(center=first, low=first, high=first, error=0.0, pairs=len(changes))


def _said(found: Estimate, strict: Estimate, bound: float, better: str) -> MetricVerdict:
    limit = bound + _ROUNDING * max(bound, 1e-3)
    rise, fall = MetricVerdict.WORSE, MetricVerdict.BETTER
    if better == "higher":
        rise, fall = fall, rise
    if strict.low > 0 and found.center > limit:
        return rise
    if strict.high < 0 and found.center < -limit:
        return fall
    return MetricVerdict.SAME if max(found.high, -found.low) <= limit else MetricVerdict.INCONCLUSIVE
