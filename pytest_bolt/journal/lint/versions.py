"""Rule `contradiction` between tables of one changelog: the same feature of the same version, twice."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass

from pytest_bolt.journal.document.model import Cell, Table
from pytest_bolt.journal.document.whole import Document
from pytest_bolt.journal.lint.finding import Finding
from pytest_bolt.journal.lint.quantity import Quantity
from pytest_bolt.journal.lint.table_reading import figure, plain, shown_row, tables_within

_VERSION = re.compile(r"v?(\d{1,4}(?:\.\d{1,4}){1,3})")
_WORDS = re.compile(r"[a-z]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A figure of a version with where it stands."""

    cell: Cell
    quantity: Quantity


def versions(document: Document) -> Iterator[Finding]:
    """Find figures of one feature and one version that two tables give differently."""
    told: dict[tuple[str, str], Told] = {}
    for table in document.tables:
        for key, one in figures(document, table):
            first = told.setdefault(key, one)
            if first is one or same(first.quantity, one.quantity):
                continue
            message = f"{key[0]} of {key[1]} is `{one.quantity.text}` here, `{first.quantity.text}` in line"
            yield Finding(
                line=one.cell.line,
                column=one.cell.column,
                rule="contradiction",
                seen=one.quantity.text,
                expected=first.quantity.text,
                message=f"{message} {first.cell.line}",
            )
    yield from _own_tables(document, told)


def figures(document: Document, table: Table) -> Iterator[tuple[tuple[str, str], Told]]:
    """Yield the figures of a table whose columns are versions, by label and version."""
    names = [_VERSION.fullmatch(plain(cell.text)) for cell in table.header]
    if sum(name is not None for name in names[1:]) < 2:
        return
    for cells in table.rows:
        texts = shown_row(document, cells)
        for name, cell, text in zip(names[1:], cells[1:], texts[1:], strict=False):
            quantity = figure(text)
            if name is not None and quantity is not None:
                yield (plain(cells[0].text).lower(), name[1]), Told(cell=cell, quantity=quantity)


def _own_tables(document: Document, told: dict[tuple[str, str], Told]) -> Iterator[Finding]:
    """Hold the best perplexity of the comparison against the best loss in the version's own entry."""
    best = {version: one for (label, version), one in told.items() if _is(label, "best") and _ppl(label)}
    for entry in document.entries:
        one = best.get(entry.version.lstrip("v"))
        if one is None:
            continue
        for table in tables_within(document, entry.span):
            if len(table.header) == 2:
                yield from _best_loss(document, table, entry.version, one)


def _best_loss(document: Document, table: Table, version: str, told: Told) -> Iterator[Finding]:
    for cells in table.rows:
        label = plain(cells[0].text).lower() if len(cells) == 2 else ""
        if not (_is(label, "best") and "loss" in label):
            continue
        quantity = figure(shown_row(document, cells)[1])
        if quantity is None or not 0 < quantity.value < 20:
            continue
        possible = quantity.range.mapped(math.exp)
        if possible.high < told.quantity.claimed.low:
            expected = told.quantity.shown(math.exp(quantity.value))
            yield Finding(
                line=cells[1].line,
                column=cells[1].column,
                rule="contradiction",
                seen=quantity.text,
                expected=f"a best perplexity of {expected}",
                message=f"a best loss of {quantity.text} is a perplexity of {expected}, but line "
                f"{told.cell.line} gives `{told.quantity.text}` as the best of {version}",
            )


def _is(label: str, word: str) -> bool:
    return word in _WORDS.findall(label)


def _ppl(label: str) -> bool:
    return "ppl" in label or "perplexity" in label


def same(one: Quantity, other: Quantity) -> bool:
    """Return whether two figures can be one, or cannot be compared."""
    return one.kind != other.kind or one.claimed.meets(other.claimed)
