"""Rule `contradiction` in prose: `256-dimensional embeddings (up from 128)` against a table of versions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from pytest_bolt.journal.document.model import JournalEntry
from pytest_bolt.journal.document.whole import Document
from pytest_bolt.journal.lint.clauses import Clause, clauses
from pytest_bolt.journal.lint.finding import Finding
from pytest_bolt.journal.lint.quantity import Quantity
from pytest_bolt.journal.lint.transition import transitions
from pytest_bolt.journal.lint.versions import Told, figures, same

_UP_FROM = re.compile(r"\((?:up|down) from ", re.IGNORECASE)
_IMPROVED = re.compile(r"\bimproved to[ ]{1,4}(?P<value>\d+\.\d{2,})", re.IGNORECASE)
_WORD = re.compile(r"[a-z]{3,}")
_STEM = 3
_REACH = 40


def version_prose(document: Document) -> Iterator[Finding]:
    """Find figures of an entry that the table of versions gives differently, and bests that are old."""
    yield from _not_improved(document)
    told: dict[tuple[str, str], Told] = {}
    for table in document.tables:
        for key, one in figures(document, table):
            told.setdefault(key, one)
    names = list(dict.fromkeys(version for _, version in told))
    if not names:
        return
    by_line = {line: entry for entry in document.entries for line in range(entry.span.start, entry.span.end)}
    for clause in clauses(document):
        entry = by_line.get(clause.place(0)[0])
        if entry is None or not entry.version or not clause.found:
            continue
        column = _column(entry, names)
        if column is not None:
            yield from _of_clause(clause, told, names[column], names[column - 1] if column else "")
        yield from _of_transitions(clause, told, *_around(entry, names))


def _column(entry: JournalEntry, names: list[str]) -> int | None:
    """Return the column of an entry's version: `0.4` stands for 0.4.0."""
    version = entry.version.lower().lstrip("v")
    for n, name in enumerate(names):
        if version in {name, f"{name}.0"}:
            return n
    return None


def _around(entry: JournalEntry, names: list[str]) -> tuple[str, str]:
    """Return the last version before the entry's, and the entry's own or the next one; empty for none."""
    own = _key(entry.version.lower().lstrip("v"))
    before = [name for name in names if _key(name) < own]
    after = [name for name in names if _key(name) >= own]
    return max(before, key=_key, default=""), min(after, key=_key, default="")


def _key(version: str) -> tuple[int, ...]:
    numbers = [int(piece[:9]) for piece in version.split(".") if piece.isdigit()]
    return tuple((*numbers, 0, 0, 0)[:4])


def _of_clause(
    clause: Clause, told: Mapping[tuple[str, str], Told], version: str, before: str
) -> Iterator[Finding]:
    """Judge `64-token context window (up from 8)`."""
    match = _UP_FROM.search(clause.text)
    if match is None:
        return
    now = [one for one in clause.found if one.end <= match.start()]
    then = [one for one in clause.found if one.start >= match.start()]
    if len(now) == 1 and then:
        label = _label(clause.text[now[0].end : match.start()][:_REACH], told)
        yield from _judged(clause, told, label, ((now[0], version), (then[0], before)))


def _of_transitions(
    clause: Clause, told: Mapping[tuple[str, str], Told], before: str, after: str
) -> Iterator[Finding]:
    """Judge `Batch size: 32 → 128`."""
    for pair in transitions(clause.text, clause.found):
        if pair.ordered and "→" in clause.text[pair.start : pair.end]:
            label = _label(clause.text[max(0, pair.start - _REACH) : pair.start], told)
            yield from _judged(clause, told, label, ((pair.before, before), (pair.after, after)))


def _judged(
    clause: Clause,
    told: Mapping[tuple[str, str], Told],
    label: str,
    figures_of_versions: tuple[tuple[Quantity, str], ...],
) -> Iterator[Finding]:
    for quantity, version in figures_of_versions:
        one = told.get((label, version))
        if one is not None and not quantity.kind and not same(one.quantity, quantity):
            yield _finding(clause, quantity, one, label, version)


def _label(text: str, told: Mapping[tuple[str, str], Told]) -> str:
    """Return the feature of the table that the words behind a figure name, empty for none."""
    words = _WORD.findall(text.lower())
    for label in dict.fromkeys(label for label, _ in told):
        named = _WORD.findall(label)
        if named and all(any(word[:_STEM] == one[:_STEM] for word in words) for one in named):
            return label
    return ""


def _finding(clause: Clause, quantity: Quantity, told: Told, label: str, version: str) -> Finding:
    line, column = clause.place(quantity.start)
    message = f"`{quantity.text}`: line {told.cell.line} gives {told.quantity.text} as {label} of {version}"
    return Finding(
        line=line,
        column=column,
        rule="contradiction",
        seen=quantity.text,
        expected=told.quantity.text,
        message=message,
    )


def _not_improved(document: Document) -> Iterator[Finding]:
    before: list[Clause] = []
    for clause in clauses(document):
        match = _IMPROVED.search(clause.text)
        if match is not None:
            same_value = [
                one for one in before[-2:] if f" {match['value']}" in one.text and "best" in one.text
            ]
            if same_value:
                line, column = clause.place(match.start())
                message = f"`improved to {match['value']}`: line {same_value[-1].place(0)[0]} had it already"
                yield Finding(
                    line=line, column=column, rule="contradiction", seen=match["value"], message=message
                )
        before = [*before[-1:], clause]
