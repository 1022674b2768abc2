"""What hides lines from a reader of entries, fences and comments, and our own comments, which mark them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from pytest_bolt.journal.document.model import Conflict, Fence, Heading, Marker, Span

FENCED, COMMENTED = 1, 2
_FENCE = re.compile(r"[ ]{0,12}(?:[-*+>][ ]{1,3})?(?P<mark>`{3,}|~{3,})(?P<info>.*)")
_MARKER = re.compile(r"<!-- (?P<kind>/?bolt:[\w-]+)(?P<words>(?: [^\s>]+){0,8}) ?-->")
_HEADING = re.compile(r"[ ]{0,3}(?P<marks>#{1,6})[ \t](?P<text>.*)")
_CONFLICTS = ("<<<<<<< ", ">>>>>>> ", "||||||| ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocks:
    """The blocks of a text; `hidden` has FENCED or COMMENTED for each line inside one, by its number."""

    fences: tuple[Fence, ...]
    comments: tuple[Span, ...]
    markers: tuple[Marker, ...]
    hidden: bytearray


def blocks_of(lines: Sequence[str]) -> Blocks:
    """Return the fences, comments and markers of the lines in one pass."""
    hidden = bytearray(len(lines) + 2)
    fences: list[Fence] = []
    comments: list[Span] = []
    markers: list[Marker] = []
    number = 1
    while number <= len(lines):
        line = lines[number - 1]
        start = number
        if (opened := _opening(line)) is not None:
            number = _fence_end(lines, number + 1, opened["mark"])
            closed = number <= len(lines)
            end = min(number, len(lines)) + 1
            fences.append(Fence(span=Span(start=start, end=end), info=opened["info"].strip(), closed=closed))
            hidden[start:end] = bytes([FENCED]) * (end - start)
        elif line.startswith("<!--"):
            if (marker := _MARKER.match(line)) is not None:
                kind = marker["kind"].replace("bolt:", "")
                markers.append(Marker(line=number, kind=kind, words=tuple(marker["words"].split())))
            number = _comment_end(lines, number)
            comments.append(Span(start=start, end=number + 1))
            hidden[start : number + 1] = bytes([COMMENTED]) * (number + 1 - start)
        number += 1
    return Blocks(fences=tuple(fences), comments=tuple(comments), markers=tuple(markers), hidden=hidden)


def headings_in(lines: Sequence[str], shown: Sequence[str], hidden: bytearray) -> tuple[Heading, ...]:
    """Return the headings outside of hidden lines."""
    found = []
    for number, line in enumerate(lines, 1):
        if "#" in line[:4] and not hidden[number]:
            match = _HEADING.match(shown[number - 1])
            if match is not None:
                text = " ".join(match["text"].rstrip("# ").split())
                found.append(Heading(line=number, level=len(match["marks"]), text=text))
    return tuple(found)


def conflicts_in(lines: Sequence[str], hidden: bytearray) -> tuple[Conflict, ...]:
    """Return the marks that an unfinished merge has left."""
    found = []
    opened = False
    for number, line in enumerate(lines, 1):
        if line[:1] not in {"<", ">", "|", "="} or hidden[number] == COMMENTED:
            continue
        if line.startswith(_CONFLICTS) and (opened or not hidden[number] or line.startswith("<<<<<<<")):
            opened = not line.startswith(">>>>>>>")
            found.append(Conflict(line=number, mark=line[:7]))
        elif line == "=======" and opened:
            found.append(Conflict(line=number, mark=line))
    return tuple(found)


def _opening(line: str) -> re.Match[str] | None:
    if "```" not in line and "~~~" not in line:
        return None
    found = _FENCE.match(line)
    return None if found is None or (found["mark"][0] == "`" and "`" in found["info"]) else found


def _fence_end(lines: Sequence[str], number: int, mark: str) -> int:
    """Return the number of the closing line, one past the last line where there is none."""
    while number <= len(lines):
        line = lines[number - 1].strip()
        if line.startswith(mark) and not line.strip(mark[0]):
            return number
        number += 1
    return number


def _comment_end(lines: Sequence[str], number: int) -> int:
    while number < len(lines) and "-->" not in lines[number - 1]:
        number += 1
    return number
