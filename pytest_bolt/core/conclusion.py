"""What the measured intervals say about an expectation: computed, never typed."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from pytest_bolt.core.comparison import Comparison, Interval, Metric
from pytest_bolt.core.expectation import Expectation, Relation, unit_scale
from pytest_bolt.core.measurement import Clock
from pytest_bolt.core.plain_text import one_line, sentence
from pytest_bolt.core.stats import interval
from pytest_bolt.core.summary import metric_change, metric_text, ordered
from pytest_bolt.core.units import IterationTime, format_change, format_rate
from pytest_bolt.core.verdict import Verdict

_CLOCKED = {"cpu_time": Clock.CPU, "device_time": Clock.DEVICE}
_FROM_TIME = frozenset({"time", "speedup", "throughput"})
_INVERTED = frozenset({"speedup", "throughput"})
_RATES = frozenset({"B/s", "FLOP/s", "it/s"})
_MOST_PAIRS = 10_000  # more than this is no advice


class Outcome(StrEnum):
    """What an expectation came to, the one that decides a whole first."""

    REFUTED = "refuted"
    INCONCLUSIVE = "inconclusive"
    CONFIRMED = "confirmed"
    NOT_APPLICABLE = "not applicable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one benchmark says about an expectation; `observed` is in the terms of its bound."""

    node_id: str
    outcome: Outcome
    reason: str
    observed: Interval | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Conclusion:
    """What all matching benchmarks together say about an expectation."""

    expectation: Expectation
    outcome: Outcome
    reason: str
    findings: tuple[Finding, ...] = ()


def conclude(expectation: Expectation, comparisons: Sequence[Comparison]) -> Conclusion:
    """Return what the comparisons say: confirmed only if every matching benchmark confirms it."""
    matching = [c for c in ordered(comparisons) if expectation.matches(c.case.case_id.node_id)]
    if not matching:
        reason = (
            f"no benchmark of this run matches `{one_line(expectation.glob)}`"
            if comparisons
            else "nothing was run"
        )
        return Conclusion(expectation=expectation, outcome=Outcome.NOT_APPLICABLE, reason=reason)
    with_metric = [c for c in matching if _has(expectation.metric, c) or c.verdict is Verdict.INCORRECT]
    if not with_metric:
        return Conclusion(
            expectation=expectation,
            outcome=Outcome.NOT_APPLICABLE,
            reason=_no_metric(expectation.metric, matching),
        )
    findings = tuple(_finding(expectation, c) for c in with_metric)
    outcome = overall(finding.outcome for finding in findings)
    return Conclusion(
        expectation=expectation, outcome=outcome, reason=_reason(outcome, findings), findings=findings
    )


def overall(outcomes: Iterable[Outcome]) -> Outcome:
    """Return the outcome of several: any refuted refutes, and all must confirm to confirm."""
    found = set(outcomes)
    if not found:
        return Outcome.NOT_APPLICABLE
    if Outcome.REFUTED in found:
        return Outcome.REFUTED
    return found.pop() if len(found) == 1 else Outcome.INCONCLUSIVE


def _reason(outcome: Outcome, findings: tuple[Finding, ...]) -> str:
    deciding = [finding for finding in findings if finding.outcome is outcome]
    if len(findings) == 1:
        return findings[0].reason
    first = (
        f"{one_line(deciding[0].node_id)}: {deciding[0].reason}" if deciding else "the benchmarks disagree"
    )
    return f"{len(deciding)} of {len(findings)} benchmarks {outcome}; {first}"


def _has(metric: str, comparison: Comparison) -> bool:
    if metric in _FROM_TIME or _CLOCKED.get(metric) is comparison.clock:
        return True
    return any(found.name == metric for found in comparison.metrics)


def _no_metric(metric: str, matching: Sequence[Comparison]) -> str:
    names = sorted({found.name for c in matching for found in c.metrics})
    known = f"recorded: {', '.join(map(one_line, names))}" if names else "nothing was recorded"
    return f"no matching benchmark has a value for `{one_line(metric)}`; {known}"


def _finding(expectation: Expectation, comparison: Comparison) -> Finding:
    observed, outcome = None, Outcome.INCONCLUSIVE
    if comparison.verdict is Verdict.INCORRECT:
        outcome, reason = (
            Outcome.REFUTED,
            f"the answer is wrong: {sentence(comparison.reason) or 'check failed'}",
        )
    else:
        value = _observed(expectation, comparison)
        if isinstance(value, str):
            reason = value
        else:
            observed, outcome = value, _outcome(expectation, value)
            reason = _explained(expectation, comparison, value, outcome)
    node_id = comparison.case.case_id.node_id
    return Finding(node_id=node_id, outcome=outcome, reason=reason, observed=observed)


def _outcome(expectation: Expectation, observed: Interval) -> Outcome:
    low, high, bound = observed.low, observed.high, expectation.bound
    if expectation.relation is Relation.EQUAL:
        least, most = bound - expectation.rounding, bound + expectation.rounding
        if least <= low and high <= most:
            return Outcome.CONFIRMED
        return Outcome.REFUTED if low > most or high < least else Outcome.INCONCLUSIVE
    if expectation.relation is Relation.AT_LEAST:
        low, high, bound = -high, -low, -bound
    if high <= bound:
        return Outcome.CONFIRMED
    return Outcome.REFUTED if low > bound else Outcome.INCONCLUSIVE


def _observed(expectation: Expectation, comparison: Comparison) -> Interval | str:
    """Return the value in the terms of the bound, with its interval, or why there is none."""
    metric = _metric(expectation, comparison)
    if isinstance(metric, str):
        return metric
    ratio = metric_change(metric)
    if expectation.relative and comparison.ratio is None and expectation.metric in _FROM_TIME:
        return _no_ratio(metric, comparison)
    if expectation.relative:
        return ratio if ratio is not None else _no_ratio(metric, comparison)
    unit, scale = unit_scale(metric.unit)
    if unit != expectation.unit:
        asked = one_line(expectation.unit)
        return f"it is measured in `{one_line(metric.unit)}`, the expectation is in `{asked}`"
    if metric.head is None or not math.isfinite(metric.head):
        return _no_ratio(metric, comparison)
    if metric.samples:
        return _interval_of([sample * scale for sample in metric.samples])
    value = metric.head * scale
    return _spread(value, ratio)


def _interval_of(samples: Sequence[float]) -> Interval:
    found = interval(samples, floor=0.0)
    return Interval(estimate=found.center, low=found.low, high=found.high)


def _spread(value: float, ratio: Interval | None) -> Interval:
    """Return the head's value with the relative width of the ratio, which holds the error of both sides."""
    if ratio is None or ratio.low == ratio.high or not ratio.estimate > 0:
        return Interval(estimate=value, low=value, high=value)
    low, high = sorted(value * bound / ratio.estimate for bound in (ratio.low, ratio.high))
    return Interval(estimate=value, low=low, high=high)


def _no_ratio(metric: Metric, comparison: Comparison) -> str:
    if comparison.ratio is None and metric.name in _FROM_TIME and metric.base and metric.head:
        why = f": {sentence(comparison.reason)}" if comparison.reason else ""
        return f"there is no interval{why}"
    if metric.base is not None and metric.head is not None:
        return f"a ratio to the base's {metric_text(metric.base, metric.unit)} means nothing"
    why = f": {sentence(comparison.reason)}" if comparison.reason else ""
    return f"there are not two sides to compare, it is {comparison.verdict}{why}"


def _metric(expectation: Expectation, comparison: Comparison) -> Metric | str:
    name = expectation.metric
    for metric in comparison.metrics:
        if metric.name == name:
            return metric
    ratio = comparison.ratio
    if name not in _INVERTED:
        sides = [time.ns if time else None for time in (comparison.base_time, comparison.head_time)]
        return Metric(name=name, unit="ns", better="lower", base=sides[0], head=sides[1], ratio=ratio)
    if ratio is not None and not ratio.low > 0:
        return "its interval reaches zero time"
    amount = _amount(expectation.unit, comparison)
    if amount is None:
        return f"the benchmark does not declare its work, so there is no rate in {expectation.unit}"
    base, head = (_rate(amount, time) for time in (comparison.base_time, comparison.head_time))
    inverted = ratio.inverted() if ratio is not None else None
    return Metric(name=name, unit=expectation.unit, better="higher", base=base, head=head, ratio=inverted)


def _amount(unit: str, comparison: Comparison) -> int | None:
    work = comparison.case.workload
    return {"B/s": work.bytes, "FLOP/s": work.flops}.get(unit, 1)


def _rate(amount: int, time: IterationTime | None) -> float | None:
    return amount / (time.ns * 1e-9) if time is not None and time.ns > 0 else None


def _explained(expectation: Expectation, comparison: Comparison, observed: Interval, outcome: Outcome) -> str:
    bound = _shown(expectation, expectation.bound)
    text = _shown(expectation, observed.estimate)
    if observed.low != observed.high:
        text += f" [{_shown(expectation, observed.low)}, {_shown(expectation, observed.high)}]"
    asked = f"{expectation.relation} {bound}"
    if outcome is Outcome.CONFIRMED:
        return f"{text} is wholly {asked}"
    if outcome is Outcome.REFUTED:
        return f"{text} is nowhere {asked}"
    return f"{text} lies on both sides of {bound}; {_decidable(expectation, comparison, observed)}"


def _decidable(expectation: Expectation, comparison: Comparison, observed: Interval) -> str:
    half = (observed.high - observed.low) / 2
    distance = abs(observed.estimate - expectation.bound)
    if not (math.isfinite(half) and math.isfinite(distance)):
        return "its interval has no end, so that nothing was decidable"
    effect = comparison.detectable
    if effect is None or not math.isfinite(effect):
        effect = half / abs(observed.estimate) if observed.estimate else math.inf
    seen = effect * (expectation.bound if expectation.relative else abs(observed.estimate))
    low, high = (_shown(expectation, expectation.bound + sign * seen) for sign in (-1, 1))
    text = f"decidable here would have been a value under {low} or over {high}"
    used, what = _repetitions(expectation, comparison)
    wanted = used * (half / distance) ** 2 if distance else math.inf
    if used < math.ceil(min(wanted, _MOST_PAIRS + 1)) <= _MOST_PAIRS:
        text += f", or this one with about {math.ceil(wanted)} {what} ({used} were used)"
    return text


def _repetitions(expectation: Expectation, comparison: Comparison) -> tuple[int, str]:
    """Return what the interval rests on: how many of which."""
    found = next((metric for metric in comparison.metrics if metric.name == expectation.metric), None)
    if found is not None and found.samples:
        return len(found.samples), "repetitions"
    return comparison.pairs, "process pairs"


def _shown(expectation: Expectation, value: float) -> str:
    if expectation.relative:
        return f"{value:.3g}x" if expectation.metric == "speedup" else format_change(value)
    if expectation.unit in _RATES:
        return format_rate(value, expectation.unit.removesuffix("/s"))
    return metric_text(value, expectation.unit)
