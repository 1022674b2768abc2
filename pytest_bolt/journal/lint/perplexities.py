"""Rules `perplexity` and `tokenizer`: perplexity is exp(loss), and counts tokens of one kind."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from pytest_bolt.journal.document.model import Cell, Table
from pytest_bolt.journal.document.whole import Document
from pytest_bolt.journal.lint.clauses import Clause, clauses
from pytest_bolt.journal.lint.finding import Finding, Severity
from pytest_bolt.journal.lint.quantity import Quantity
from pytest_bolt.journal.lint.table_reading import figure, plain, shown_row

_PPL = re.compile(r"\b(?:ppl|perplexity|perplexities)\b", re.IGNORECASE)
_LOSS = re.compile(r"loss|\bnats\b|\bnll\b|cross[- ]entropy|\bce\b|\bval\b", re.IGNORECASE)
_BITS = re.compile(r"\bbits?\b|\bbp[bc]\b|\bbits-per\b", re.IGNORECASE)
_STRIP = re.compile(r"\b(?:loss|ppl|perplexity|nll|nats|cross-entropy)\b|[()]", re.IGNORECASE)
_TOKENIZERS = (
    ("characters", re.compile(r"\bchar(?:acters?)?(?:-level)?\b", re.IGNORECASE)),
    ("bytes", re.compile(r"\bbyte-level\b(?! bpe)", re.IGNORECASE)),
    (
        "byte pairs",
        re.compile(r"\bbpe\b|\btiktoken\b|\bbyte[- ]pairs?\b|\bgpt-?2 tokenizer\b", re.IGNORECASE),
    ),
    ("pieces", re.compile(r"\bsentencepiece\b|\bunigram tokenizer\b|\bwordpiece\b", re.IGNORECASE)),
    ("words", re.compile(r"\bword-level\b", re.IGNORECASE)),
)
_APART = re.compile(r"→|;|@|\bvs\b")
_HIGHEST_LOSS = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wrong:
    """A perplexity that its loss does not give."""

    line: int
    text: str
    expected: str
    loss: str


def perplexities(document: Document) -> Iterator[Finding]:
    """Find perplexities that are not exp(loss), and each place that repeats one."""
    wrong: dict[str, _Wrong] = {}
    right: set[str] = set()
    seen: set[tuple[int, str]] = set()
    for loss, ppl, place in sorted(_pairs(document), key=lambda pair: pair[2]):
        bad = _judged(loss, ppl)
        if bad is None:
            right.add(f"{ppl.value:g}")
            continue
        key = f"{ppl.value:g}"
        wrong.setdefault(key, _Wrong(line=place[0], text=ppl.text, expected=bad, loss=loss.text))
        seen.add((place[0], key))
        message = f"`{ppl.text}`: exp({loss.text}) is {bad}"
        yield _finding("perplexity", place, message, ppl.text, bad)
    for key in right:
        wrong.pop(key, None)
    if wrong:
        yield from _repeated(document, wrong, seen)


def tokenizers(document: Document) -> Iterator[Finding]:
    """Find perplexities of different tokenizers that are set side by side."""
    for clause in clauses(document):
        if _PPL.search(clause.text) and len(_named(clause.text)) > 1 and len(clause.found) >= 2:
            at = _PPL.search(clause.text)
            if at is not None and re.search(r"\bvs\.?\b|→|\bthan\b|against|compared", clause.text):
                yield _apart(clause.place(at.start()), _named(clause.text))
    for table in document.tables:
        yield from _across_table(table)


def _across_table(table: Table) -> Iterator[Finding]:
    for rows in (table.rows, _turned(table)):
        kinds = next((cells for cells in rows if cells and "tokeni" in cells[0].text.lower()), None)
        if kinds is None:
            continue
        for cells in rows:
            if not cells or not (_PPL.search(cells[0].text) or "loss" in cells[0].text.lower()):
                continue
            told = [
                (frozenset(_named(kind.text + " " + cell.text)), cell)
                for kind, cell in zip(kinds[1:], cells[1:], strict=False)
                if any(map(str.isdigit, cell.text)) or _named(cell.text)
            ]
            if len({names for names, _ in told if names}) > 1:
                yield _apart(
                    (cells[0].line, cells[0].column), sorted(set().union(*(names for names, _ in told)))
                )


def _turned(table: Table) -> tuple[tuple[Cell, ...], ...]:
    full = [table.header, *(row for row in table.rows if len(row) == len(table.header))]
    return tuple(zip(*full, strict=True))


def _named(text: str) -> list[str]:
    return [name for name, pattern in _TOKENIZERS if pattern.search(text)]


def _apart(place: tuple[int, int], names: list[str]) -> Finding:
    message = (
        f"perplexities of different tokenizers ({', '.join(names)}) cannot be compared; bits per byte can"
    )
    return _finding("tokenizer", place, message, ", ".join(names), "bits per byte", Severity.ADVICE)


def _pairs(document: Document) -> Iterator[tuple[Quantity, Quantity, tuple[int, int]]]:
    for clause in clauses(document, fenced=True):
        if "ppl" in clause.text.lower() or "perplex" in clause.text.lower():
            yield from _in_prose(clause)
    for table in document.tables:
        yield from _in_table(document, table.rows, table)
        yield from _in_table(document, _turned(table)[1:] and _turned(table), table)


def _in_prose(clause: Clause) -> Iterator[tuple[Quantity, Quantity, tuple[int, int]]]:
    if _BITS.search(clause.text):
        return
    found = [one for one in clause.found if one.kind in {"", "nats"}]
    taken = -1
    for n, (one, other) in enumerate(pairwise(found)):
        between = clause.text[one.end : other.start]
        if n <= taken or len(between) > 40 or _APART.search(between):
            continue
        lead = clause.text[max(0, one.start - 24) : one.start]
        tail = clause.text[other.end : other.end + 16]
        if _ends_with(_PPL, between) and _may_be_loss(one, lead + between[:16]):
            taken = n + 1
            yield one, other, clause.place(other.start)
        elif (
            _ends_with(_PPL, lead) and _LOSS.search(between[-12:] + tail[:10]) and _may_be_loss(other, "loss")
        ):
            taken = n + 1
            yield other, one, clause.place(one.start)


def _ends_with(pattern: re.Pattern[str], text: str) -> bool:
    ends = [match.end() for match in pattern.finditer(text)]
    return bool(ends) and not text[ends[-1] :].strip(" :=~≈(is")


def _may_be_loss(quantity: Quantity, around: str) -> bool:
    decimals = quantity.ulp <= 0.1
    return (
        decimals
        and 0 < quantity.value < _HIGHEST_LOSS
        and (_LOSS.search(around) is not None or quantity.ulp <= 0.001)
    )


def _in_table(
    document: Document, rows: tuple[tuple[Cell, ...], ...], table: Table
) -> Iterator[tuple[Quantity, Quantity, tuple[int, int]]]:
    """Yield losses and perplexities of two rows that are called alike: `Best val loss`, `Best val ppl`."""
    losses: dict[str, tuple[Cell, ...]] = {}
    for cells in rows:
        if cells and "loss" in cells[0].text.lower() and not _BITS.search(cells[0].text):
            losses.setdefault(_alike(cells[0].text), cells)
    if not losses:
        return
    for cells in rows:
        if not cells or not _PPL.search(cells[0].text):
            continue
        partner = losses.get(_alike(cells[0].text))
        if partner is None and len(losses) == 1 and len(rows) == len(table.header):
            partner = next(iter(losses.values())) if len(losses) == 1 else None
        if partner is None or partner is cells:
            continue
        for loss, ppl in zip(partner[1:], cells[1:], strict=False):
            one, other = (figure(_shown(document, cell)) for cell in (loss, ppl))
            if one is not None and other is not None and _may_be_loss(one, "loss") and other.kind == "":
                yield one, other, (ppl.line, ppl.column)


def _shown(document: Document, cell: Cell) -> str:
    return document.source.shown[cell.line - 1][cell.column : cell.column + len(cell.text)]


def _alike(label: str) -> str:
    return " ".join(_STRIP.sub(" ", plain(label).lower()).replace("validation", "val").split())


def _judged(loss: Quantity, ppl: Quantity) -> str | None:
    """Return what the perplexity should be, None where it can be right."""
    possible = loss.range.mapped(math.exp)
    if ppl.value <= 0 or ppl.claimed.meets(possible):
        return None
    return ppl.shown(math.exp(loss.value))


def _repeated(document: Document, wrong: dict[str, _Wrong], seen: set[tuple[int, str]]) -> Iterator[Finding]:
    texts = [(clause.text, clause.found, clause.place) for clause in clauses(document)]
    for text, found, place in texts:
        if _PPL.search(text):
            for quantity in found:
                yield from _again(quantity, place(quantity.start), wrong, seen)
    for table in document.tables:
        for cells in table.rows:
            header = [_PPL.search(cell.text) is not None for cell in table.header]
            whole = bool(cells) and _PPL.search(cells[0].text) is not None
            for n, (cell, text) in enumerate(zip(cells, shown_row(document, cells), strict=True)):
                again = figure(text) if whole or (n < len(header) and header[n]) else None
                if again is not None:
                    yield from _again(again, (cell.line, cell.column), wrong, seen)


def _again(
    quantity: Quantity, place: tuple[int, int], wrong: dict[str, _Wrong], seen: set[tuple[int, str]]
) -> Iterator[Finding]:
    key = f"{quantity.value:g}"
    first = wrong.get(key)
    if first is None or quantity.kind or (place[0], key) in seen or "." not in quantity.text:
        return
    seen.add((place[0], key))
    message = f"`{quantity.text}` repeats line {first.line}: exp({first.loss}) is {first.expected}"
    yield _finding("perplexity", place, message, quantity.text, first.expected)


def _finding(
    rule: str,
    place: tuple[int, int],
    message: str,
    seen: str,
    expected: str,
    severity: Severity = Severity.ERROR,
) -> Finding:
    return Finding(
        line=place[0],
        column=place[1],
        rule=rule,
        message=message,
        seen=seen,
        expected=expected,
        severity=severity,
    )
