"""Whether a second run of the same command at the same commits found what the first one did, by rule.

The question is about the difference between the two results, not about whether each is significant by
itself: one interval may exclude zero and the other not, and both be of the same size. So the log-ratios of
the two runs are subtracted, and the interval of the difference, made of both intervals (Zou and Donner 2008,
"Construction of confidence limits about effect measures", Statistics in Medicine 27, 1693), is set against
the margin of the benchmark. To be consistent is something to show, as it is to be inconsistent (Anderson and
Maxwell 2016, "There's more than one way to conduct a replication study", Psychological Methods 21, 1):

- **replicated**: the whole interval of the difference lies inside the margin; or both runs found the same
  effect, each by itself, and the interval of the difference holds zero (LeBel, Vanpaemel, Cheung and Campbell
  2019, "A brief guide to evaluate replications", Meta-Psychology 3: signal, consistent);
- **not replicated**: it holds no zero and the difference is larger than the margin; or one run has a wrong
  answer and the other has not; or what one confirms the other refutes;
- **cannot tell**: everything else.

Of many benchmarks some differ by chance. Where one shall count against the whole, its interval is widened for
their number (Bonferroni). The whole is replicated where everything is, not replicated where anything is not.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from statistics import NormalDist

from pytest_bolt.core.claims import Judged
from pytest_bolt.core.comparison import Comparison, Interval, Metric
from pytest_bolt.core.metric_text import head_text
from pytest_bolt.core.record import Summary
from pytest_bolt.core.ruling import Ruling
from pytest_bolt.core.stats import CONFIDENCE, interval
from pytest_bolt.core.summary import change_text, effect_text, metric_change, ordered, verdict_text
from pytest_bolt.core.verdict import MetricVerdict, Verdict

_CLOSE = 1e-9
_EFFECTS = frozenset({Verdict.SLOWER, Verdict.FASTER})
_CHANGES = frozenset({MetricVerdict.WORSE, MetricVerdict.BETTER})
_CLOCKS = frozenset({"cpu_time", "device_time"})  # of a benchmark whose time says it already
_DECIDED = frozenset({Ruling.CONFIRMED, Ruling.REFUTED})
# Facts that differ between any two runs and say nothing of the machine.
_PASSING = frozenset({"load", "process"})


class Replicated(StrEnum):
    """What a second run says of the first, the one that decides a whole first."""

    NO = "not replicated"
    UNKNOWN = "cannot tell"
    YES = "replicated"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairing:
    """One result of both runs as text, what was found, and why in one line."""

    what: str
    metric: str
    original: str
    again: str
    found: Replicated
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Replication:
    """What a second run says of an entry.

    `original` is the id of that entry. `differs` holds the facts of the environment that are not the same, as
    `then | now`.
    """

    original: str
    pairings: tuple[Pairing, ...]
    found: Replicated
    differs: Mapping[str, str] = field(default_factory=dict)


def replication(
    original: str,
    first: Summary,
    second: Summary,
    *,
    parts: tuple[Sequence[Judged], Sequence[Judged]] = ((), ()),
) -> Replication:
    """Return what `second` says of `first`; both hold what the entry is about and no more.

    Arguments:
        original: the id of the first one's entry.
        first: the run of the entry.
        second: the run that repeats it.
        parts: what became of each part of the hypothesis, in the first run and in the second.
    """
    again = {each.case.case_id.node_id: each for each in second.comparisons}
    count = sum(1 + len(each.metrics) for each in first.comparisons)
    pairings = [*_of_parts(*parts)]
    for comparison in ordered(first.comparisons):
        other = again.get(comparison.case.case_id.node_id)
        pairings += [_absent(comparison)] if other is None else _of_case(comparison, other, count)
    facts = first.run.environment.facts, second.run.environment.facts
    return Replication(
        original=original,
        pairings=tuple(pairings),
        found=whole(pairing.found for pairing in pairings),
        differs={
            name: f"{facts[0].get(name) or '-'} | {facts[1].get(name) or '-'}"
            for name in sorted({*facts[0], *facts[1]} - _PASSING)
            if facts[0].get(name) != facts[1].get(name)
        },
    )


def whole(found: Iterable[Replicated]) -> Replicated:
    """Return what several results come to; of none nothing can be told."""
    each = set(found)
    return next((one for one in Replicated if one in each), Replicated.UNKNOWN)


def compared(
    first: Interval,
    second: Interval,
    margin: float,
    *,
    effect: bool = False,
    count: int = 1,
    ratio: bool = True,
) -> tuple[Replicated, str]:
    """Return what two intervals of the same thing say of each other, and the difference in words.

    Arguments:
        first: that of the original, a ratio head/base, or a value where `ratio` is false.
        second: that of the repetition.
        margin: the difference that matters: relative (0.05 is five percent), for values in their unit.
        effect: whether both found the same effect.
        count: how many results the whole consists of.
    """
    ends = [(each.estimate, each.low, each.high) for each in (first, second)]
    if not all(math.isfinite(end) and (end > 0 or not ratio) for each in ends for end in each):
        return Replicated.UNKNOWN, "an interval has no end"
    if ratio:
        ends = [(math.log(a), math.log(b), math.log(c)) for a, b, c in ends]
    bound = math.log1p(margin) if ratio else margin
    center = ends[1][0] - ends[0][0]
    below = math.hypot(ends[1][0] - ends[1][1], ends[0][2] - ends[0][0])
    above = math.hypot(ends[1][2] - ends[1][0], ends[0][0] - ends[0][1])
    wide = _widening(count)
    rounding = _CLOSE * max(1.0, abs(center))
    text = _difference(center, below, above, ratio=ratio)
    if center - below >= -bound - rounding and center + above <= bound + rounding:
        return Replicated.YES, text
    if effect and center - below <= 0 <= center + above:
        return Replicated.YES, f"both show the effect, {text}"
    apart = center - wide * below > 0 or center + wide * above < 0
    if apart and abs(center) > bound:
        return Replicated.NO, text
    return Replicated.UNKNOWN, text


def _widening(count: int) -> float:
    """Return by how much an interval grows that has to hold for all of `count` results at once."""
    normal = NormalDist()
    return normal.inv_cdf(1 - (1 - CONFIDENCE) / max(count, 1)) / normal.inv_cdf(CONFIDENCE)


def _difference(center: float, below: float, above: float, *, ratio: bool) -> str:
    ends = (center, center - below, center + above)
    if not ratio:
        return "they differ by " + "{:+.6g} [{:+.6g}, {:+.6g}]".format(*ends)
    estimate, low, high = map(math.exp, ends)
    return f"they differ by {change_text(Interval(estimate=estimate, low=low, high=high))}"


def _of_parts(first: Sequence[Judged], second: Sequence[Judged]) -> list[Pairing]:
    found = []
    for place, (one, other) in enumerate(zip(first, second, strict=False), start=1):
        rulings = one.ruled.ruling, other.ruled.ruling
        if rulings[0] is rulings[1]:
            said = Replicated.YES if rulings[0] in _DECIDED else Replicated.UNKNOWN
        else:
            said = Replicated.NO if _DECIDED.issuperset(rulings) else Replicated.UNKNOWN
        reason = "both say the same" if rulings[0] is rulings[1] else "they do not say the same"
        what = f"part {place} of the hypothesis" if len(first) > 1 else "the hypothesis"
        found.append(_pairing(what, "ruling", (str(rulings[0]), str(rulings[1])), (said, reason)))
    return found


def _of_case(first: Comparison, second: Comparison, count: int) -> list[Pairing]:
    node_id = first.case.case_id.node_id
    wrong = [each.verdict is Verdict.INCORRECT for each in (first, second)]
    found = []
    if any(wrong):
        said = Replicated.YES if all(wrong) else Replicated.NO
        texts = verdict_text(first), verdict_text(second)
        return [
            _pairing(
                node_id, "answer", texts, (said, "a wrong answer" if all(wrong) else "only one is wrong")
            )
        ]
    if first.timed:
        texts = _time_text(first), _time_text(second)
        found.append(_pairing(node_id, "time", texts, _times(first, second, count)))
    others = {metric.name: metric for metric in second.metrics}
    for metric in first.metrics:
        if metric.name in _CLOCKS:
            continue
        other = others.get(metric.name)
        if other is not None:
            texts = _metric_text(metric), _metric_text(other)
            found.append(_pairing(node_id, metric.name, texts, _metrics(metric, other, first.margin, count)))
    return found


def _absent(comparison: Comparison) -> Pairing:
    said = Replicated.UNKNOWN, "the second run has no such benchmark"
    return _pairing(comparison.case.case_id.node_id, "time", (verdict_text(comparison), "-"), said)


def _pairing(what: str, metric: str, texts: tuple[str, str], said: tuple[Replicated, str]) -> Pairing:
    return Pairing(what=what, metric=metric, original=texts[0], again=texts[1], found=said[0], reason=said[1])


def _times(first: Comparison, second: Comparison, count: int) -> tuple[Replicated, str]:
    if first.ratio is not None and second.ratio is not None:
        same = first.verdict is second.verdict and first.verdict in _EFFECTS
        return compared(first.ratio, second.ratio, first.margin, effect=same, count=count)
    if first.verdict is second.verdict and first.verdict is not Verdict.INCONCLUSIVE:
        return Replicated.YES, "neither has two sides to compare"
    return Replicated.UNKNOWN, "there are not two intervals to compare"


def _metrics(first: Metric, second: Metric, margin: float, count: int) -> tuple[Replicated, str]:
    ratios = metric_change(first), metric_change(second)
    if ratios[0] is not None and ratios[1] is not None:
        same = first.verdict is second.verdict and first.verdict in _CHANGES
        return compared(ratios[0], ratios[1], first.margin or margin, effect=same, count=count)
    values = _value(first), _value(second)
    if values[0] is None or values[1] is None:
        return Replicated.UNKNOWN, "there are not two values to compare"
    size = max(abs(values[0].low), abs(values[0].high))
    return compared(values[0], values[1], (first.margin or margin) * size, count=count, ratio=False)


def _value(metric: Metric) -> Interval | None:
    if metric.head is None:
        return None
    if not metric.samples:
        return Interval(estimate=metric.head, low=metric.head, high=metric.head)
    found = interval(metric.samples, floor=0.0)
    return Interval(estimate=found.center, low=found.low, high=found.high)


def _time_text(comparison: Comparison) -> str:
    return "; ".join(text for text in (effect_text(comparison), verdict_text(comparison)) if text != "-")


def _metric_text(metric: Metric) -> str:
    change = change_text(metric_change(metric))
    return head_text(metric) if change == "-" else f"{head_text(metric)}; {change}"
