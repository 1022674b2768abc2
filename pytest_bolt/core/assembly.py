"""From a decision of the plan to the comparison that is stored, reported and judged."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from pytest_bolt.core import judgement
from pytest_bolt.core.case import Case
from pytest_bolt.core.comparison import Comparison, Interval, Metric
from pytest_bolt.core.measurement import Clock, Measurement, Side
from pytest_bolt.core.record import Record, Revision
from pytest_bolt.core.stats import Estimate
from pytest_bolt.core.steps import Decide
from pytest_bolt.core.stored import RUNS_FOR_A_GATE, BaselineRecord, Prediction, predict
from pytest_bolt.core.units import IterationTime
from pytest_bolt.core.verdict import Verdict

METHOD = "paired process blocks, ABBA quads, Hodges-Lehmann in a pair, Student over pairs, 98 % interval"
Told = Sequence[Mapping[str, Any]]  # what a test recorded: name, value, unit, better


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """What all comparisons of a run share, and what one benchmark asks for.

    `fail_on` maps a verdict to the effect beyond which it fails; `existed` says whether the base has
    this benchmark, None where that is not known.
    """

    margin: float
    fail_on: Mapping[str, float]
    seed: int = 0
    noise_only: bool = False
    existed: bool | None = True
    mode: str = "paired"


def comparison_of(decide: Decide, case: Case, frame: Frame, told: Mapping[Side, Told]) -> Comparison:
    """Return the comparison for a decision of the plan."""
    verdict, reason = _verdict(decide, frame)
    speed = verdict not in {Verdict.INCORRECT, Verdict.INCOMPARABLE, Verdict.NEW}
    found = decide.estimate if speed else None
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
        method=METHOD if found else "",
        pairs=found.pairs if found else 0,
        quads=decide.quads if found else 0,
        seed=frame.seed,
        failed=fails(verdict, found.center if found else 0.0, frame.fail_on),
        noise_only=frame.noise_only,
        reason=reason,
        detail=decide.failure.detail if decide.failure else "",
        warnings=decide.warnings if speed else (),
        metrics=(*metrics_of(told), *other_clocks(decide)) if speed else (),
    )


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


def _verdict(decide: Decide, frame: Frame) -> tuple[Verdict, str]:
    if decide.failure is None:
        return decide.verdict or Verdict.NEW, decide.reason
    reason = decide.failure.message
    if decide.failure.side is Side.BASE and frame.existed is False:
        return Verdict.NEW, f"not at the base: {reason}"
    return decide.verdict or Verdict.INCOMPARABLE, reason


def metrics_of(told: Mapping[Side, Told]) -> tuple[Metric, ...]:
    """Return each recorded metric with the median of what each side told of it."""
    by_name: dict[str, dict[Side, list[float]]] = {}
    units: dict[str, tuple[str, str]] = {}
    for side, entries in told.items():
        for entry in entries:
            by_name.setdefault(entry["name"], {}).setdefault(side, []).append(float(entry["value"]))
            units.setdefault(entry["name"], (entry["unit"], entry["better"]))
    return tuple(
        Metric(
            name=name,
            unit=units[name][0],
            better=units[name][1],
            base=_median(sides.get(Side.BASE)),
            head=_median(sides.get(Side.HEAD)),
        )
        for name, sides in by_name.items()
    )


def other_clocks(decide: Decide) -> tuple[Metric, ...]:
    """Return CPU and device time of one iteration as metrics beside the clock that decided."""
    base, head = decide.rounds[Side.BASE], decide.rounds[Side.HEAD]
    if not len(base) or not len(head):
        return ()
    return tuple(
        Metric(
            name=name,
            unit="ns",
            better="lower",
            base=_digits(judgement.typical_time(base, clock).ns),
            head=_digits(judgement.typical_time(head, clock).ns),
            ratio=_digits_of(
                judgement.ratio_of(judgement.estimate(judgement.pair_ratios(base, head, clock)))
            ),
        )
        for name, clock, column in (
            ("cpu_time", Clock.CPU, "cpu_ns"),
            ("device_time", Clock.DEVICE, "device_ns"),
        )
        if base[column].all() and head[column].all()
    )


def _digits(value: float) -> float:
    """Return seven significant digits: finer than any clock's noise, and half as long when stored."""
    return float(f"{value:.7g}")


def _digits_of(ratio: Interval) -> Interval:
    return Interval(estimate=_digits(ratio.estimate), low=_digits(ratio.low), high=_digits(ratio.high))


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
            metrics={
                entry["name"]: (float(entry["value"]), str(entry["unit"]), str(entry["better"]))
                for entry in told.get(side, ())
            },
        )
        for side, rounds in decide.rounds.items()
        if len(rounds) and (revision := revisions.get(side)) is not None
    )


def _median(values: Sequence[float] | None) -> float | None:
    return float(np.median(values)) if values else None
