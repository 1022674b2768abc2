"""From a decision of the plan to the comparison that is stored, reported and judged."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from pytest_bolt.core import judgement
from pytest_bolt.core.case import Case
from pytest_bolt.core.comparison import Comparison, Metric
from pytest_bolt.core.measurement import Measurement, Side
from pytest_bolt.core.metrics import Gates, Told, clock_metrics, medians, metrics_of
from pytest_bolt.core.record import Record, Revision
from pytest_bolt.core.ruling import FAILURE_NOTE
from pytest_bolt.core.stats import Estimate
from pytest_bolt.core.steps import Decide
from pytest_bolt.core.stored import RUNS_FOR_A_GATE, BaselineRecord, Prediction, predict
from pytest_bolt.core.units import IterationTime
from pytest_bolt.core.verdict import Verdict

_REST = "Hodges-Lehmann in a pair, Student over pairs, 98 % interval"
METHOD = f"paired process blocks, ABBA quads, {_REST}"
APART = f"paired process blocks, one side after the other, {_REST}"
SHARED = "variance moderated over the run's benchmarks (Smyth 2004)"

_UNTOLD = frozenset({Verdict.INCORRECT, Verdict.INCOMPARABLE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """What all comparisons of a run share, and what one benchmark asks for.

    `fail_on` maps a verdict to the effect beyond which it fails, `gates` a metric; `existed` says whether the
    base has this benchmark, None where that is not known. `interleave` and `notes` are of the benchmark.
    """

    margin: float
    fail_on: Mapping[str, float]
    gates: Gates = field(default_factory=dict)
    interleave: bool = True
    notes: Mapping[str, str] = field(default_factory=dict)
    seed: int = 0
    noise_only: bool = False
    existed: bool | None = True
    mode: str = "paired"


def comparison_of(decide: Decide, case: Case, frame: Frame, told: Mapping[Side, Told]) -> Comparison:
    """Return the comparison for a decision of the plan."""
    verdict, reason = _verdict(decide, frame)
    speed = verdict not in {Verdict.INCORRECT, Verdict.INCOMPARABLE, Verdict.NEW}
    found = decide.estimate if speed else None
    metrics = _metrics(decide, frame, told) if verdict not in _UNTOLD else ()
    return Comparison(
        case=case,
        verdict=verdict,
        margin=frame.margin,
        ratio=judgement.ratio_of(found) if found else None,
        base_time=decide.times.get(Side.BASE) if speed else None,
        head_time=decide.times.get(Side.HEAD) if verdict is not Verdict.INCORRECT else None,
        detectable=math.expm1(found.detectable) if found else None,
        clock=decide.clock,
        mode=frame.mode,
        method=_method(decide, frame) if found else "",
        pairs=found.pairs if found else 0,
        pair_ratios=tuple(_digits(math.exp(each.value)) for each in decide.ratios) if found else (),
        pair_errors=tuple(_digits(each.error) for each in decide.ratios) if found else (),
        quads=decide.quads if found else 0,
        seed=frame.seed,
        failed=fails(verdict, found.center if found else 0.0, frame.fail_on) or _any_failed(metrics),
        noise_only=frame.noise_only,
        reason=reason,
        detail=decide.failure.detail if decide.failure else "",
        warnings=decide.warnings if speed else (),
        metrics=metrics,
        notes={**frame.notes, **_failure_notes(decide), **(_shared_notes(decide) if speed else {})},
    )


def _failure_notes(decide: Decide) -> dict[str, str]:
    return {FAILURE_NOTE: str(decide.failure.kind)} if decide.failure is not None else {}


def _digits(value: float) -> float:
    """Return a value with six decimals: a millionth of a time, which is more than any clock has."""
    return round(value, 6)


def _shared_notes(decide: Decide) -> dict[str, str]:
    """Return what the interval rests on beside its own rounds, so that it can be worked out again."""
    if decide.shared is None:
        return {}
    return {"shared_sd": f"{math.sqrt(decide.shared.variance):.6g}", "shared_df": f"{decide.shared.df:.6g}"}


def stored_comparison(
    decide: Decide, case: Case, frame: Frame, baseline: Sequence[BaselineRecord], told: Mapping[Side, Told]
) -> Comparison:
    """Return the comparison of a fresh head with stored runs of the base.

    Below ten stored runs it is advice: the interval is shown, the verdict stays INCONCLUSIVE.
    """
    measured = comparison_of(decide, case, frame, told)
    if measured.head_time is None or not baseline:
        return replace(measured, verdict=Verdict.NEW, reason="no stored record of this benchmark at the base")
    prediction = predict([record.time for record in baseline], [measured.head_time])
    verdict = Verdict.INCONCLUSIVE if prediction.advice_only else _stored_verdict(prediction, frame.margin)
    return replace(
        measured,
        verdict=verdict,
        ratio=prediction.ratio,
        base_time=IterationTime(float(np.exp(np.mean([np.log(record.time.ns) for record in baseline])))),
        detectable=prediction.detectable,
        method=f"prediction interval (98 %) from {prediction.runs} stored runs of the base",
        pairs=prediction.runs,
        pair_ratios=(),
        pair_errors=(),
        failed=fails(verdict, math.log(prediction.ratio.estimate), frame.fail_on),
        reason=f"advice only: {prediction.runs} of {RUNS_FOR_A_GATE} stored runs"
        if prediction.advice_only
        else "",
    )


def _stored_verdict(prediction: Prediction, margin: float) -> Verdict:
    logs = [
        math.log(value) for value in (prediction.ratio.estimate, prediction.ratio.low, prediction.ratio.high)
    ]
    found = Estimate(center=logs[0], low=logs[1], high=logs[2], error=0.0, pairs=prediction.runs)
    return judgement.judge(found, judgement.Margins(slower=margin, faster=margin))


def fails(verdict: Verdict, log_ratio: float, fail_on: Mapping[str, float]) -> bool:
    """Return whether a verdict fails its test; a wrong answer always does."""
    if verdict is Verdict.INCORRECT:
        return True
    margin = fail_on.get(verdict)
    return margin is not None and abs(log_ratio) >= math.log1p(margin)


def _metrics(decide: Decide, frame: Frame, told: Mapping[Side, Told]) -> tuple[Metric, ...]:
    """Return what was recorded and measured beside the time; of one name, what the test said itself."""
    base, head = decide.rounds[Side.BASE], decide.rounds[Side.HEAD]
    clocks = clock_metrics(base, head, frame.margin, frame.gates, first_pair=decide.first_pair)
    recorded = metrics_of(told, frame.margin, frame.gates)
    names = {metric.name for metric in recorded}
    return (*recorded, *(metric for metric in clocks if metric.name not in names))


def _method(decide: Decide, frame: Frame) -> str:
    method = METHOD if frame.interleave else APART
    return f"{method}, {SHARED}" if decide.shared else method


def _any_failed(metrics: Sequence[Metric]) -> bool:
    return any(metric.failed for metric in metrics)


def _verdict(decide: Decide, frame: Frame) -> tuple[Verdict, str]:
    if decide.failure is None:
        return decide.verdict or Verdict.NEW, decide.reason
    reason = decide.failure.message
    if decide.failure.side is Side.BASE and frame.existed is False:
        return Verdict.NEW, f"not at the base: {reason}"
    return decide.verdict or Verdict.INCOMPARABLE, reason


def records_of(
    decide: Decide, case: Case, revisions: Mapping[Side, Revision | None], told: Mapping[Side, Told]
) -> tuple[Record, ...]:
    """Return what is stored of each side that was measured and has a revision."""
    return tuple(
        Record(
            case=case,
            revision=revision,
            measurement=Measurement(side=side, rounds=rounds, warnings=decide.warnings),
            time=decide.times[side],
            clock=decide.clock,
            metrics=medians(told.get(side, ())),
        )
        for side, rounds in decide.rounds.items()
        if len(rounds) and side in decide.times and (revision := revisions.get(side)) is not None
    )
