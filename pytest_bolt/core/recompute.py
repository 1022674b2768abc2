"""A stored comparison worked out again from what is stored of its process pairs, and what does not agree."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from pytest_bolt.core import judgement
from pytest_bolt.core.comparison import Comparison, Interval, Metric
from pytest_bolt.core.judgement import CONFIRMING, Margins, PairRatio
from pytest_bolt.core.measurement import RoundTable
from pytest_bolt.core.metrics import judged_again
from pytest_bolt.core.shared_variance import SharedVariance
from pytest_bolt.core.stats import TRIM_EVERY, Estimate, student_quantile
from pytest_bolt.core.stored import predict
from pytest_bolt.core.summary import change_text, percent
from pytest_bolt.core.units import IterationTime
from pytest_bolt.core.verdict import MARGIN_NOTES, Verdict

_CLOSE = 2e-5  # of the shared variance six digits are stored
_EFFECTS = frozenset({Verdict.SLOWER, Verdict.FASTER})
_SPEED = frozenset({*_EFFECTS, Verdict.SAME, Verdict.INCONCLUSIVE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Recomputed:
    """What was found: `differences` do not agree with what is stored, `gaps` cannot be worked out again."""

    differences: tuple[str, ...] = ()
    gaps: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What else is stored of a case, as far as it still is.

    `rounds` are of base and head, whole; None where some are gone. `times` are the records' own, by side.
    `baseline` are the times of the stored runs that a prediction rested on.
    """

    rounds: tuple[RoundTable, RoundTable] | None = None
    times: Mapping[str, IterationTime] = field(default_factory=dict)
    baseline: Sequence[IterationTime] = ()


def recompute(comparison: Comparison, kept: Kept | None = None) -> Recomputed:
    """Return what does not agree with the stored process pairs, rounds and records, and what is gone."""
    found = [*_of_time(comparison, kept or Kept()), *_of_metrics(comparison)]
    return Recomputed(
        differences=tuple(text for text, gap in found if not gap),
        gaps=tuple(text for text, gap in found if gap),
    )


def _of_time(comparison: Comparison, kept: Kept) -> Iterator[tuple[str, bool]]:
    for side, stored in (("base", comparison.base_time), ("head", comparison.head_time)):
        record = kept.times.get(side)
        if comparison.mode != "stored" and stored and record and not _near(stored.ns, record.ns):
            yield f"the {side}'s time is stored as {stored.ns:g} ns, its record has {record.ns:g} ns", False
    if comparison.ratio is None:
        if comparison.verdict in _SPEED and comparison.pairs:
            yield f"it is {comparison.verdict} without a ratio", False
    elif comparison.mode == "stored":
        yield from _of_prediction(comparison, comparison.ratio, kept)
    elif comparison.pair_ratios:
        yield from _of_pairs(comparison, comparison.ratio)
        yield from _of_rounds(comparison, kept)
    else:
        yield "the ratios of its process pairs are not stored", True


def _of_pairs(comparison: Comparison, stored: Interval) -> Iterator[tuple[str, bool]]:
    if len(comparison.pair_ratios) != comparison.pairs:
        yield f"{comparison.pairs} process pairs are counted, {len(comparison.pair_ratios)} are stored", False
    pairs = _pairs(comparison)
    if pairs is None:
        broken = any(not ratio >= 0 for ratio in comparison.pair_ratios)
        text = (
            "a ratio of its process pairs is no number" if broken else "a ratio is too small for six decimals"
        )
        yield text, not broken
        return
    found = [judgement.estimate(pairs, shared=shared) for shared in _shared(comparison)]
    slack = _slack(comparison.pair_ratios)
    if not any(_agree(judgement.ratio_of(each), stored, slack) for each in found):
        again = change_text(judgement.ratio_of(found[0]))
        yield f"the change is stored as {change_text(stored)}, its process pairs give {again}", False
        return
    if not any(_sees(each, comparison.detectable, slack) for each in found):
        again = percent(math.expm1(found[0].detectable))
        said = percent(comparison.detectable)
        yield f"the smallest visible effect is stored as {said}, its process pairs give {again}", False
    problem = _verdict_problem(comparison, pairs, found, slack)
    if problem:
        yield problem, False


def _slack(ratios: Sequence[float]) -> float:
    """Return by how much an end of the interval may be off, as a log-ratio, when six decimals are stored.

    Each logarithm is off by half a millionth over its ratio at most; Student's quantile carries that
    outwards.
    """
    count = len(ratios)
    df = max(count - 2 * (count // TRIM_EVERY) - 1, 1)
    return _CLOSE + (student_quantile(CONFIRMING, df) + 2) * 1e-6 / min(ratios)


def _sees(found: Estimate, stored: float | None, slack: float) -> bool:
    if stored is None or not stored > -1:
        return stored is None
    return math.isclose(found.detectable, math.log1p(stored), rel_tol=_CLOSE, abs_tol=3 * slack)


def _pairs(comparison: Comparison) -> tuple[PairRatio, ...] | None:
    if not all(math.isfinite(ratio) and ratio > 0 for ratio in comparison.pair_ratios):
        return None
    errors = comparison.pair_errors or (0.0,) * len(comparison.pair_ratios)
    return tuple(
        PairRatio(pair=number, value=math.log(ratio), error=error, quads=0)
        for number, (ratio, error) in enumerate(zip(comparison.pair_ratios, errors, strict=False))
    )


def _shared(comparison: Comparison) -> list[SharedVariance | None]:
    """Return what was shared; degrees of freedom are rounded down later: their last digit may matter."""
    try:
        spread, df = (float(comparison.notes[name]) for name in ("shared_sd", "shared_df"))
    except (KeyError, ValueError):
        return [None]
    return [SharedVariance(variance=spread**2, df=df * (1 + nudge)) for nudge in (0.0, 1e-5, -1e-5)]


def _verdict_problem(
    comparison: Comparison, pairs: tuple[PairRatio, ...], found: Sequence[Estimate], slack: float
) -> str:
    """Return why the stored verdict cannot follow from the pairs, empty where it can.

    An effect has to be confirmed. What is undecided although its interval decides has its reason stored: the
    budget ended, or the base differs from itself.
    """
    if comparison.verdict not in _SPEED:
        return ""
    own = margins_of(comparison)
    margins = [own, *(Margins(slower=own.slower + by, faster=own.faster + by) for by in (slack, -slack))]
    plain = {judgement.judge(each, margin) for each in found for margin in margins}
    confirmed = judgement.confirmed(pairs, own)
    allowed = {*(judgement.confirmed(pairs, margin) for margin in margins), *(plain - _EFFECTS)}
    if comparison.reason or plain & _EFFECTS:
        allowed.add(Verdict.INCONCLUSIVE)
    if comparison.verdict in allowed:
        return ""
    return f"the verdict is stored as {comparison.verdict}, its process pairs give {confirmed}"


def margins_of(comparison: Comparison) -> Margins:
    """Return the margins that the verdict was judged with."""
    slower, faster = (
        _number(comparison.notes.get(MARGIN_NOTES[verdict], ""), comparison.margin)
        for verdict in (Verdict.SLOWER, Verdict.FASTER)
    )
    return Margins(slower=slower, faster=faster)


def _of_rounds(comparison: Comparison, kept: Kept) -> Iterator[tuple[str, bool]]:
    if kept.rounds is None:
        yield "its single rounds are gone", True
        return
    base, head = kept.rounds
    found = judgement.pair_ratios(base, head, comparison.clock)[-len(comparison.pair_ratios) :]
    again = [math.exp(each.value) for each in found]
    stored = comparison.pair_ratios
    if len(again) != len(stored) or not all(map(_rounded, again, stored)):
        yield "the ratios of its process pairs do not follow from its rounds", False


def _of_prediction(comparison: Comparison, stored: Interval, kept: Kept) -> Iterator[tuple[str, bool]]:
    if len(kept.baseline) != comparison.pairs or comparison.head_time is None:
        yield "the stored runs that it was compared with are not all there", True
        return
    again = predict(kept.baseline, [comparison.head_time]).ratio
    if not _agree(again, stored):
        said = change_text(stored)
        yield f"the change is stored as {said}, the runs it rests on give {change_text(again)}", False


def _of_metrics(comparison: Comparison) -> Iterator[tuple[str, bool]]:
    for metric in comparison.metrics:
        if metric.samples and not _same_mean(metric):
            yield f"{metric.name} is stored as {metric.head}, the mean of its repetitions is another", False
        if not metric.values or metric.verdict is None or metric.margin is None:
            continue
        verdict, ratio = judged_again(metric, metric.margin)
        if verdict is not metric.verdict:
            yield (
                f"the verdict on {metric.name} is stored as {metric.verdict}, its values give {verdict}",
                False,
            )
        if (ratio is None) != (metric.ratio is None) or (
            ratio is not None and metric.ratio is not None and not _agree(ratio, metric.ratio)
        ):
            said = change_text(metric.ratio)
            yield (
                f"the change of {metric.name} is stored as {said}, its values give {change_text(ratio)}",
                False,
            )


def _same_mean(metric: Metric) -> bool:
    return metric.head is not None and _near(sum(metric.samples) / len(metric.samples), metric.head)


def _agree(one: Interval, other: Interval, slack: float = _CLOSE) -> bool:
    ends = [(each.estimate, each.low, each.high) for each in (one, other)]
    return all(_same_end(end, again, slack) for end, again in zip(*ends, strict=True))


def _same_end(one: float, other: float, slack: float) -> bool:
    if min(one, other) > 0 and math.isfinite(one) and math.isfinite(other):
        return math.isclose(math.log(one), math.log(other), rel_tol=_CLOSE, abs_tol=slack)
    return _near(one, other)


def _near(one: float, other: float) -> bool:
    """Return whether two numbers are the same but for rounding; two that are no number are."""
    if math.isnan(one) or math.isnan(other):
        return math.isnan(one) and math.isnan(other)
    return math.isclose(one, other, rel_tol=_CLOSE, abs_tol=1e-12)


def _rounded(one: float, other: float) -> bool:
    return math.isclose(one, other, rel_tol=1e-8, abs_tol=1e-6)


def _number(text: str, default: float) -> float:
    try:
        return float(text)
    except ValueError:
        return default
