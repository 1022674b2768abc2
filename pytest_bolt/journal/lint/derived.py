"""Rules `throughput`, `parameters` and `arithmetic` of tables: rates, sizes of models, totals."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pytest_bolt.journal.document.model import Cell, Table
from pytest_bolt.journal.document.whole import Document
from pytest_bolt.journal.lint.finding import Finding, Severity
from pytest_bolt.journal.lint.interval import Interval
from pytest_bolt.journal.lint.quantity import Quantity
from pytest_bolt.journal.lint.table_reading import figure, plain, shown_row

_BATCH = re.compile(r"\b(?:B|batch(?:[ _]size)?)[ ]?=[ ]?(\d{1,6})\b", re.IGNORECASE)
_CONTEXT = re.compile(
    r"\b(?:T|block(?:[ _]size)?|context|seq(?:[ _]len)?)[ ]?=[ ]?(\d{1,6})\b", re.IGNORECASE
)
_STEPS = re.compile(r"\b(\d{1,7})[ ](?:training[ ])?(?:steps|iters|iterations)\b", re.IGNORECASE)
_STEP_TIME = re.compile(r"\b(?P<unit>ms|s|us)[ ]?/[ ]?(?:step|iter)", re.IGNORECASE)
_RATE = re.compile(r"\btok(?:ens?|s)?[ ]?/[ ]?s", re.IGNORECASE)
_TOTAL_TIME = re.compile(r"\btotal (?:time|wall)", re.IGNORECASE)
_LAYERS = re.compile(r"^layers$|^n_?layers?$|^depth$", re.IGNORECASE)
_WIDTH = re.compile(r"embedding dim|^n_?embd$|^d_?model$|^hidden(?: dim| size)?$|^width$", re.IGNORECASE)
_PARAMETERS = re.compile(r"^param(?:eter)?s?\b", re.IGNORECASE)
_TOTAL = re.compile(r"^(?:total|sum)$", re.IGNORECASE)
_NO_PART = re.compile(r"\beach\b|\bper\b|\bof which\b|\bincl", re.IGNORECASE)
_SUMMED = ("", "time", "bytes", "tokens")
_UNITS = {"ms": 1e-3, "s": 1.0, "us": 1e-6}


def derived(document: Document) -> Iterator[Finding]:
    """Find cells that follow from other cells of their row or column, and do not."""
    for table in document.tables:
        yield from _rates(document, table)
        yield from _model_sizes(document, table)
        yield from _totals(document, table)


def _rates(document: Document, table: Table) -> Iterator[Finding]:
    """Hold rates and total times against the time of a step, where B, T and the steps are named."""
    names = [plain(cell.text) for cell in table.header]
    step = next((n for n, name in enumerate(names) if _STEP_TIME.search(name)), None)
    if step is None:
        return
    caption = "\n".join(document.source.shown[max(0, table.span.start - 5) : table.span.start - 1])
    unit = _UNITS[str(_STEP_TIME.search(names[step])["unit"]).lower()]  # type: ignore[index]
    batch, context, steps = (pattern.search(caption) for pattern in (_BATCH, _CONTEXT, _STEPS))
    for cells in table.rows:
        texts = shown_row(document, cells)
        for n, name in enumerate(names[: len(cells)]):
            time = figure(texts[step]) if step < len(texts) else None
            value = figure(texts[n])
            if time is None or value is None or time.kind:
                continue
            seconds = Interval(time.range.low * unit, time.range.high * unit)
            if _RATE.search(name) and batch and context:
                tokens = float(batch[1]) * float(context[1])
                yield from _rate(value, Interval(tokens, tokens) / seconds, cells[n], "tokens/s")
            elif _TOTAL_TIME.search(name) and steps and value.kind == "time":
                count = float(steps[1])
                yield from _rate(value, Interval(count, count) * seconds, cells[n], "s")


def _rate(value: Quantity, possible: Interval, cell: Cell, unit: str) -> Iterator[Finding]:
    wide = Interval(value.claimed.low - value.ulp / 2, value.claimed.high + value.ulp / 2)
    if wide.meets(possible):
        return
    expected = f"{possible.middle:.4g} {unit}"
    yield Finding(
        line=cell.line,
        column=cell.column,
        rule="throughput",
        seen=value.text,
        expected=expected,
        message=f"`{value.text}`: the time of a step in this row gives {expected}",
    )


def _model_sizes(document: Document, table: Table) -> Iterator[Finding]:
    """Hold parameters against the 12 L D^2 of layers with attention and a four times wider MLP."""
    rows: dict[str, tuple[Cell, ...]] = {}
    for cells in table.rows:
        label = plain(cells[0].text) if cells else ""
        for name, pattern in (("L", _LAYERS), ("D", _WIDTH), ("P", _PARAMETERS)):
            if pattern.search(label):
                rows.setdefault(name, cells)
    if len(rows) < 3:
        return
    texts = {name: shown_row(document, cells) for name, cells in rows.items()}
    for n in range(1, min(map(len, texts.values()))):
        layers, width, size = (figure(texts[name][n]) for name in "LDP")
        if layers is None or width is None or size is None or not layers.value or not width.value:
            continue
        core = 12 * layers.value * width.value**2
        if size.claimed.high < core:
            cell = rows["P"][n]
            message = f"`{size.text}`: {layers.text} layers of {width.text} alone have 12 L D^2 = {core:,.0f}"
            yield Finding(
                line=cell.line,
                column=cell.column,
                rule="parameters",
                severity=Severity.ADVICE,
                seen=size.text,
                expected=f"at least {core:,.0f}",
                message=message,
            )


def _totals(document: Document, table: Table) -> Iterator[Finding]:
    """Hold a last row `Total` against the sum of the rows above."""
    if len(table.rows) < 3 or not table.rows[-1] or not _TOTAL.match(plain(table.rows[-1][0].text)):
        return
    if any(row and _NO_PART.search(row[0].text) for row in table.rows):
        return
    last = table.rows[-1]
    texts = [shown_row(document, cells) for cells in table.rows]
    for n in range(1, len(last)):
        figures = [figure(row[n]) if n < len(row) else None for row in texts]
        total, parts = figures[-1], [one for one in figures[:-1] if one is not None]
        if total is None or len(parts) != len(table.rows) - 1 or total.kind not in _SUMMED:
            continue
        if any(part.kind != total.kind for part in parts):
            continue
        possible = parts[0].range
        for part in parts[1:]:
            possible += part.range
        if total.claimed.meets(possible) or not 0.05 <= total.value / (possible.middle or 1.0) <= 20:
            continue
        expected = total.shown(sum(part.value for part in parts))
        yield Finding(
            line=last[n].line,
            column=last[n].column,
            rule="arithmetic",
            seen=total.text,
            expected=expected,
            message=f"`{total.text}`: the rows above add up to {expected}",
        )
