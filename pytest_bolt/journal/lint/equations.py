"""Rule `arithmetic`: equations whose sides differ, and shares `5 of 8 (62 %)`."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from itertools import pairwise

from pytest_bolt.journal.document.whole import Document
from pytest_bolt.journal.lint.clauses import Clause, clauses
from pytest_bolt.journal.lint.expression import Value, chains
from pytest_bolt.journal.lint.finding import Finding, Severity
from pytest_bolt.journal.lint.interval import Interval
from pytest_bolt.journal.lint.quantity import Quantity, quantities

_SHARE = re.compile(
    r"(?<![\w./,-])(?P<part>\d{1,3}(?:,\d{3})+|\d{1,9})[ ]?(?:/|of|out of)[ ]?"
    r"(?P<whole>\d{1,3}(?:,\d{3})+|\d{1,9})"
    r"(?![\w.,]?\d)(?:[ ][a-z]{1,14}){0,2}[ ]?[(=:][ ]?(?=[~≈]?\d)"
)
Place = Callable[[int], tuple[int, int]]
_ASTRONOMIC = 1e12  # powers of that size are orders of magnitude
_BINARY = {1e3: 2.0**10, 1e6: 2.0**20, 1e9: 2.0**30, 1e12: 2.0**40}


def equations(document: Document) -> Iterator[Finding]:
    """Find equations and shares in prose and cells that do not hold."""
    for clause in clauses(document):
        if "=" in clause.text or "≈" in clause.text:
            for chain in chains(clause.text):
                yield from _of_chain(chain, clause.place)
        if "%" in clause.text:
            yield from _shares(clause.text, clause.place)
        if "bytes (" in clause.text:
            yield from _in_brackets(clause)
    for table in document.tables:
        for cells in table.rows:
            for cell in cells:
                text = document.source.shown[cell.line - 1][cell.column : cell.column + len(cell.text)]
                if "=" in text or "%" in text:
                    yield from _of_cell(text, cell.line, cell.column)


def _in_brackets(clause: Clause) -> Iterator[Finding]:
    """Judge `8,589,934,592 bytes (8.0 GB)`."""
    for one, other in pairwise(clause.found):
        between, after = clause.text[one.end : other.start], clause.text[other.end : other.end + 1]
        if one.kind == other.kind == "bytes" and one.scale == 1.0 and between.strip() == "(" and after == ")":
            yield from _of_chain([_alone(one), _alone(other)], clause.place)


def _alone(one: Quantity) -> Value:
    return Value(
        start=one.start,
        end=one.end,
        text=one.text,
        range=one.claimed,
        value=one.value,
        computed=False,
        kind=one.kind,
        scale=one.scale,
        ulp=one.ulp,
    )


def _of_cell(text: str, line: int, column: int) -> Iterator[Finding]:
    def place(at: int) -> tuple[int, int]:
        return line, column + at

    for chain in chains(text):
        yield from _of_chain(chain, place)
    yield from _shares(text, place)


def _of_chain(chain: list[Value], place: Place) -> Iterator[Finding]:
    """Judge the sides of `a = b = c`: the one that stands alone against equal others, else the last."""
    scales = {value.scale for value in chain if value.kind}
    conversion = len(scales) > 1 and all(value.kind == "bytes" for value in chain)
    if not any(value.computed for value in chain) and not conversion:
        return
    if any(abs(value.value) > _ASTRONOMIC for value in chain):
        return
    bad = [n for n, value in enumerate(chain) if not any(_agree(value, other) for other in _others(chain, n))]
    if not bad:
        return
    culprit = bad[0] if len(bad) == 1 and len(chain) > 2 else len(chain) - 1
    seen = chain[culprit]
    other = chain[0] if culprit else chain[1]
    if seen.computed and not other.computed and len(chain) == 2:
        seen, other = other, seen
    line, column = place(seen.start)
    if (binary := _binary(seen, other)) is not None:
        yield Finding(
            line=line,
            column=column,
            rule="unit",
            seen=seen.text,
            expected=binary,
            message=f"`{seen.text}`: {other.text} is {binary}",
        )
        return
    expected = _plain(other.value * (seen.scale if seen.kind and not other.kind else 1.0), seen)
    message = f"`{seen.text}` is {_plain(seen.value, seen)}, not {_plain(other.value, other)}"
    if not seen.computed:
        message = f"`{seen.text}`: {other.text} is {expected}"
    cut = seen.ulp > 0 and seen.range.widened(0).meets(other.range) is False and _cut(seen, other)
    yield Finding(
        line=line,
        column=column,
        rule="rounding" if cut else "arithmetic",
        severity=Severity.ADVICE if cut else Severity.ERROR,
        seen=seen.text,
        expected=expected,
        message=message,
    )


def _others(chain: list[Value], n: int) -> list[Value]:
    return chain[:n] + chain[n + 1 :]


def _agree(one: Value, other: Value) -> bool:
    if one.kind and other.kind and one.kind != other.kind:
        return True
    if one.range.meets(other.range):
        return True
    if bool(one.kind) is not bool(other.kind) and (one.worded or other.worded):
        return True
    if one.scale == other.scale or (one.kind and other.kind):
        return False
    # A unit said once holds for both sides: `3.3 + 5.9 = 9.2 ms`.
    bare, said = (other, one) if other.scale == 1.0 and not other.kind else (one, other)
    return said.range.scaled(1 / said.scale).meets(bare.range)


def _cut(seen: Value, other: Value) -> bool:
    """Return whether digits were cut off instead of rounded."""
    return Interval(seen.value, seen.value + seen.ulp).meets(other.range)


def _binary(seen: Value, other: Value) -> str | None:
    """Return the size with a binary unit, where that is what the figures mean."""
    if seen.kind != "bytes" or seen.scale not in _BINARY:
        return None
    if not seen.range.scaled(_BINARY[seen.scale] / seen.scale).meets(other.range):
        return None
    return re.sub(r"([kKMGT])B\b", lambda match: f"{match[1].upper()}iB", seen.text)


def _plain(value: float, like: Value) -> str:
    scaled = value / like.scale if like.scale else value
    if not math.isfinite(scaled):
        return str(scaled)
    if abs(scaled - round(scaled)) < 1e-9 and abs(scaled) < 1e15:
        return f"{round(scaled):,}"
    return f"{scaled:.4g}"


def _shares(text: str, place: Place) -> Iterator[Finding]:
    for match in _SHARE.finditer(text):
        found = quantities(text[match.end() - 1 : match.end() + 24])
        if not found or found[0].kind != "%" or found[0].start > 1:
            continue
        part, whole = (float(match[name].replace(",", "")) for name in ("part", "whole"))
        if not whole or part > whole:
            continue
        share, claim = 100 * part / whole, found[0]
        if claim.claimed.meets(Interval(share, share)):
            continue
        cut = Interval(claim.value, claim.value + claim.ulp).meets(Interval(share, share))
        line, column = place(match.end() - 1 + claim.start)
        expected = f"{claim.shown(share)} %"
        yield Finding(
            line=line,
            column=column,
            rule="rounding" if cut else "percentage",
            severity=Severity.ADVICE if cut else Severity.ERROR,
            seen=claim.text,
            expected=expected,
            message=f"`{claim.text}`: {match['part']} of {match['whole']} is {expected}",
        )
