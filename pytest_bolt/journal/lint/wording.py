"""Rules `wording` and `unit` in prose: factors below one, reductions beyond everything, GB of memory."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pytest_bolt.journal.document.whole import Document
from pytest_bolt.journal.lint.clauses import Clause, clauses
from pytest_bolt.journal.lint.finding import Finding, Severity
from pytest_bolt.journal.lint.quantity import Quantity

_FACTOR = re.compile(
    r"[ ]?(?:times[ ])?(?P<word>slower|faster|quicker|smaller|larger|bigger|fewer|lighter|cheaper)\b",
    re.IGNORECASE,
)
_LESS = re.compile(
    r"[ ](?:[a-z]+[ ])?(?P<word>reduction|decrease|less|fewer|lower|smaller|shorter)\b", re.IGNORECASE
)
_REDUCED = re.compile(
    r"\b(?:reduced|decreased|cut|lowered|shrunk|dropped)[ ](?:[a-z]+[ ]){0,2}by[ ]$|\bdown[ ](?:by[ ])?$",
    re.IGNORECASE,
)
_MEMORY = re.compile(
    r"activation|peak|\brss\b|resident|allocat|\bheap\b|working set|footprint|memory (?:use|usage|needs)",
    re.IGNORECASE,
)
_SIZE = re.compile(r"(?<![\d.])\d[\d.,]*[ ]?(?P<unit>[KMGT]B)\b")
_CAPACITY = re.compile(
    r"[ ](?:of )?(?:V?RAM|HBM|G?DDR|GPU|Mac|M\d|card|unified|device|machine)", re.IGNORECASE
)
_TO_BINARY = {"KB": 1e3 / 2**10, "MB": 1e6 / 2**20, "GB": 1e9 / 2**30, "TB": 1e12 / 2**40}


def wording(document: Document) -> Iterator[Finding]:
    """Find factors and percentages that contradict the word behind them."""
    for clause in clauses(document):
        for quantity in clause.found:
            if quantity.kind == "x" and 0 < quantity.value < 1:
                yield from _below_one(clause, quantity)
            elif quantity.kind == "%" and quantity.value > 100:
                yield from _beyond(clause, quantity)
    for table in document.tables:
        for cells in table.rows:
            for cell in cells:
                found = re.match(r"(?P<seen>0?\.\d+x) (?P<word>slower|faster)\b", cell.text)
                if found is not None:
                    yield _factor(found["seen"], found["word"], (cell.line, cell.column), 0.0)


def memory_units(document: Document) -> Iterator[Finding]:
    """Find, once in each part, a size of memory in decimal units: tools that measure it count in 2^30."""
    told: set[int] = set()
    for clause in clauses(document):
        if "B" not in clause.text or not _MEMORY.search(clause.text):
            continue
        match = _SIZE.search(clause.text)
        if match is None or _CAPACITY.match(clause.text, match.end()):
            continue
        quantity = next((one for one in clause.found if one.start <= match.start() < one.end), None)
        line, column = clause.place(match.start())
        part = next((n for n, one in enumerate(document.parts) if line in one.span), 0)
        if quantity is None or quantity.kind != "bytes" or part in told:
            continue
        told.add(part)
        unit = match["unit"]
        binary = f"{quantity.value / quantity.scale * _TO_BINARY[unit]:.3g} {unit[0]}iB"
        yield Finding(
            line=line,
            column=column,
            rule="unit",
            severity=Severity.ADVICE,
            seen=match.group(),
            expected=binary,
            message=f"`{match.group()}` of memory: is it {unit}, which is {binary}, or {unit[0]}iB?",
        )


def _below_one(clause: Clause, quantity: Quantity) -> Iterator[Finding]:
    found = _FACTOR.match(clause.text, quantity.end)
    if found is not None:
        yield _factor(quantity.text, found["word"], clause.place(quantity.start), quantity.value)


def _factor(seen: str, word: str, place: tuple[int, int], value: float) -> Finding:
    value = value or float(seen.rstrip("x"))
    opposite = {"slower": "faster", "faster": "slower"}.get(word, "the opposite")
    expected = f"{1 / value:.3g}x {word}" if word == "slower" else f"{1 / value:.3g}x {opposite}"
    return Finding(
        line=place[0],
        column=place[1],
        rule="wording",
        seen=f"{seen} {word}",
        expected=f"{expected}, or {value:g}x the speed",
        message=f"`{seen} {word}` is a factor below one: {value:g}x the speed is {1 / value:.3g}x slower",
    )


def _beyond(clause: Clause, quantity: Quantity) -> Iterator[Finding]:
    found = _LESS.match(clause.text, quantity.end)
    before = _REDUCED.search(clause.text[max(0, quantity.start - 40) : quantity.start])
    if found is None and before is None:
        return
    line, column = clause.place(quantity.start)
    word = found["word"] if found else "reduced"
    message = f"`{quantity.text}` {word}: nothing can shrink by more than 100 %"
    yield Finding(
        line=line,
        column=column,
        rule="wording",
        seen=quantity.text,
        expected="at most 100 %",
        message=message,
    )
