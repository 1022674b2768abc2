"""A whole journal file."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from pytest_bolt.journal.document.model import (
    Conflict,
    Fence,
    Heading,
    JournalEntry,
    Marker,
    Part,
    Source,
    Span,
    Style,
    Table,
)
from pytest_bolt.journal.document.tables import tables_in


@dataclass(frozen=True, kw_only=True, eq=False)
class Document:
    """A whole file: its parts in order, and everything that stands in them. Two documents are never equal.

    `hidden` tells of each line, by its number, whether it is inside a fence or a comment.
    """

    source: Source
    parts: tuple[Part, ...]
    headings: tuple[Heading, ...]
    fences: tuple[Fence, ...]
    comments: tuple[Span, ...]
    markers: tuple[Marker, ...]
    conflicts: tuple[Conflict, ...]
    hidden: bytes

    @cached_property
    def tables(self) -> tuple[Table, ...]:
        """Return the tables outside of fences and comments, in order."""
        return tuple(tables_in(self.source.lines, self.hidden))

    @property
    def style(self) -> Style:
        """Return the style of the first part that has one."""
        styles = (part.style for part in self.parts if part.style is not Style.UNKNOWN)
        return next(styles, Style.UNKNOWN)

    @property
    def entries(self) -> tuple[JournalEntry, ...]:
        """Return the entries of all parts in the order of the file."""
        return tuple(entry for part in self.parts for entry in part.entries)

    @property
    def newline(self) -> str:
        """Return the line end that most lines have."""
        ends = self.source.line_ends
        return max(ends, key=lambda end: ends[end]) if ends else "\n"
