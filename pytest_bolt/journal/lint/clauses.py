"""Prose of a journal in clauses, each with the way back to line and column."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from pytest_bolt.journal.document.whole import Document
from pytest_bolt.journal.lint.quantity import Quantity, quantities

_NEW_BLOCK = re.compile(r"[ ]{0,20}(?:[-*+>][ ]|\d{1,3}[.)][ ]|#{1,6}[ ]|---|\*\*\*|\[[ x]\])")
_END = re.compile(
    r"(?<!\be\.g)(?<!\bi\.e)(?<!\bvs)(?<!\bca)(?<!\bapprox)[.!?]['\")]?[ \n]+(?=[A-Z*\"'(\[])|;[ \n]"
)
_LONGEST = 2000  # longer ones are no sentences; the rules compare every claim of a clause with every pair
_TEXT_FENCES = {"", "text", "txt", "console", "output", "log", "plain", "plaintext"}


@dataclass(frozen=True)
class Clause:
    """A piece of prose; `offsets` and `places` lead from a position back to line and column."""

    text: str
    start: int
    offsets: tuple[int, ...]
    places: tuple[int, ...]

    @cached_property
    def found(self) -> Sequence[Quantity]:
        """Return the figures in it."""
        return quantities(self.text)

    def place(self, at: int) -> tuple[int, int]:
        """Return the line, from 1, and the column, from 0, of a position in the text."""
        position = self.start + at
        piece = bisect_right(self.offsets, position) - 1
        return self.places[piece], position - self.offsets[piece]


@lru_cache(maxsize=4)
def clauses(document: Document, *, fenced: bool = False) -> tuple[Clause, ...]:
    """Return the clauses of all prose outside of tables; with `fenced`, printed output in fences too.

    Only text with a digit in it is worth having: that is where a figure can be wrong.
    """
    return tuple(_clauses(document, fenced=fenced))


def _clauses(document: Document, *, fenced: bool) -> Iterator[Clause]:
    hidden = _hidden(document, fenced=fenced)
    lines = document.source.shown
    block: list[int] = []
    for number, line in enumerate(lines, 1):
        if hidden[number] or not line.strip():
            yield from _clauses_of(block, lines)
            block = []
            continue
        if block and (
            _NEW_BLOCK.match(line) or lines[block[-1] - 1].startswith("#") or hidden[number - 1] == 3
        ):
            yield from _clauses_of(block, lines)
            block = []
        block.append(number)
    yield from _clauses_of(block, lines)


def _hidden(document: Document, *, fenced: bool) -> bytearray:
    hidden = bytearray(len(document.source.lines) + 2)
    for table in document.tables:
        hidden[table.span.start : table.span.end] = b"\1" * (table.span.end - table.span.start)
    for fence in document.fences:
        start, end = fence.span.start, fence.span.end
        hidden[start:end] = b"\1" * (end - start)
        if fenced and fence.info.lower() in _TEXT_FENCES:
            hidden[start + 1 : end - 1] = b"\0" * max(end - start - 2, 0)
    for span in document.comments:
        hidden[span.start : span.end] = b"\1" * (span.end - span.start)
    return hidden


def _clauses_of(block: list[int], lines: tuple[str, ...]) -> Iterator[Clause]:
    if not any(any(map(str.isdigit, lines[number - 1])) for number in block):
        return
    offsets = []
    at = 0
    for number in block:
        offsets.append(at)
        at += len(lines[number - 1]) + 1
    text = " ".join(lines[number - 1] for number in block)
    starts, places = tuple(offsets), tuple(block)
    start = 0
    for end in [match.end() for match in _END.finditer(text)] + [len(text)]:
        while end - start > _LONGEST:
            cut = text.rfind(" ", start, start + _LONGEST) + 1 or start + _LONGEST
            yield Clause(text=text[start:cut], start=start, offsets=starts, places=places)
            start = cut
        if end > start:
            yield Clause(text=text[start:end], start=start, offsets=starts, places=places)
        start = end
