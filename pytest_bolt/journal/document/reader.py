"""Any journal's text as a document: linear in its length, and no text is too broken to be read."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pytest_bolt.journal.document.blocks import Blocks, blocks_of, conflicts_in, headings_in
from pytest_bolt.journal.document.fields import fields_of
from pytest_bolt.journal.document.headings import EntryHeading, entry_heading
from pytest_bolt.journal.document.model import Fence, Heading, JournalEntry, Part, Source, Span, Style
from pytest_bolt.journal.document.source import decoded, source_of
from pytest_bolt.journal.document.styles import order_of, stated_order, style_by_words, style_of_fields
from pytest_bolt.journal.document.whole import Document

_JOURNAL_WORDS = ("journal", "log", "history", "experiments")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reading:
    """What the reader carries from step to step."""

    source: Source
    blocks: Blocks
    headings: tuple[Heading, ...]
    entry_headings: dict[int, EntryHeading]
    forms: list[tuple[Style, Span]]


def read_journal(path: Path) -> Document:
    """Return the journal in the file. OSError is the caller's to tell."""
    return read_document(decoded(path.read_bytes()))


def read_document(text: str) -> Document:
    """Return the document that the text is."""
    source = source_of(text)
    blocks = blocks_of(source.lines)
    headings = headings_in(source.lines, source.shown, blocks.hidden)
    found = {heading.line: entry_heading(heading) for heading in headings}
    reading = _Reading(
        source=source,
        blocks=blocks,
        headings=headings,
        entry_headings={line: one for line, one in found.items() if one is not None},
        forms=list(_forms(source, blocks.fences)),
    )
    return Document(
        source=source,
        parts=_parts(reading),
        headings=headings,
        fences=blocks.fences,
        comments=blocks.comments,
        markers=blocks.markers,
        conflicts=conflicts_in(source.lines, blocks.hidden),
        hidden=bytes(blocks.hidden),
    )


def _parts(reading: _Reading) -> tuple[Part, ...]:
    heads = [one for one in reading.headings if one.level == 1 and one.line not in reading.entry_headings]
    end = len(reading.source.lines) + 1
    titles = [heads[0].text if heads else "", *(head.text for head in heads[1:])]
    bounds = [1, *(head.line for head in heads[1:]), end]
    chapters: list[list[Part]] = []
    headings = iter(_chunks(reading.headings, bounds))
    for title, start, stop in zip(titles, bounds, bounds[1:], strict=False):
        part = _part(reading, title, Span(start=start, end=stop), next(headings))
        if chapters and _continues(chapters[-1][0], part):
            chapters[-1].append(part)
        else:
            chapters.append([part])
    return tuple(map(_joined, chapters))


def _chunks(headings: Sequence[Heading], bounds: Sequence[int]) -> Iterable[list[Heading]]:
    at = 0
    for stop in bounds[1:]:
        chunk = []
        while at < len(headings) and headings[at].line < stop:
            chunk.append(headings[at])
            at += 1
        yield chunk


def _continues(before: Part, part: Part) -> bool:
    """Return whether the part is a chapter of the one before and no journal of its own."""
    names_itself = any(word in part.title.lower() for word in _JOURNAL_WORDS)
    if part.style is Style.UNKNOWN:
        return not part.entries and not names_itself
    return part.style is before.style and not names_itself


def _joined(chapters: list[Part]) -> Part:
    """Return the chapters as one part."""
    first = chapters[0]
    if len(chapters) == 1:
        return first
    entries: list[JournalEntry] = []
    for part in chapters:
        shift = len(entries)
        for entry in part.entries:
            within = None if entry.within is None else entry.within + shift
            entries.append(replace(entry, within=within))
    return replace(
        first,
        span=Span(start=first.span.start, end=chapters[-1].span.end),
        entries=tuple(entries),
        templates=tuple(span for part in chapters for span in part.templates),
    )


def _part(reading: _Reading, title: str, span: Span, headings: list[Heading]) -> Part:
    first_form, last_form = (bisect_left(reading.forms, at, key=_start) for at in (span.start, span.end))
    forms = reading.forms[first_form:last_form]
    entries = _entries(reading, span, headings)
    first = entries[0].line if entries else span.end
    preamble = "\n".join(reading.source.shown[span.start - 1 : min(first - 1, span.start + 60)])
    style = _style(title, preamble, entries, [style for style, _ in forms])
    entries = tuple(_styled(entry, style, reading.entry_headings[entry.line]) for entry in entries)
    stated = stated_order(preamble)
    return Part(
        style=style,
        span=span,
        title=title,
        entries=entries,
        order=stated or order_of(entries, style),
        order_stated=stated is not None,
        templates=tuple(span for _, span in forms),
    )


def _entries(reading: _Reading, span: Span, headings: list[Heading]) -> tuple[JournalEntry, ...]:
    """Return the entries; each ends before the next heading that is not below its own."""
    marked = {marker.line: marker for marker in reading.blocks.markers if marker.kind == "entry"}
    ends: list[int] = [span.end] * len(headings)
    opened: list[int] = []
    for at, heading in enumerate(headings):
        while opened and headings[opened[-1]].level >= heading.level:
            ends[opened.pop()] = heading.line
        opened.append(at)
    found: list[JournalEntry] = []
    inside: list[int] = []
    for at, heading in enumerate(headings):
        said = reading.entry_headings.get(heading.line)
        if said is None:
            continue
        while inside and found[inside[-1]].span.end <= heading.line:
            inside.pop()
        own = Span(start=heading.line, end=ends[at])
        marker = marked.get(heading.line - 1)
        below = _below(headings, at, own.end, reading)
        entry = JournalEntry(
            style=said.styles[0],
            span=own,
            level=heading.level,
            title=said.title,
            number=said.number,
            version=said.version,
            day_text=said.day_text,
            day=said.day,
            clock=said.clock,
            template=said.template,
            within=inside[-1] if inside else None,
            marker=marker.words[0] if marker and marker.words else "",
            fields=fields_of(reading.source.lines, below[1], below[0], reading.blocks.hidden),
        )
        inside.append(len(found))
        found.append(entry)
    return tuple(found)


def _below(headings: list[Heading], at: int, end: int, reading: _Reading) -> tuple[list[Heading], Span]:
    """Return the headings inside an entry that are its own, and the lines up to the first entry inside it."""
    own: list[Heading] = []
    start = headings[at].line
    for index in range(at + 1, len(headings)):
        heading = headings[index]
        if heading.line >= end:
            break
        if heading.line in reading.entry_headings:
            end = heading.line
            break
        own.append(heading)
    return own, Span(start=start, end=end)


def _forms(source: Source, fences: Iterable[Fence]) -> Iterator[tuple[Style, Span]]:
    """Yield the empty forms that stand in fences."""
    for fence in fences:
        for number in range(fence.span.start + 1, fence.span.end):
            line = source.shown[number - 1].strip()
            said = _heading_in_fence(line, number) if line.startswith("#") else None
            if said is not None and said.template:
                lines = source.lines[number - 1 : fence.span.end - 1]
                yield style_of_fields(said.styles, lines), fence.span
                break


def _heading_in_fence(line: str, number: int) -> EntryHeading | None:
    text = line.lstrip("#")
    return entry_heading(Heading(line=number, level=len(line) - len(text), text=" ".join(text.split())))


def _start(form: tuple[Style, Span]) -> int:
    return form[1].start


def _style(title: str, preamble: str, entries: tuple[JournalEntry, ...], forms: list[Style]) -> Style:
    by_words = style_by_words(title, preamble)
    votes = Counter(_own_style(entry) for entry in entries if not entry.template)
    votes = votes or Counter(_own_style(entry) for entry in entries) or Counter(forms)
    best = votes.most_common(1)[0][0] if votes else by_words
    return Style.FINDINGS if by_words is Style.FINDINGS and best in {Style.PAPER, Style.EVIDENCE} else best


def _own_style(entry: JournalEntry) -> Style:
    return style_of_fields((entry.style,), [field.name for field in entry.fields], named=True)


def _styled(entry: JournalEntry, style: Style, said: EntryHeading) -> JournalEntry:
    names = [field.name for field in entry.fields]
    own = style_of_fields(said.styles, names, named=True)
    chosen = style if style in said.styles else own
    return entry if entry.style is chosen else replace(entry, style=chosen)
