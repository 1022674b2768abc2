"""What the reports say of metrics: which are worth a line, and in which words."""

from __future__ import annotations

import math
from collections.abc import Iterable

from pytest_bolt.core.comparison import Comparison, Metric
from pytest_bolt.core.stats import interval
from pytest_bolt.core.summary import change_text, metric_change, metric_text, ordered, percent, shows_speed
from pytest_bolt.core.timing import PEAK_MEMORY, PEAK_RSS
from pytest_bolt.core.verdict import MetricVerdict, Verdict

METRIC_HEADER = ("benchmark", "metric", "base", "head", "change", "verdict")
_ASKED_FOR = frozenset({PEAK_MEMORY, PEAK_RSS})  # never looked at unless somebody asked
_CLOCKS = frozenset({"cpu_time", "device_time"})
_ALSO_SAID = {(Verdict.SLOWER, MetricVerdict.WORSE), (Verdict.FASTER, MetricVerdict.BETTER)}


def all_metrics(comparisons: Iterable[Comparison]) -> list[tuple[Comparison, Metric]]:
    """Return every metric with its benchmark, in the order of the reports."""
    return [(c, metric) for c in ordered(comparisons) if shows_speed(c) for metric in c.metrics]


def telling_metrics(comparisons: Iterable[Comparison]) -> list[tuple[Comparison, Metric]]:
    """Return what has a gate, what was asked for and is not the same, and what differs for certain.

    A clock that moves with the time of its benchmark says nothing that the verdict does not.
    """
    return [(c, metric) for c, metric in all_metrics(comparisons) if _tells(c, metric)]


def unchanged_text(comparisons: Iterable[Comparison]) -> str:
    """Return how many values that were asked for are the same and have no line; empty for none."""
    asked = [metric for _, metric in all_metrics(comparisons) if metric.name in _ASKED_FOR]
    same = [metric for metric in asked if metric.verdict is MetricVerdict.SAME and not metric.gated]
    names = ", ".join(sorted({metric.name for metric in same}))
    return f"{names}: the same in {len(same)} of {len(asked)}" if same else ""


def metric_cells(metric: Metric) -> tuple[str, str, str, str]:
    """Return base, head, change and verdict as text."""
    return (
        metric_text(metric.base, metric.unit),
        head_text(metric),
        change_text(metric_change(metric)),
        metric_verdict_text(metric),
    )


def head_text(metric: Metric) -> str:
    """Return the head's value; of several repetitions their mean, its interval and their number."""
    if not metric.samples:
        return metric_text(metric.head, metric.unit)
    found = interval(metric.samples, floor=0.0)
    mean, low, high = (metric_text(value, metric.unit) for value in (found.center, found.low, found.high))
    return f"{mean} [{low}, {high}], {len(metric.samples)} times"


def metric_verdict_text(metric: Metric) -> str:
    """Return the verdict in words, empty where there is none: capitals where a person has to look."""
    if metric.verdict is None:
        return ""
    text = str(metric.verdict)
    if metric.verdict is MetricVerdict.SAME and metric.margin:
        text = f"same within {percent(metric.margin)}"
    elif metric.verdict in {MetricVerdict.WORSE, MetricVerdict.INCONCLUSIVE}:
        text = text.upper()
    return f"{text}, failed" if metric.failed else text


def failed_text(metric: Metric) -> str:
    """Return one line that says why a metric fails its test."""
    base, head, change, _ = metric_cells(metric)
    if metric.head is not None and not math.isfinite(metric.head):
        head = str(metric.head)
    shown = f"{change}, " if change != "-" else ""
    margin = f"margin {percent(metric.margin)}" if metric.margin else "any change counts"
    return f"WORSE: {metric.name} {base} -> {head}, {shown}{margin}, {metric.better} is better"


def _tells(comparison: Comparison, metric: Metric) -> bool:
    if metric.gated or (metric.name in _ASKED_FOR and metric.verdict is not MetricVerdict.SAME):
        return True
    if metric.name in _CLOCKS and (comparison.verdict, metric.verdict) in _ALSO_SAID:
        return False
    return metric.verdict in {MetricVerdict.WORSE, MetricVerdict.BETTER}
