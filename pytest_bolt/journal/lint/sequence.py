"""Rules `order`, `numbering`, `duplicate` and `date`: entries one after another."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import time
from itertools import pairwise

from pytest_bolt.journal.document.headings import day_of
from pytest_bolt.journal.document.model import JournalEntry, Order, Part, Style
from pytest_bolt.journal.document.styles import USUAL_ORDER
from pytest_bolt.journal.document.whole import Document
from pytest_bolt.journal.lint.finding import Finding, Severity

_DATE = re.compile(r"(?<![\d.-])(?:19|20)\d{2}-\d{2}-\d{2}(?![\d-])")
_PIECES = re.compile(r"\d+|[a-z]+")


def sequence(document: Document) -> Iterator[Finding]:
    """Find entries out of order, skipped or repeated numbers, and dates that do not exist."""
    yield from _impossible_dates(document)
    yield from _markers(document)
    for part in document.parts:
        entries = [entry for entry in part.entries if not entry.template]
        yield from _order(part, [entry for entry in entries if entry.within is None])
        yield from _numbers([entry for entry in entries if entry.number is not None])
        yield from _repeated(entries)
        if part.style is Style.CHANGELOG:
            yield from _versions(part, [entry for entry in entries if entry.version])


def _impossible_dates(document: Document) -> Iterator[Finding]:
    for number, line in enumerate(document.source.lines, 1):
        if "-" in line and ("20" in line or "19" in line):
            for match in _DATE.finditer(line):
                if day_of(match.group()) is None:
                    message = f"there is no {match.group()}"
                    yield _finding("date", number, match.group(), message, column=match.start())


def _order(part: Part, entries: list[JournalEntry]) -> Iterator[Finding]:
    dated = [entry for entry in entries if entry.day is not None]
    newest = part.order is Order.NEWEST
    wrong = [n for n in range(1, len(dated)) if _wrong(dated[n - 1], dated[n], newest=newest)]
    for n in wrong:
        above, below = dated[n - 1], dated[n]
        side, other = ("newer", "older") if newest else ("older", "newer")
        # The one to blame is the one without which its neighbours are in order.
        follows = n + 1 < len(dated) and _wrong(above, dated[n + 1], newest=newest)
        if follows and (n < 2 or not _wrong(dated[n - 2], below, newest=newest)):
            message = (
                f"{above.day_text} is {other} than {below.day_text} below it, but entries go {part.order}"
            )
            yield _finding("order", above.line, above.day_text, message)
        else:
            message = (
                f"{below.day_text} is {side} than {above.day_text} above it, but entries go {part.order}"
            )
            yield _finding("order", below.line, below.day_text, message)
    usual = USUAL_ORDER.get(part.style)
    if (
        usual is not None
        and usual is not part.order
        and not part.order_stated
        and len(dated) > 1
        and not wrong
    ):
        message = f"a {part.style} goes {usual}, this one goes {part.order}"
        yield _finding("order", dated[0].line, dated[0].day_text, message, severity=Severity.ADVICE)


def _wrong(above: JournalEntry, below: JournalEntry, *, newest: bool) -> bool:
    later = _later(below, above)
    return later is not None and later is newest


def _later(one: JournalEntry, other: JournalEntry) -> bool | None:
    """Return whether one is later than the other, None where they are of one time."""
    if one.day is None or other.day is None or (one.day == other.day and not (one.clock and other.clock)):
        return None
    first, second = (one.day, one.clock or time.min), (other.day, other.clock or time.min)
    if one.day != other.day:
        return one.day > other.day
    return None if first == second else first > second


def _numbers(entries: list[JournalEntry]) -> Iterator[Finding]:
    falling = (
        sum(a.number > b.number for a, b in pairwise(entries) if a.number and b.number) * 2 > len(entries) - 1
    )
    seen: dict[int, int] = {}
    last: JournalEntry | None = None
    for entry in reversed(entries) if falling else entries:
        number = entry.number or 0
        if number in seen:
            message = f"{number} is the number of line {seen[number]} already"
            yield _finding("duplicate", entry.line, str(number), message, expected=str(max(seen) + 1))
        elif last is not None and last.number is not None and number != last.number + 1:
            message = f"{number} follows {last.number}"
            yield _finding("numbering", entry.line, str(number), message, expected=str(last.number + 1))
        seen.setdefault(number, entry.line)
        last = entry


def _repeated(entries: list[JournalEntry]) -> Iterator[Finding]:
    seen: dict[tuple[object, ...], int] = {}
    for entry in entries:
        if entry.version:
            key: tuple[object, ...] = ("version", entry.version.lower().lstrip("v"))
        elif entry.number is None and entry.day is not None and entry.title and not entry.marker:
            key = (entry.day, entry.clock, entry.title.lower())
        else:
            continue
        if key in seen:
            what = entry.version or f"{entry.day_text} {entry.title}"
            message = f"{what} is there twice, first in line {seen[key]}"
            yield _finding("duplicate", entry.line, what, message)
        seen.setdefault(key, entry.line)


def _versions(part: Part, entries: list[JournalEntry]) -> Iterator[Finding]:
    """Find versions that stand on the wrong side of both neighbours' order."""
    keys = [(_key(entry.version), entry) for entry in entries if entry.version[:1].lower() in "v0123456789"]
    newest = part.order is Order.NEWEST
    falls = sum((one > other) is newest for (one, _), (other, _) in pairwise(keys) if one != other)
    if falls * 3 < 2 * (len(keys) - 1):
        return
    for (one, above), (other, below) in pairwise(keys):
        dated = above.day is not None and below.day is not None and above.day != below.day
        if (dated and not _wrong(above, below, newest=newest)) or _is_year(one) is not _is_year(other):
            continue
        if one != other and (one > other) is not newest:
            message = f"{below.version} stands below {above.version}, but versions go {part.order}"
            yield _finding("order", below.line, below.version, message)


def _is_year(key: tuple[tuple[int, ...], int]) -> bool:
    """Return whether a version counts years, which no number before it can be compared with."""
    return bool(key[0]) and key[0][0] >= 1900


def _key(version: str) -> tuple[tuple[int, ...], int]:
    """Return what versions are ordered by: the numbers, and a pre-release before its release."""
    head, _, tail = version.lower().lstrip("v").partition("-")
    numbers = [int(piece[:9]) for piece in head.split(".") if piece.isdigit()]
    extra = _PIECES.search(head.lstrip("0123456789.")) is not None or bool(tail)
    return tuple(numbers), 0 if extra else 1


def _markers(document: Document) -> Iterator[Finding]:
    seen: dict[str, int] = {}
    for marker in document.markers:
        if marker.kind == "entry" and marker.words:
            name = marker.words[0]
            if name in seen:
                message = f"the entry {name} is there twice, first in line {seen[name]}"
                yield _finding("duplicate", marker.line, name, message)
            seen.setdefault(name, marker.line)


def _finding(
    rule: str,
    line: int,
    seen: str,
    message: str,
    *,
    column: int = 0,
    expected: str = "",
    severity: Severity = Severity.ERROR,
) -> Finding:
    return Finding(
        line=line, column=column, rule=rule, message=message, seen=seen, expected=expected, severity=severity
    )
