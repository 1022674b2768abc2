"""Rules `placeholder` and `not-written`: what nobody has filled in yet."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pytest_bolt.journal.document.blocks import COMMENTED, FENCED
from pytest_bolt.journal.document.whole import Document
from pytest_bolt.journal.lint.finding import Finding, Severity

NOT_WRITTEN = "(not written)"
_ORDER = re.compile(
    r"\[(?:paste|insert|fill|enter|your|add|replace|describe|commit hash|full commit|todo|tbd|title of|hash"
    r"|to be)"
    r"[^\[\]\n]{0,80}\](?!\()",
    re.IGNORECASE,
)
_ANGLED = re.compile(
    r"(?<![\w`/=-])<(?:what|why|how|key|follow|your|insert|experiment name|title|describe|fill|commit|hash"
    r"|sha|paste)"
    r"[a-z _-]{0,60}>",
    re.IGNORECASE,
)
_LATER = re.compile(r"(?<![\w/#-])(?:TBD|TODO|FIXME|XXX)(?![\w(-])")
_FORM = re.compile(r"YYYY-MM-DD|HH:MM(?!:)")


def placeholders(document: Document) -> Iterator[Finding]:
    """Find placeholders; those of an empty form are advice, and only where they ask for evidence."""
    hidden = _hidden(document)
    forms, entries = _forms(document), _lines_of_entries(document)
    for number, line in enumerate(document.source.lines, 1):
        if hidden[number] == COMMENTED or not line:
            continue
        in_form = bool(forms[number])
        if hidden[number] == FENCED and not in_form:
            continue
        yield from _of_line(line, number, in_form=in_form, in_entry=bool(entries[number]))


def not_written(document: Document) -> Iterator[Finding]:
    """Find the fields of a person that are empty."""
    for number, line in enumerate(document.source.lines, 1):
        if NOT_WRITTEN in line and line.strip(" *_-") == NOT_WRITTEN:
            yield Finding(
                line=number,
                column=line.index(NOT_WRITTEN),
                rule="not-written",
                severity=Severity.ADVICE,
                seen=NOT_WRITTEN,
                message="a person's field is empty",
            )


def _of_line(line: str, number: int, *, in_form: bool, in_entry: bool) -> Iterator[Finding]:
    for pattern in (_ORDER,) if in_form else (_ORDER, _ANGLED, _FORM, _LATER):
        if pattern is _ORDER and "[" not in line:
            continue
        for match in pattern.finditer(line):
            if in_form and not _evidence(match.group()):
                continue
            later = pattern is _LATER
            if pattern in {_ANGLED, _FORM} and _in_code(line, match.start()):
                continue
            yield Finding(
                line=number,
                column=match.start(),
                rule="placeholder",
                severity=Severity.ERROR if in_entry and not later and not in_form else Severity.ADVICE,
                seen=match.group(),
                message=f"`{match.group()}` " + ("is still open" if later else "was not filled in"),
            )


def _evidence(text: str) -> bool:
    lowered = text.lower()
    return any(word in lowered for word in ("paste", "hash", "insert"))


def _in_code(line: str, at: int) -> bool:
    return line.count("`", 0, at) % 2 == 1


def _hidden(document: Document) -> bytearray:
    hidden = bytearray(len(document.source.lines) + 2)
    for fence in document.fences:
        hidden[fence.span.start : fence.span.end] = bytes([FENCED]) * (fence.span.end - fence.span.start)
    for span in document.comments:
        hidden[span.start : span.end] = bytes([COMMENTED]) * (span.end - span.start)
    return hidden


def _lines_of_entries(document: Document) -> bytearray:
    inside = bytearray(len(document.source.lines) + 2)
    for entry in document.entries:
        inside[entry.span.start : entry.span.end] = b"\1" * (entry.span.end - entry.span.start)
    return inside


def _forms(document: Document) -> bytearray:
    """Return which lines belong to an empty form, by number."""
    inside = bytearray(len(document.source.lines) + 2)
    spans = [span for part in document.parts for span in part.templates]
    for span in (*spans, *(entry.span for entry in document.entries if entry.template)):
        inside[span.start : span.end] = b"\1" * (span.end - span.start)
    return inside
