"""Where a journal's next entry goes, and which number it gets; nothing else of the text may change."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_bolt.journal.document.model import JournalEntry, Order, Part, Span
from pytest_bolt.journal.document.whole import Document


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where text is inserted: `offset` in characters, before the line `line`.

    `number` is that of the next numbered entry, None where the style has none; `newline` the line end of the
    journal; `rule` whether its entries are parted by `---`; `open_line` whether the line before has no end.
    """

    offset: int
    line: int
    number: int | None
    newline: str
    rule: bool
    open_line: bool


def next_place(document: Document, part: Part) -> Place:
    """Return where the next entry of the part goes."""
    line = _line(document, part)
    source = document.source
    numbers = [entry.number for entry in part.entries if entry.number is not None]
    return Place(
        offset=source.starts[line - 1],
        line=line,
        number=max(numbers) + 1 if numbers else 1 if part.style in {"logbook", "experiment"} else None,
        newline=document.newline,
        rule=_parted_by_rules(document, part),
        open_line=line > 1
        and source.text[source.starts[line - 1] - 1 : source.starts[line - 1]] not in "\r\n",
    )


def _line(document: Document, part: Part) -> int:
    outer = [
        entry for entry in part.entries if entry.within is None and entry.version.lower() != "unreleased"
    ]
    if part.order is Order.NEWEST and outer:
        return _with_marker(outer[0], document)
    forms = [entry.span for entry in outer if entry.template]
    forms += [_section(document, part, span) for span in part.templates]
    last = max((entry.span.end for entry in outer if not entry.template), default=part.span.start)
    after = [span.start for span in forms if span.start >= last]
    if part.order is Order.OLDEST and after:
        return min(after)
    return last if outer and last < part.span.end and not outer[-1].template else part.span.end


def _with_marker(entry: JournalEntry, document: Document) -> int:
    line = entry.line
    return line - 1 if any(one.line == line - 1 and one.kind == "entry" for one in document.markers) else line


def _section(document: Document, part: Part, span: Span) -> Span:
    """Return the section whose heading introduces the fenced form."""
    heads = [one.line for one in document.headings if one.line in part.span and one.line < span.start]
    return Span(start=heads[-1] if heads else span.start, end=span.end)


def _parted_by_rules(document: Document, part: Part) -> bool:
    lines = document.source.lines
    between = 0
    for entry in part.entries[1:]:
        before = entry.line - 1
        while before > part.span.start and not lines[before - 1].strip():
            before -= 1
        between += lines[before - 1].strip() in {"---", "***", "___"}
    return between * 2 > max(len(part.entries) - 1, 1)
