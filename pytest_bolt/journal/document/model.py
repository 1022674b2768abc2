"""What a journal is made of. Lines are counted from 1, columns and offsets from 0, ends are exclusive."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, time
from enum import StrEnum


class Style(StrEnum):
    """The styles of journals; UNKNOWN is any other Markdown."""

    PAPER = "paper"
    FINDINGS = "findings"
    EVIDENCE = "evidence"
    WORKLOG = "worklog"
    LOGBOOK = "logbook"
    EXPERIMENT = "experiment"
    CHANGELOG = "changelog"
    LEARNING = "learning"
    UNKNOWN = "unknown"


class Order(StrEnum):
    """Which entry stands first."""

    NEWEST = "newest first"
    OLDEST = "oldest first"


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Lines from `start` up to, without, `end`."""

    start: int
    end: int

    def __contains__(self, line: int) -> bool:
        """Return whether the line is inside."""
        return self.start <= line < self.end


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """A heading outside fences and comments; `text` has no emphasis marks."""

    line: int
    level: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Fence:
    """A fenced block with both its fences; `closed` is false where the text ends inside."""

    span: Span
    info: str
    closed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A cell of a table with the column at which its text starts."""

    text: str
    line: int
    column: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table: the cells of its header and of each row."""

    span: Span
    header: tuple[Cell, ...]
    rows: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A named part of an entry: its text without the label, and the line of the label."""

    name: str
    line: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalEntry:
    """One entry of a journal, by hand or ours.

    `number` is the N of `Entry N`, `Experiment N`; `within` is the index of the entry that holds this one;
    `template` marks an empty form (`YYYY-MM-DD`); `marker` is the id between our own comments.
    """

    style: Style
    span: Span
    level: int
    title: str
    number: int | None = None
    version: str = ""
    day_text: str = ""
    day: date | None = None
    clock: time | None = None
    template: bool = False
    within: int | None = None
    marker: str = ""
    fields: tuple[Field, ...] = ()

    @property
    def line(self) -> int:
        """Return the line of the heading."""
        return self.span.start

    def field(self, *names: str) -> Field | None:
        """Return the first field whose name starts with one of the names."""
        return next((one for one in self.fields if one.name.lower().startswith(names)), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A journal of one style; a file can hold several, one after another."""

    style: Style
    span: Span
    title: str
    entries: tuple[JournalEntry, ...]
    order: Order
    order_stated: bool
    templates: tuple[Span, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """A mark that an unfinished merge has left."""

    line: int
    mark: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Marker:
    """One of our own comments: `entry`, `/entry`, `person`, `/person`, with its words."""

    line: int
    kind: str
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A journal's text, line by line.

    `lines` have no line ends and no byte-order mark. `shown` has lines of the same length in which
    typographic signs are plain ones, emphasis is blank and garbled UTF-8 is what it was: never written.
    `starts` are the offsets of the lines in `text`, with the length of `text` as the last.
    """

    text: str
    lines: tuple[str, ...]
    shown: tuple[str, ...]
    starts: tuple[int, ...]
    line_ends: Mapping[str, int]
    bom: bool
    garbled: tuple[int, ...]
