"""The tables of the Markdown report."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from pytest_bolt.core.comparison import Comparison, Metric
from pytest_bolt.core.markdown_text import Markdown, code, escape, table
from pytest_bolt.core.metric_text import METRIC_HEADER, all_metrics, metric_cells
from pytest_bolt.core.plain_text import clipped, sentence
from pytest_bolt.core.summary import (
    MachineLimits,
    effect_header,
    effect_text,
    ordered,
    percent,
    rate_cells,
    shows_speed,
    throughput,
    time_text,
    verdict_text,
)

_LONGEST_NAME = 500
_LONGEST_REASON = 500
_HEADER = ("benchmark", "device", "base", "head", "change", "verdict")
_WHOLE_HEADER = (*_HEADER[:-1], "smallest effect visible", "verdict")
_RATE_HEADER = ("benchmark", "base", "head", "of the machine's limit")


def identifier(text: str) -> Markdown:
    """Return a name as code, its middle left out where nobody would read it to the end."""
    return code(clipped(text, _LONGEST_NAME))


def prose(text: str, most: int) -> Markdown:
    """Return foreign prose on one line of at most `most` characters."""
    return escape(clipped(sentence(text), most))


def by_effect(comparisons: Iterable[Comparison]) -> Sequence[Comparison]:
    """Return the comparisons with the largest effect first, in the order that they had where it is equal."""
    return sorted(comparisons, key=_effect, reverse=True)


def changes_table(comparisons: Iterable[Comparison]) -> Markdown:
    """Return what changed and by how much, a row a benchmark."""
    shown = tuple(comparisons)
    rows = ((*_cells(c), _verdict(c)) for c in shown)
    return table(effect_header(_HEADER, shown), rows, right=(2, 3, 4))


def whole_table(comparisons: Iterable[Comparison]) -> tuple[Markdown, int]:
    """Return a table that says of each benchmark also what it could have seen, and its number of rows."""
    shown = tuple(comparisons)
    rows = ((*_cells(c), _visible(c), _verdict(c)) for c in shown)
    return table(effect_header(_WHOLE_HEADER, shown), rows, right=(2, 3, 4, 5)), len(shown)


def throughput_table(comparisons: Iterable[Comparison], limits: MachineLimits | None) -> tuple[Markdown, int]:
    """Return the rates of the benchmarks that declare their work, and their number."""
    rates = [(c, rate) for c in ordered(comparisons) if (rate := throughput(c, limits)) is not None]
    rows = [(_name(c), *rate_cells(rate)) for c, rate in rates]
    return table(_RATE_HEADER, rows, right=(1, 2, 3)), len(rows)


def failed_metrics_table(comparisons: Iterable[Comparison]) -> str:
    """Return the metrics that failed their test, under a heading; empty for none."""
    failed = [(c, metric) for c, metric in all_metrics(comparisons) if metric.failed]
    return f"### Worse by a metric\n\n{_metric_table(failed)}" if failed else ""


def metrics_table(comparisons: Iterable[Comparison]) -> tuple[Markdown, int]:
    """Return every metric, and their number."""
    found = all_metrics(comparisons)
    return _metric_table(found), len(found)


def environment_table(facts: Mapping[str, str]) -> Markdown:
    """Return what is known of machine and interpreter."""
    return table(("fact", "value"), ((clipped(k, 100), identifier(v)) for k, v in sorted(facts.items())))


def _metric_table(found: Iterable[tuple[Comparison, Metric]]) -> Markdown:
    rows = ((_name(c), clipped(metric.name, 200), *_metric_cells(metric)) for c, metric in found)
    return table(METRIC_HEADER, rows, right=(2, 3, 4))


def _metric_cells(metric: Metric) -> tuple[str, ...]:
    return tuple(clipped(cell, 200) for cell in metric_cells(metric))


def _cells(comparison: Comparison) -> tuple[str, ...]:
    return (
        _name(comparison),
        clipped(comparison.case.device, 40),
        time_text(comparison, comparison.base_time),
        time_text(comparison, comparison.head_time),
        Markdown(effect_text(comparison)),
    )


def _name(comparison: Comparison) -> Markdown:
    return identifier(comparison.case.case_id.node_id)


def _visible(comparison: Comparison) -> str:
    return percent(comparison.detectable if shows_speed(comparison) else None)


def _verdict(comparison: Comparison) -> str:
    reasons = [text for text in (comparison.reason, *comparison.warnings) if text]
    return clipped(sentence("; ".join([verdict_text(comparison), *reasons])), _LONGEST_REASON)


def _effect(comparison: Comparison) -> float:
    ratio = comparison.ratio.estimate if comparison.ratio is not None and shows_speed(comparison) else 1.0
    return abs(math.log(ratio)) if 0 < ratio < math.inf else 0.0
