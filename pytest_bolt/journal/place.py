"""Where the next entry of a journal goes, which number it gets, and in which style a journal is written.

A journal may hold several documents one after another, each with a title and a style of its own. Headings in
fenced code are templates to copy, not entries, and those in comments are nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import accumulate, pairwise

from pytest_bolt.errors import BoltError
from pytest_bolt.journal.document.blocks import FENCED, blocks_of, conflicts_in, headings_in
from pytest_bolt.journal.markers import Found
from pytest_bolt.journal.styles import STYLES, Style

_TEMPLATE = re.compile(r"\btemplate\b|YYYY-MM-DD|<[^>\n]+>", re.IGNORECASE)
_UNRELEASED = "unreleased"
_NEAR = 40  # characters before a heading in which a rule is looked for


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading of a journal: where its line begins, its level, the line."""

    start: int
    level: int
    line: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """An entry that is there already; `by_hand` tells it from one between our markers."""

    start: int
    end: int
    date: str = ""
    number: int = 0
    dash: str = ""
    version: str = ""
    template: bool = False
    by_hand: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One document of a journal, up to the next title. `style` is None where it cannot be told.

    `headings` are those outside of code and of our entries, `own` are our entries.
    """

    start: int
    end: int
    style: Style | None = None
    headings: tuple[Heading, ...] = ()
    own: tuple[Found, ...] = ()

    def items(self, style: Style) -> tuple[Item, ...]:
        """Return the entries in this style, and the templates, in the order of the file."""
        found = [*_by_hand(style, self.headings, self.end), *_ours(style, self.own)]
        return tuple(sorted(found, key=lambda item: item.start))


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where an entry goes: the offset, its number, the dash of the headings there, whether rules divide.

    One that is `continued` stands under the heading of a version that an entry before it opened.
    """

    at: int
    number: int = 1
    dash: str = "-"
    rule: bool = False
    appended: bool = False
    continued: bool = False


@dataclass(slots=True)
class _Outline:
    headings: list[Heading] = field(default_factory=list)
    fenced: list[Heading] = field(default_factory=list)


def parts_of(text: str, found: Sequence[Found] = ()) -> tuple[Part, ...]:
    """Return the documents of a journal with their styles.

    Arguments:
        text: the whole journal.
        found: the entries between our markers.

    Raises BoltError where a merge left conflicts; the line is named.
    """
    outline = _outline(text, found)
    titles = [heading.start for heading in outline.headings if heading.level == 1]
    bounds = [*([0] if not titles or titles[0] > 0 else []), *titles, len(text)]
    spans = list(pairwise(bounds)) or [(0, 0)]
    if len(spans) > 1 and not _within(outline.headings, spans[0]):
        spans[:2] = [(0, spans[1][1])]  # what stands before the first title belongs to it
    return tuple(_part(text, span, outline, found) for span in spans)


def part_for(parts: Sequence[Part], style: Style) -> Part:
    """Return the document that is in this style, else the whole journal."""
    scores = [(part.style is style, len(part.items(style))) for part in parts]
    best = max(scores)
    if any(best):
        return parts[scores.index(best)]
    headings = tuple(heading for part in parts for heading in part.headings)
    return Part(start=0, end=parts[-1].end, headings=headings)


def place_of(text: str, part: Part, style: Style, date: datetime, version: str = "") -> Place:
    """Return where an entry of this date, and in a changelog of this version, goes in a part."""
    items = part.items(style)
    open_version = _end_of_version(items, version) if style.name == "changelog" else None
    if open_version is not None:
        return Place(at=open_version, continued=True)
    real = [item for item in items if not item.template]
    day = f"{date:%Y-%m-%d}"
    number = 1 + max((item.number for item in real), default=0)
    dash = next((item.dash for item in reversed(real) if item.dash), "-")
    rule = style.rule and bool(real) and _ruled(text, real)
    if _newest_first(real, style):
        first = _first_older(real, day, style)
        if first is None and not real:
            first = next(iter(items), None)
        at = first.start if first is not None else real[-1].end if real else part.end
        return Place(at=at, number=number, dash=dash, rule=rule, appended=first is None)
    later = None if style.numbered else next((item for item in real if item.date > day), None)
    at = later.start if later is not None else _end_of_log(text, part, items)
    return Place(at=at, number=number, dash=dash, rule=rule, appended=later is None)


def _ruled(text: str, real: Sequence[Item]) -> bool:
    """Return whether rules divide the entries by hand, or there is none to tell."""
    by_hand = [item for item in real if item.by_hand]
    before = (text[max(0, item.start - _NEAR) : item.start].rstrip() for item in by_hand)
    return not by_hand or any(part.endswith("---") for part in before)


def _newest_first(real: Sequence[Item], style: Style) -> bool:
    """Return the order that the dates of the journal tell, that of the style where they tell none."""
    dates = [item.date for item in real if item.date]
    if style.name == "changelog" or not dates or dates[0] == dates[-1]:
        return style.newest_first
    return dates[0] > dates[-1]


def _first_older(real: Sequence[Item], day: str, style: Style) -> Item | None:
    if style.name == "changelog":  # a version that is not dated is as old as its place says
        dated = [each for each in real if not each.by_hand or each.version.lower() != _UNRELEASED]
        return next((each for each in dated if each.date <= day), None)
    return next((each for each in real if each.date <= day), None)


def _end_of_version(items: Sequence[Item], version: str) -> int | None:
    """Return where our entries of a version end, None where there are none yet."""
    ours = [item for item in items if not item.by_hand]
    opened = next((place for place, item in enumerate(ours) if item.version == version), None)
    if opened is None:
        return None
    following = (item for item in ours[opened + 1 :] if item.version)
    last = next(following, None)
    members = ours[opened : ours.index(last) if last is not None else len(ours)]
    return members[-1].end


def _end_of_log(text: str, part: Part, items: Sequence[Item]) -> int:
    """Return where the log ends: before the template that stays last, or at the end of the part."""
    last = max((item.start for item in items if not item.template), default=part.start)
    after = [item.start for item in items if item.template and item.start > last]
    at = min(after, default=part.end)
    before = text[part.start : at].rstrip()
    if after and before.endswith("\n---"):
        return part.start + len(before) - 3
    return at


def _outline(text: str, found: Sequence[Found]) -> _Outline:
    """Return the headings outside of our entries, those in fenced code apart."""
    outline = _Outline()
    at = 0
    for entry in found:
        _read(text, at, entry.start, outline)
        at = entry.end
    _read(text, at, len(text), outline)
    return outline


def _read(text: str, start: int, end: int, outline: _Outline) -> None:
    """Add the headings of what stands between two of our entries."""
    lines = text[start:end].split("\n")
    offsets = list(accumulate((len(line) + 1 for line in lines), initial=start))
    plain = [line.rstrip("\r") for line in lines]
    hidden = blocks_of(plain).hidden
    conflict = next((one for one in conflicts_in(plain, hidden) if not hidden[one.line]), None)
    if conflict is not None:
        raise BoltError(
            "the journal holds a conflict that a merge left",
            seen={"line": text.count("\n", 0, start) + conflict.line},
            advice="resolve it, then write the entry again: the run is stored",
        )
    outside_fences = bytearray(kind != FENCED for kind in hidden)
    for headings, hides in ((outline.headings, hidden), (outline.fenced, outside_fences)):
        for one in headings_in(plain, plain, hides):
            headings.append(Heading(offsets[one.line - 1], one.level, plain[one.line - 1]))


def _within(headings: Sequence[Heading], span: tuple[int, int]) -> list[Heading]:
    return [heading for heading in headings if span[0] <= heading.start < span[1]]


def _part(text: str, span: tuple[int, int], outline: _Outline, found: Sequence[Found]) -> Part:
    headings, fenced = _within(outline.headings, span), _within(outline.fenced, span)
    own = [entry for entry in found if span[0] <= entry.start < span[1]]
    style = _style(text[slice(*span)], headings, fenced, own)
    return Part(start=span[0], end=span[1], style=style, headings=tuple(headings), own=tuple(own))


def _style(
    text: str, headings: Sequence[Heading], fenced: Sequence[Heading], own: Sequence[Found]
) -> Style | None:
    """Return the style whose headings occur, outside code rather than in it, the outermost and most of all.

    A sign breaks a tie.
    """
    lines = [heading.line for heading in headings] + [_first_line(entry) for entry in own]
    scores = {}
    for style in STYLES.values():
        outside = sum(style.heading.match(line) is not None for line in lines)
        inside = sum(style.heading.match(heading.line) is not None for heading in fenced)
        scores[style.name] = (outside > 0, -style.level if outside else 0, outside, inside)
    best = max(scores.values())
    tied = [STYLES[name] for name, score in scores.items() if score == best]
    signed = [style for style in tied if style.sign is not None and style.sign.search(text)]
    if not any(best):
        return next((style for style in signed if style.name == "findings"), None)
    return (signed or tied)[0]


def _first_line(entry: Found) -> str:
    return entry.body.partition("\n")[0]


def _by_hand(style: Style, headings: Sequence[Heading], end: int) -> Iterator[Item]:
    for place, heading in enumerate(headings):
        match = style.heading.match(heading.line)
        template = _TEMPLATE.search(heading.line) is not None
        if match is None and not (template and heading.level == 2):
            continue
        following = headings[place + 1 :]
        close = next((each.start for each in following if each.level <= heading.level), end)
        groups = match.groupdict() if match is not None else {}
        yield _item(groups, start=heading.start, end=close, template=template)


def _ours(style: Style, own: Sequence[Found]) -> Iterator[Item]:
    for entry in own:
        match = style.heading.match(_first_line(entry))
        groups = {**(match.groupdict() if match else {}), "date": f"{entry.date:%Y-%m-%d}"}
        yield _item(groups, start=entry.start, end=entry.end, by_hand=False)


def _item(
    groups: dict[str, str | None], *, start: int, end: int, template: bool = False, by_hand: bool = True
) -> Item:
    return Item(
        start=start,
        end=end,
        date=groups.get("date") or "",
        number=int(groups.get("number") or 0),
        dash=groups.get("dash") or "",
        version=groups.get("version") or "",
        template=template,
        by_hand=by_hand,
    )
