"""Rules `percentage` and `ratio` over two lines: `Before: 850 tok/s`, `After: 1,250 tok/s, 47 % more`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from pytest_bolt.journal.document.whole import Document
from pytest_bolt.journal.lint.changes import judged
from pytest_bolt.journal.lint.claim import claims_in
from pytest_bolt.journal.lint.clauses import Clause, clauses
from pytest_bolt.journal.lint.finding import Finding
from pytest_bolt.journal.lint.quantity import Quantity
from pytest_bolt.journal.lint.transition import transitions

_BEFORE = re.compile(r"[ ]*(?:[-*+][ ])?[ ]*(?:before|baseline|old|previously)\b[^:\d]{0,24}:", re.IGNORECASE)
_AFTER = re.compile(r"[ ]*(?:[-*+][ ])?[ ]*(?:after|new|now|optimi[sz]ed)\b[^:\d]{0,24}:", re.IGNORECASE)
_CHANGE = re.compile(
    r"[ ]*(?:[-*+][ ])?[ ]*"
    r"(?:change|improvement|speed-?\s?up|result|gain|reduction|delta|net)\b[^:\d]{0,24}:",
    re.IGNORECASE,
)
_NEAR = 8


def before_after(document: Document) -> Iterator[Finding]:
    """Find claims that the lines `Before:` and `After:` above them cannot give."""
    before: Clause | None = None
    after: Clause | None = None
    for clause in clauses(document):
        if _BEFORE.match(clause.text):
            before, after = clause, None
        elif before is not None and _AFTER.match(clause.text):
            after = clause if clause.place(0)[0] - before.place(0)[0] <= _NEAR else None
            if after is not None:
                yield from _claims(before, after, after)
        elif before is not None and after is not None:
            if _CHANGE.match(clause.text) and clause.place(0)[0] - after.place(0)[0] <= _NEAR:
                yield from _claims(before, after, clause)
            elif clause.start == 0:
                before = after = None


def _claims(before: Clause, after: Clause, clause: Clause) -> Iterator[Finding]:
    if any(True for _ in transitions(clause.text, clause.found)):
        return
    pair = _pair(before.found, after.found)
    if pair is None:
        return
    for claim in claims_in(clause.text, clause.found):
        finding = judged(claim, *pair, clause.place(claim.start))
        if finding is not None:
            yield finding


def _pair(before: Sequence[Quantity], after: Sequence[Quantity]) -> tuple[Quantity, Quantity] | None:
    """Return the only figures of one unit in the two lines, bare ones only where there are no others."""
    for bare in (False, True):
        ones = [one for one in before if one.kind != "x" and bool(one.kind) is not bare]
        others = [one for one in after if one.kind != "x" and bool(one.kind) is not bare]
        pairs = [
            (one, other) for one in ones for other in others if one.kind == other.kind and one.kind != "%"
        ]
        if pairs:
            return pairs[0] if len(pairs) == 1 else None
    return None
