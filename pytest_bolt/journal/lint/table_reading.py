"""Columns of a table by what their headers say, and the figures of its cells."""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass

from pytest_bolt.journal.document.model import Cell, Span, Table
from pytest_bolt.journal.document.whole import Document
from pytest_bolt.journal.lint.quantity import Quantity, quantities

_BEFORE = re.compile(
    r"before|baseline|base|old|previous|prior|original|main|master|control|unoptimi[sz]ed|reference|from",
    re.IGNORECASE,
)
_AFTER = re.compile(
    r"after|new|optimi[sz]ed|current|now|head|candidate|patched|final|this|to|result|improved", re.IGNORECASE
)
_CHANGE = re.compile(
    r"change|delta|Δ|diff|improve|speed-?\s?up|gain|ratio|factor|reduction|savings?|overhead|vs\b|relative|rel\b|%|x$"
    r"|slowdown|regress|inflation",
    re.IGNORECASE,
)
_HEADER_UNIT = re.compile(r"[(\[](?P<unit>[A-Za-z%/ ]{1,16})[)\]]|,\s*(?P<after>[A-Za-z%]{1,6})$")
_SAME = re.compile(r"[~≈]?(?:unchanged|same|identical|no change|none|equal|=)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Which columns stand for before, after and the change between them; None where there is none."""

    before: int | None
    after: int | None
    changes: tuple[int, ...]


def columns_of(table: Table) -> Columns:
    """Return what the headers of a table say."""
    names = [plain(cell.text) for cell in table.header]
    changes = tuple(n for n, name in enumerate(names) if n and _CHANGE.search(name))
    rest = [n for n, _ in enumerate(names) if n and n not in changes]
    before = [n for n in rest if _BEFORE.match(names[n])]
    after = [n for n in rest if _AFTER.match(names[n])]
    if len(rest) == 2 and len(before) == 1 and not after:
        after = [n for n in rest if n not in before]
    return Columns(
        before=before[0] if len(before) == 1 else None,
        after=after[0] if len(after) == 1 else None,
        changes=changes,
    )


def tables_within(document: Document, span: Span) -> tuple[Table, ...]:
    """Return the tables that start in these lines."""
    first, last = (bisect_left(document.tables, at, key=_start) for at in (span.start, span.end))
    return document.tables[first:last]


def _start(table: Table) -> int:
    return table.span.start


def plain(text: str) -> str:
    """Return a cell's text without emphasis."""
    return text.replace("*", " ").replace("`", " ").strip()


def shown_row(document: Document, cells: tuple[Cell, ...]) -> list[str]:
    """Return the texts of the cells as a reader sees them, at their columns."""
    if not cells:
        return []
    line = document.source.shown[cells[0].line - 1]
    return [line[cell.column : cell.column + len(cell.text)] for cell in cells]


def figure(text: str, unit: str = "") -> Quantity | None:
    """Return the one figure at the start of a cell, with the unit of its column where it has none itself.

    A cell of several figures, a word before the figure, or a range is no single figure.
    """
    found = quantities(text)
    if not found or text[: found[0].start].strip(" ~≈*(+-") or _SAME.match(text.strip()):
        return None
    first = found[0]
    rest = text[first.end :].strip(" *§¶†‡")
    if rest[:1] in {"→", "-", "/", "+"} or (rest[:1] == "±") or rest.startswith("to "):
        return None
    if unit and not first.kind:
        again = quantities(f"{text[first.start : first.end]} {unit}")
        if len(again) == 1:
            return again[0]
    return first


def header_unit(header: str) -> str:
    """Return the unit that a header gives to its column: `Time (ms)`."""
    found = _HEADER_UNIT.search(header)
    return ((found["unit"] or found["after"]) if found else "").strip()


def says_same(text: str) -> bool:
    """Return whether a cell says that nothing changed."""
    return _SAME.match(plain(text).strip(" -—")) is not None
