"""Rules `conflict` and `encoding`: what a merge or an editor has left."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_bolt.journal.document.whole import Document
from pytest_bolt.journal.lint.finding import Finding, Severity

_NAMES = {"\r\n": "CRLF", "\n": "LF", "\r": "CR"}


def damage(document: Document) -> Iterator[Finding]:
    """Find conflict marks, and what is wrong with characters and line ends, each kind once."""
    for conflict in document.conflicts:
        message = f"`{conflict.mark}` is the mark of an unfinished merge"
        yield Finding(line=conflict.line, column=0, rule="conflict", message=message, seen=conflict.mark)
    source = document.source
    if source.garbled:
        line = source.garbled[0]
        column = next(at for at, char in enumerate(source.lines[line - 1]) if not char.isascii())
        message = f"UTF-8 that was read as another encoding, in {len(source.garbled)} lines from this one"
        yield _advice(line, column, message)
    broken = next((n for n, text in enumerate(source.lines, 1) if _lone(text) is not None), None)
    if broken is not None:
        yield _advice(broken, _lone(source.lines[broken - 1]) or 0, "bytes that are no UTF-8")
    if len(source.line_ends) > 1:
        rarest = min(source.line_ends, key=lambda end: source.line_ends[end])
        counts = ", ".join(f"{count} {_NAMES[end]}" for end, count in sorted(source.line_ends.items()))
        at = next(n for n in range(1, len(source.lines) + 1) if _end(document, n) == rarest)
        yield _advice(at, len(source.lines[at - 1]), f"mixed line ends: {counts}")
    if source.lines and not _end(document, len(source.lines)):
        last = len(source.lines)
        yield _advice(last, len(source.lines[-1]), "the last line has no line end")
    yield from _unclosed(document)


def _unclosed(document: Document) -> Iterator[Finding]:
    for fence in document.fences:
        if not fence.closed:
            yield _advice(fence.span.start, 0, "this fence is never closed: what follows is no entry")


def _end(document: Document, line: int) -> str:
    source = document.source
    text = source.text[source.starts[line - 1] : source.starts[line]]
    return text[len(text.rstrip("\r\n")) :]


def _lone(text: str) -> int | None:
    if text.isascii():
        return None
    return next((at for at, char in enumerate(text) if "\ud800" <= char <= "\udfff"), None)


def _advice(line: int, column: int, message: str) -> Finding:
    return Finding(line=line, column=column, rule="encoding", message=message, severity=Severity.ADVICE)
