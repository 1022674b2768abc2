"""What a journal holds, entry by entry: for an index, and to know what was written by hand."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pytest_bolt.core.markdown_text import Markdown, code, escape, table
from pytest_bolt.core.ruling import Ruling
from pytest_bolt.journal.checking import without_person
from pytest_bolt.journal.entry import Link
from pytest_bolt.journal.markers import Found, entries_in
from pytest_bolt.journal.place import Part, parts_of
from pytest_bolt.journal.styles import STYLES, Style

_CLOSINGS = {  # what stands before a ruling, or the ruling that a sentence means, the first that occurs
    "`: **": "",
    "The hypothesis is **": "",
    "Nothing is concluded: **": "",
    "No hypothesis was stated; this": str(Ruling.REPORTED),
    "without an expectation that can be computed, so": str(Ruling.NOT_TESTED),
}
_MARKS = re.compile(r"^#{1,6}\s+|\*\*|\r$")
_ENTITY = re.compile(r"&#(\d{1,7});")
_NO_TITLE = "(no title)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One entry of a journal. `entry_id` and `ruling` are empty for one that was written by hand."""

    path: Path
    date: str
    style: str
    title: str
    entry_id: str = ""
    ruling: str = ""
    links: tuple[Link, ...] = ()
    line: int = 1


def listed(path: Path, text: str) -> tuple[Listed, ...]:
    """Return the entries of a journal in the order of the file.

    Raises BoltError where a marker is damaged or a merge left conflicts.
    """
    rows: list[tuple[int, Listed]] = []
    for part in parts_of(text, entries_in(text)):
        rows += [(each.start, _ours(path, each, part.style)) for each in part.own]
        rows += _by_hand(path, text, part)
    rows.sort(key=lambda row: row[0])
    line, before, found = 1, 0, []
    for start, row in rows:
        line, before = line + text.count("\n", before, start), start
        found.append(replace(row, line=line))
    return tuple(found)


def newest_first(rows: Iterable[Listed]) -> list[Listed]:
    """Return the entries of all journals by date; those of a day stay in the order of their files."""
    return sorted(rows, key=lambda row: row.date, reverse=True)


def as_markdown(rows: Sequence[Listed], folder: Path) -> str:
    """Return the index as a document in `folder`, with links to the journals."""
    header = ("Date", "Style", "Entry", "Ruling", "Links", "Where")
    cells = [
        (row.date, row.style, row.title, row.ruling or "-", _links_text(row), _where(row, folder))
        for row in rows
    ]
    head = "# Index of the journals\n\nNewest first. Made by `pytest-bolt journal index`.\n"
    return f"{head}\n{table(header, cells)}\n" if cells else f"{head}\nThere is no entry yet.\n"


def style_of(entry: Found, likely: Style | None) -> Style | None:
    """Return the style that the heading of an entry is in; of several, the likely one."""
    heading = _heading(entry)
    if likely is not None and likely.heading.match(heading):
        return likely
    return next((style for style in STYLES.values() if style.heading.match(heading)), likely)


def _ours(path: Path, entry: Found, likely: Style | None) -> Listed:
    style = style_of(entry, likely)
    return Listed(
        path=path,
        date=f"{entry.date:%Y-%m-%d %H:%M}",
        style=style.name if style else "",
        title=_title(_heading(entry), style),
        entry_id=entry.entry_id,
        ruling=_ruling(entry.body),
        links=entry.links,
    )


def _by_hand(path: Path, text: str, part: Part) -> Iterator[tuple[int, Listed]]:
    if part.style is None:
        return
    for item in part.items(part.style):
        if item.by_hand and not item.template:
            heading = text[item.start : max(text.find("\n", item.start), item.start)]
            yield (
                item.start,
                Listed(
                    path=path,
                    date=item.date,
                    style=part.style.name,
                    title=_title(heading, part.style),
                ),
            )


def _heading(entry: Found) -> str:
    return entry.body.partition("\n")[0].rstrip("\r")


def _title(heading: str, style: Style | None) -> str:
    match = style.heading.match(heading) if style is not None else None
    rest = heading[match.end() :] if match else heading
    if match and not rest.strip(" -*\r"):  # a heading that is only a date or a version
        rest = heading
    plain = _MARKS.sub("", rest).strip()
    return _ENTITY.sub(lambda found: chr(min(int(found[1]), 0x10FFFF)), plain) or _NO_TITLE


def _ruling(body: str) -> str:
    """Return what an entry comes to; a person may have written the same words, which do not count."""
    found = {mark: body.count(mark) for mark in _CLOSINGS}
    if sum(found.values()) > 1:
        body = without_person(body)
    for mark, ruling in _CLOSINGS.items():
        at = body.find(mark)
        if at >= 0:
            return ruling or body[at + len(mark) :].partition("**")[0]
    return ""


def _links_text(row: Listed) -> Markdown:
    return Markdown(", ".join(f"{link.relation} {code(link.entry_id)}" for link in row.links) or "-")


def _where(row: Listed, folder: Path) -> Markdown:
    place = os.path.relpath(row.path.resolve(), folder.resolve())
    return Markdown(f"{escape(place)}:{row.line}")
