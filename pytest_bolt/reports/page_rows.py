"""What the page says of each benchmark: its row in the table and what stands below."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pytest_bolt.core.comparison import Comparison
from pytest_bolt.core.metric_text import metric_cells
from pytest_bolt.core.plain_text import one_line, sentence, shortened
from pytest_bolt.core.record import BASELINE_MODE
from pytest_bolt.core.summary import (
    MachineLimits,
    clock_text,
    effect_text,
    ordered,
    percent,
    rate_cells,
    shows_speed,
    throughput,
    time_text,
    verdict_text,
)
from pytest_bolt.core.units import IterationTime
from pytest_bolt.core.verdict import SEVERITY, Verdict

_SYMBOLS = {
    Verdict.INCORRECT: "\N{MULTIPLICATION X}",
    Verdict.INCOMPARABLE: "\N{NOT EQUAL TO}",
    Verdict.MISSING: "\N{MINUS SIGN}",
    Verdict.NEW: "+",
    Verdict.SLOWER: "\N{BLACK UP-POINTING TRIANGLE}",
    Verdict.FASTER: "\N{BLACK DOWN-POINTING TRIANGLE}",
    Verdict.SAME: "\N{BLACK CIRCLE}",
    Verdict.INCONCLUSIVE: "\N{WHITE DIAMOND}",
}  # the shapes that figures have
_RANK = {verdict: rank for rank, verdict in enumerate(SEVERITY)}
_OPEN = frozenset({Verdict.INCORRECT, Verdict.SLOWER, Verdict.FASTER})
_NAME_COLUMNS = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A cell of the table: what is read, and what it is sorted by (empty for what has no number)."""

    text: str
    value: str
    number: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One benchmark; `figures` are SVG elements, `reasons` and `detail` lines of text."""

    anchor: str
    node_id: str
    short: str
    verdict: str
    symbol: str
    said: str
    cells: tuple[Cell, ...]
    open: bool
    reasons: tuple[str, ...]
    detail: tuple[str, ...]
    figures: tuple[str, ...]
    facts: tuple[tuple[str, str], ...]
    metrics: tuple[tuple[str, ...], ...]


def rows_of(
    comparisons: Sequence[Comparison],
    figures: Mapping[str, Sequence[str]],
    limits: MachineLimits | None,
) -> tuple[Row, ...]:
    """Return the benchmarks, most severe verdict first.

    Arguments:
        comparisons: of a run, those with a time.
        figures: by case key, as SVG elements.
        limits: what the machine can do at best.
    """
    return tuple(
        _row(f"benchmark-{number}", comparison, figures.get(comparison.case.case_id.key, ()), limits)
        for number, comparison in enumerate(ordered(comparisons), start=1)
    )


def _row(anchor: str, comparison: Comparison, figures: Sequence[str], limits: MachineLimits | None) -> Row:
    speed = shows_speed(comparison)
    node_id = one_line(comparison.case.case_id.node_id)
    effect = effect_text(comparison)
    verdict = verdict_text(comparison)
    return Row(
        anchor=anchor,
        node_id=node_id,
        short=shortened(node_id, _NAME_COLUMNS),
        verdict=str(comparison.verdict),
        symbol=_SYMBOLS[comparison.verdict],
        said=verdict if effect == "-" else f"{verdict} {effect}",
        cells=_cells(comparison, verdict, effect),
        open=comparison.verdict in _OPEN,
        reasons=tuple(sentence(text) for text in (comparison.reason, *comparison.warnings) if text),
        detail=tuple(comparison.detail.splitlines()),
        figures=tuple(figures) if speed else (),
        facts=_facts(comparison, limits) if speed else (),
        metrics=tuple((m.name, *metric_cells(m)) for m in comparison.metrics) if speed else (),
    )


def _cells(comparison: Comparison, verdict: str, effect: str) -> tuple[Cell, ...]:
    speed = shows_speed(comparison)
    visible = comparison.detectable if speed else None
    sides = [(time, time.ns if speed and time is not None else None) for time in _times(comparison)]
    return (
        Cell(text=verdict, value=str(_RANK[comparison.verdict])),
        *(Cell(text=time_text(comparison, time), value=_number(value), number=True) for time, value in sides),
        Cell(text=effect, value=_number(_shown_ratio(comparison)), number=True),
        Cell(text=percent(visible), value=_number(visible), number=True),
        Cell(text=comparison.case.device, value=comparison.case.device),
    )


def _shown_ratio(comparison: Comparison) -> float | None:
    """Return the ratio as the cell shows it: against another implementation the speedup."""
    ratio = comparison.ratio if shows_speed(comparison) else None
    if ratio is None or ratio.estimate <= 0:
        return None
    return 1 / ratio.estimate if comparison.mode == BASELINE_MODE else ratio.estimate


def _times(comparison: Comparison) -> tuple[IterationTime | None, IterationTime | None]:
    return comparison.base_time, comparison.head_time


def _number(value: float | None) -> str:
    return f"{value:.9g}" if value is not None and math.isfinite(value) else ""


def _facts(comparison: Comparison, limits: MachineLimits | None) -> tuple[tuple[str, str], ...]:
    work = comparison.case.workload
    rate = throughput(comparison, limits)
    base, head, share = rate_cells(rate) if rate is not None else ("", "", "")
    measured = comparison.ratio is not None
    facts = {
        "process pairs": str(comparison.pairs) if measured else "",
        "margin": percent(comparison.margin) if measured else "",
        "clock": clock_text(comparison.clock) if comparison.head_time is not None else "",
        "method": comparison.method,
        "operation": comparison.case.operation,
        "implementation": comparison.case.implementation,
        "dtype": work.dtype,
        "throughput of the base": base,
        "throughput of the head": head,
        "share of the machine's limit": share,
        **comparison.notes,
    }
    return tuple((name, value) for name, value in facts.items() if value not in {"", "-"})
