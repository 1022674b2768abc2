"""Rule `footnote`: a cell `~96§` below whose table stands `§ measured ~964 ms`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from pytest_bolt.journal.document.model import Table
from pytest_bolt.journal.document.whole import Document
from pytest_bolt.journal.lint.finding import Finding, Severity
from pytest_bolt.journal.lint.quantity import Quantity, quantities
from pytest_bolt.journal.lint.table_reading import header_unit, plain, shown_row

_MARKS = "§¶†‡*¹²³⁴"
_NOTE = re.compile(rf"[ ]{{0,3}}\\?(?P<mark>[{_MARKS}])(?![{re.escape('*')}])(?P<text>[ ]{{0,3}}\S.*)")
_CELL_MARK = re.compile(rf"(?<=[\w%)~])(?P<mark>[{_MARKS}])$")
_ROW_UNIT = re.compile(r"[(\[](?P<unit>[A-Za-z%]{1,8}(?:/[A-Za-z]{1,8})?)[)\]]|(?P<bare>\b(?:ms|us|s)/\w+)")
_NEAR = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class _Note:
    """A footnote: its text, its line, and the figures in it."""

    line: int
    text: str
    figures: tuple[Quantity, ...]


def footnotes(document: Document) -> Iterator[Finding]:
    """Find cells that their footnotes contradict, and footnotes to which no cell refers."""
    for table in document.tables:
        notes = _notes(document, table)
        if notes:
            yield from _cells(document, table, notes)


def _notes(document: Document, table: Table) -> dict[str, _Note]:
    found: dict[str, _Note] = {}
    lines = document.source.shown
    for number in range(table.span.end, min(table.span.end + _NEAR, len(lines) + 1)):
        line = lines[number - 1]
        if line.startswith(("#", "---", "|")):
            break
        match = _NOTE.match(line)
        if match is not None and not (match["mark"] == "*" and match["text"].startswith(" ")):
            note = _Note(line=number, text=match["text"], figures=tuple(quantities(match["text"])))
            found.setdefault(match["mark"], note)
    return found


def _cells(document: Document, table: Table, notes: dict[str, _Note]) -> Iterator[Finding]:
    used: set[str] = set()
    for cells in (table.header, *table.rows):
        for n, (cell, text) in enumerate(zip(cells, map(str.strip, shown_row(document, cells)), strict=True)):
            match = _CELL_MARK.search(text.rstrip())
            note = notes.get(match["mark"]) if match else None
            if match is None or note is None:
                continue
            used.add(match["mark"])
            units = _units(cells[0].text, table.header[n].text if n < len(table.header) else "")
            expected = _contradicted(text[: match.start()], units, note)
            if expected:
                message = f"`{text.strip()}`: its footnote in line {note.line} says {expected}"
                yield Finding(
                    line=cell.line,
                    column=cell.column,
                    rule="footnote",
                    seen=text.strip(),
                    expected=expected,
                    message=message,
                )
    for mark, note in notes.items():
        if mark not in used and mark != "*":
            message = f"no cell refers to the footnote {mark}"
            yield Finding(
                line=note.line,
                column=0,
                rule="footnote",
                severity=Severity.ADVICE,
                seen=mark,
                message=message,
            )


def _units(label: str, header: str) -> str:
    for text in (plain(label), plain(header)):
        found = _ROW_UNIT.search(text)
        if found is not None:
            return found["unit"] or found["bare"]
    return header_unit(header)


def _contradicted(text: str, unit: str, note: _Note) -> str:
    """Return the footnote's figure of the cell's unit, where none of its figures can be the cell's."""
    found = quantities(text)
    if len(found) != 1:
        return ""
    own = found[0]
    if not own.kind and unit:
        again = quantities(f"{text.strip()} {unit}")
        own = again[0] if len(again) == 1 else own
    same = [one for one in note.figures if one.kind == own.kind and own.kind]
    if not same or any(_meets(own, one) for one in note.figures):
        return ""
    return same[0].text


def _meets(own: Quantity, other: Quantity) -> bool:
    bare = own.kind == other.kind
    value = own if bare else replace(own, value=own.value / own.scale, ulp=own.ulp / own.scale, kind="")
    return value.claimed.meets(other.claimed)
