"""The table at the end of a pytest run, as lines for pytest's own terminal reporter."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from pytest_bolt.core.command_text import rerun_command, show_command
from pytest_bolt.core.comparison import Comparison
from pytest_bolt.core.measurement import Clock
from pytest_bolt.core.metric_text import (
    METRIC_HEADER,
    failed_text,
    metric_cells,
    telling_metrics,
    unchanged_text,
)
from pytest_bolt.core.plain_text import display_width, one_line, padded, sentence
from pytest_bolt.core.record import Revision, Run, Summary
from pytest_bolt.core.summary import (
    NOISE_ONLY,
    MachineLimits,
    clock_text,
    effect_header,
    effect_text,
    noise_only,
    ordered,
    percent,
    procedure,
    rate_cells,
    shows_speed,
    speedup_lines,
    throughput,
    time_text,
    verdict_text,
)
from pytest_bolt.core.verdict import MetricVerdict, Verdict

_HEADER = ("benchmark", "base", "head", "change", "visible from", "verdict")
_RATE_HEADER = ("benchmark", "base", "head", "of the machine's limit")
_HOW = ("baseline", "clock", "threads", "interleave")  # notes of what a test asked for
_GAP = "  "
_INDENT = 2
_WIDEST_ID = 100  # columns for ids where the output is no terminal
_MOST_DETAIL_LINES = 6
_MARKUP: Mapping[Verdict, Mapping[str, bool]] = {
    Verdict.INCORRECT: {"red": True, "bold": True},
    Verdict.INCOMPARABLE: {"yellow": True},
    Verdict.MISSING: {"yellow": True},
    Verdict.NEW: {"cyan": True},
    Verdict.SLOWER: {"red": True},
    Verdict.FASTER: {"green": True},
    Verdict.SAME: {},
    Verdict.INCONCLUSIVE: {"yellow": True},
}
_METRIC_MARKUP: Mapping[MetricVerdict | None, Mapping[str, bool]] = {
    MetricVerdict.WORSE: {"red": True},
    MetricVerdict.BETTER: {"green": True},
    MetricVerdict.INCONCLUSIVE: {"yellow": True},
}
_STRONG: Mapping[str, bool] = {"bold": True}
_PLAIN: Mapping[str, bool] = {}


class Line(NamedTuple):
    """One line of text and the keyword arguments that pytest's `write_line` takes with it."""

    text: str
    markup: Mapping[str, bool]


def lines(summary: Summary, *, width: int | None, limits: MachineLimits | None = None) -> Iterator[Line]:
    """Yield the report of a run, its coverage last.

    Arguments:
        summary: the finished run.
        width: columns of the terminal; None where the output is not one, and then every line says
            all of a node id. No id is ever cut: where a row does not fit, its numbers follow below.
        limits: what the machine can do at best, for the share of it that each benchmark reaches.
    """
    comparisons = ordered(summary.timed)
    prefix = _common_prefix(comparisons) if width is not None else ""
    if prefix:
        yield Line(f"benchmarks in {prefix}", _PLAIN)
    if comparisons:
        yield from _verdict_table(comparisons, prefix, width)
        yield from _rate_table(comparisons, prefix, width, limits)
        yield from _metric_table(comparisons, prefix, width)
    yield from _about(summary)
    yield Line(summary.coverage(), _STRONG)


def failure_message(comparison: Comparison, run: Run) -> str:
    """Return the few lines with which the test of a benchmark fails."""
    body = _speed_lines(comparison, run) if shows_speed(comparison) else _wrong_lines(comparison)
    more = (f"  -> {show_command(run, comparison)}", f"  -> {rerun_command(run, comparison)}")
    return "\n".join((*body, *more))


def _verdict_table(comparisons: Sequence[Comparison], prefix: str, width: int | None) -> Iterator[Line]:
    rows = [_verdict_row(comparison, prefix) for comparison in comparisons]
    table = _Table(effect_header(_HEADER, comparisons), rows, width)
    yield from table.header()
    for comparison, row in zip(comparisons, rows, strict=True):
        yield from table.row(row, _MARKUP[comparison.verdict])
        if comparison.reason:
            yield Line(f"    {sentence(comparison.reason)}", _PLAIN)
        for warning in comparison.warnings:
            yield Line(f"    warning: {sentence(warning)}", _PLAIN)


def _verdict_row(comparison: Comparison, prefix: str) -> tuple[str, ...]:
    return (
        _name(comparison, prefix),
        time_text(comparison, comparison.base_time),
        time_text(comparison, comparison.head_time),
        effect_text(comparison),
        percent(comparison.detectable) if shows_speed(comparison) else "-",
        verdict_text(comparison),
    )


def _rate_table(
    comparisons: Sequence[Comparison], prefix: str, width: int | None, limits: MachineLimits | None
) -> Iterator[Line]:
    known = limits is not None
    rates = [(c, rate) for c in comparisons if (rate := throughput(c, limits)) is not None]
    rows = [(_name(c, prefix), *rate_cells(rate)[: 3 if known else 2]) for c, rate in rates]
    if rows:
        table = _Table(_RATE_HEADER[: 4 if known else 3], rows, width)
        yield Line("", _PLAIN)
        yield from table.header()
        for row in rows:
            yield from table.row(row, _PLAIN)


def _metric_table(comparisons: Sequence[Comparison], prefix: str, width: int | None) -> Iterator[Line]:
    shown = telling_metrics(comparisons)
    rows = [(_name(c, prefix), one_line(metric.name), *metric_cells(metric)) for c, metric in shown]
    if rows:
        table = _Table(METRIC_HEADER, rows, width)
        yield Line("", _PLAIN)
        yield from table.header()
        for row, (_, metric) in zip(rows, shown, strict=True):
            yield from table.row(row, _METRIC_MARKUP.get(metric.verdict, _PLAIN))
    if same := unchanged_text(comparisons):
        yield Line(same, _PLAIN)


def _about(summary: Summary) -> Iterator[Line]:
    run = summary.run
    yield Line("", _PLAIN)
    if run.base is not None:
        yield Line(f"base {revision_text(run.base)}", _PLAIN)
    yield Line(f"head {revision_text(run.head)}", _PLAIN)
    for text in (*speedup_lines(summary.comparisons), *procedure(summary)):
        yield Line(text, _PLAIN)
    if noise_only(summary):
        yield Line(NOISE_ONLY, {"yellow": True, "bold": True})
    for note in run.notes:
        yield Line(sentence(note), _PLAIN)


def revision_text(revision: Revision) -> str:
    """Return ten digits of the commit, a plus for a dirty tree, and what it is called."""
    names = [name for name in dict.fromkeys((revision.name, revision.branch)) if name]
    called = f" ({', '.join(map(one_line, names))})" if names else ""
    return f"{revision.short}{called}"


def _name(comparison: Comparison, prefix: str) -> str:
    return one_line(comparison.case.case_id.node_id).removeprefix(prefix)


def _common_prefix(comparisons: Sequence[Comparison]) -> str:
    """Return the folders, file and classes that all node ids share, up to a `/` or `::`."""
    paths = [_name(comparison, "").partition("[")[0] for comparison in comparisons]
    if len(paths) < 2:
        return ""
    shared = next((at for at, chars in enumerate(zip(*paths, strict=False)) if len(set(chars)) > 1), None)
    text = min(paths, key=len) if shared is None else paths[0][:shared]
    end = max(text.rfind("/") + 1, text.rfind("::") + 2 if "::" in text else 0)
    return text[:end]


def _speed_lines(comparison: Comparison, run: Run) -> tuple[str, ...]:
    ratio = comparison.ratio
    change = f": {effect_text(comparison)} (ratio {ratio.estimate:.3f})" if ratio is not None else ""
    head = f"{str(comparison.verdict).upper()}{change}, margin {percent(comparison.margin)}"
    sides = []
    for name, revision, time in (
        ("base", run.base, comparison.base_time),
        ("head", run.head, comparison.head_time),
    ):
        if revision is not None:
            sides.append(f"  {name}  {revision_text(revision)}  {time_text(comparison, time)}")
    why = [f"  {sentence(comparison.reason)}"] if comparison.reason else []
    worse = [one_line(failed_text(metric)) for metric in comparison.metrics if metric.failed]
    lines = (head, *sides, *_measured(comparison), *why)
    if worse and comparison.verdict is not Verdict.SLOWER:  # then it is the metrics that failed the test
        return (*worse, *(f"  {line.strip()}" for line in lines))
    return (*lines, *(f"  {line}" for line in worse))


def _measured(comparison: Comparison) -> tuple[str, ...]:
    if comparison.ratio is None:
        return ()
    pairs = f"{comparison.pairs} process pair{'s' * (comparison.pairs != 1)}"
    clock = clock_text(Clock(comparison.clock))
    seen = f"smallest effect visible {percent(comparison.detectable)}"
    notes = [f"  {name}: {one_line(comparison.notes[name])}" for name in _HOW if name in comparison.notes]
    return (f"  {comparison.mode}, {clock}, {pairs}; {seen}", *notes)


def _wrong_lines(comparison: Comparison) -> tuple[str, ...]:
    reason = sentence(comparison.reason) or "the check failed"
    detail = [f"  {one_line(line)}" for line in comparison.detail.splitlines() if line.strip()]
    cut = ["  ..."] if len(detail) > _MOST_DETAIL_LINES else []
    return (
        f"INCORRECT: {reason}",
        "  no speed is shown for a wrong answer",
        *detail[:_MOST_DETAIL_LINES],
        *cut,
    )


class _Table:
    """Aligned columns; an id too long for the first one has its numbers on the line below."""

    def __init__(self, header: Sequence[str], rows: Sequence[Sequence[str]], width: int | None) -> None:
        self._header = header
        first, *rest = (
            [display_width(cell) for cell in column] for column in zip(header, *rows, strict=True)
        )
        self._rest = [max(widths) for widths in rest]
        numbers = sum(self._rest) + len(_GAP) * len(self._rest)
        room = _WIDEST_ID if width is None else width - numbers
        self._first = max((width for width in first if width <= room), default=_INDENT)

    def header(self) -> Iterator[Line]:
        yield from self.row(self._header, _STRONG)

    def row(self, cells: Sequence[str], markup: Mapping[str, bool]) -> Iterator[Line]:
        first, *rest = cells
        last = len(rest) - 1
        columns = enumerate(zip(rest, self._rest, strict=True))
        numbers = _GAP.join(padded(cell, width, right=at < last) for at, (cell, width) in columns).rstrip()
        if display_width(first) > self._first:
            yield Line(first, markup)
            first = ""
        yield Line(f"{padded(first, self._first)}{_GAP}{numbers}", markup)
