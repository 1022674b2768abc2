"""Rules `percentage` and `ratio` in tables: a column for the change, the others for what changed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import permutations

from pytest_bolt.journal.document.model import Cell, Table
from pytest_bolt.journal.document.whole import Document
from pytest_bolt.journal.lint.changes import judged
from pytest_bolt.journal.lint.claim import Claim, Way
from pytest_bolt.journal.lint.finding import Finding, Severity
from pytest_bolt.journal.lint.interval import Interval
from pytest_bolt.journal.lint.quantity import Quantity, quantities
from pytest_bolt.journal.lint.table_reading import (
    columns_of,
    figure,
    header_unit,
    plain,
    says_same,
    shown_row,
)

_INTERVAL = re.compile(r"\[(?P<low>[-+]?\d[\d.]*)[ %x]{0,3}, ?(?P<high>[-+]?\d[\d.]*)[ %x]{0,3}\]")
_LESS = re.compile(r"reduc|decreas|sav|drop|fewer|less", re.IGNORECASE)
_EITHER = re.compile(r"speed|improv|gain|vs|relative|overhead|slowdown", re.IGNORECASE)
_MIN_ROWS, _MIN_SHARE = 2, 0.6
_UNCHANGED = 0.02
_MEDIANS = 0.5

Reading = Callable[[Sequence[Quantity | None]], tuple[Quantity, Quantity] | None]


def table_changes(document: Document) -> Iterator[Finding]:
    """Find cells of a change that the other cells of their row cannot give."""
    for table in document.tables:
        columns = columns_of(table)
        for column in columns.changes:
            if columns.before is not None and columns.after is not None:
                pair = (columns.before, columns.after)
                yield from _by_pair(document, table, column, pair)
            else:
                yield from _by_vote(document, table, column)


def _by_pair(document: Document, table: Table, column: int, pair: tuple[int, int]) -> Iterator[Finding]:
    for cells in table.rows:
        if len(cells) <= max(column, *pair):
            continue
        texts = shown_row(document, cells)
        before, after = (_cell_figure(table, texts, n) for n in pair)
        if before is None or after is None:
            continue
        finding = _judged(table, texts, cells[column], column, before, after)
        if finding is not None:
            yield finding


def _judged(
    table: Table, texts: Sequence[str], cell: Cell, column: int, before: Quantity, after: Quantity
) -> Finding | None:
    if before.kind != after.kind:
        return None
    text = texts[column]
    place = (cell.line, cell.column)
    if says_same(text):
        return _not_same(text, before, after, place)
    claim = _claim(text, plain(table.header[column].text))
    if claim is None:
        return _difference(text, before, after, place)
    return judged(claim, before, after, place)


def _by_vote(document: Document, table: Table, column: int) -> Iterator[Finding]:
    """Judge rows by the pair of columns, or the row of 1.00x, that explains most of them."""
    rows = [cells for cells in table.rows if len(cells) == len(table.header)]
    shown = [shown_row(document, cells) for cells in rows]
    best: list[Finding | None] = []
    for reading in _readings(table, shown, column):
        results = []
        for cells, texts in zip(rows, shown, strict=True):
            figures = [_cell_figure(table, texts, n) for n in range(len(texts))]
            pair = reading(figures)
            if pair is None or _claim(texts[column], plain(table.header[column].text)) is None:
                continue
            results.append(_judged(table, texts, cells[column], column, *pair))
        right = sum(result is None or result.severity is Severity.ADVICE for result in results)
        if right > _MIN_ROWS - 1 and right >= _MIN_SHARE * len(results):
            score = right - (len(results) - right)
            if not best or score > sum(1 if one is None else -1 for one in best):
                best = results
    yield from (finding for finding in best if finding is not None and finding.severity is Severity.ERROR)


def _readings(table: Table, shown: Sequence[Sequence[str]], column: int) -> Iterator[Reading]:
    width = len(table.header)
    others = [n for n in range(1, width) if n != column]
    for one, other in permutations(others[:8], 2):
        if one < other:
            yield lambda figures, a=one, b=other: _both(figures[a], figures[b])  # type: ignore[misc]
    base = next((n for n, texts in enumerate(shown) if _is_one(texts[column])), None)
    if base is not None:
        for one in others[:8]:
            figure_of_base = _cell_figure(table, shown[base], one)
            if figure_of_base is not None:
                yield lambda figures, a=one, b=figure_of_base: _both(b, figures[a])  # type: ignore[misc]


def _both(one: Quantity | None, other: Quantity | None) -> tuple[Quantity, Quantity] | None:
    return None if one is None or other is None or one is other else (one, other)


def _is_one(text: str) -> bool:
    found = quantities(text)
    return len(found) == 1 and found[0].kind in {"x", ""} and found[0].value == 1.0


def _cell_figure(table: Table, texts: Sequence[str], column: int) -> Quantity | None:
    if column >= len(texts):
        return None
    return figure(texts[column], header_unit(table.header[column].text))


def _claim(text: str, header: str) -> Claim | None:
    found = quantities(text)
    if not found or text[: found[0].start].strip(" *~≈(+-"):
        return None
    first = found[0]
    kind = first.kind or ("%" if "%" in header else "x" if header.rstrip(")").endswith("x") else "")
    if kind not in {"%", "x"}:
        ratio = re.search(r"ratio|speed-?\s?up|factor", header, re.IGNORECASE)
        if first.kind or not ratio:
            return None
        kind = "x"
    signed = first.signed or (
        first.value != 0 and first.mark == "" and text.lstrip(" *").startswith(("+", "-"))
    )
    way = Way.LESS if _LESS.search(header) else Way.EITHER if _EITHER.search(header + text) else Way.BARE
    allowed = _bracketed(text, first) or first.claimed
    return Claim(
        start=first.start,
        end=first.end,
        what=kind,
        way=way,
        value=first.value,
        allowed=allowed,
        truncated=Interval(allowed.low - first.ulp / 2, allowed.high + first.ulp / 2),
        ulp=first.ulp,
        text=first.text,
        signed=signed and way is not Way.LESS,
    )


def _bracketed(text: str, first: Quantity) -> Interval | None:
    """Return the interval printed behind an estimate: medians of pairs are no ratio of medians."""
    found = _INTERVAL.search(text, first.end)
    if found is None:
        return None
    low, high = sorted((float(found["low"].rstrip(".")), float(found["high"].rstrip("."))))
    return Interval(min(low, first.value), max(high, first.value)).stretched(_MEDIANS)


def _not_same(text: str, before: Quantity, after: Quantity, place: tuple[int, int]) -> Finding | None:
    room = 0.0 if "identical" in text.lower() or "equal" in text.lower() else _UNCHANGED
    if before.range.widened(room).meets(after.range):
        return None
    change = (after.value / before.value - 1) * 100 if before.value else float("inf")
    return Finding(
        line=place[0],
        column=place[1],
        rule="percentage",
        seen=text.strip(),
        expected=f"{change:+.1f} %",
        message=f"`{text.strip()}`: {before.text} and {after.text} differ by {change:+.1f} %",
    )


def _difference(text: str, before: Quantity, after: Quantity, place: tuple[int, int]) -> Finding | None:
    """Judge a change printed as a difference in the unit of the row: `-12 ms`."""
    found = quantities(text)
    if not found or text[: found[0].start].strip(" *~≈(+-") or "[" in text:
        return None
    claim = found[0]
    points = claim.kind in {"pp", ""} and before.kind == "%"
    if not (claim.signed or claim.value == 0) or not (points or claim.kind == before.kind):
        return None
    possible = after.range - before.range
    half = claim.ulp / 2
    allowed = Interval(claim.claimed.low - half, claim.claimed.high + half)
    if allowed.meets(possible) or allowed.meets(-possible):
        return None
    expected = claim.shown(after.value - before.value)
    return Finding(
        line=place[0],
        column=place[1],
        rule="arithmetic",
        seen=claim.text,
        expected=expected,
        message=f"`{claim.text}`: {after.text} - {before.text} is {expected}",
    )
