"""All rules over one journal, and what a journal itself asks to leave out."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from itertools import chain

from pytest_bolt.journal.document.whole import Document
from pytest_bolt.journal.lint.before_after import before_after
from pytest_bolt.journal.lint.changes import changes
from pytest_bolt.journal.lint.damage import damage
from pytest_bolt.journal.lint.derived import derived
from pytest_bolt.journal.lint.equations import equations
from pytest_bolt.journal.lint.finding import RULES, Finding, Rule, Severity
from pytest_bolt.journal.lint.footnotes import footnotes
from pytest_bolt.journal.lint.hashes import Known, hashes, unknown_hashes
from pytest_bolt.journal.lint.outcomes import outcomes
from pytest_bolt.journal.lint.perplexities import perplexities, tokenizers
from pytest_bolt.journal.lint.placeholders import not_written, placeholders
from pytest_bolt.journal.lint.required import required
from pytest_bolt.journal.lint.sequence import sequence
from pytest_bolt.journal.lint.table_changes import table_changes
from pytest_bolt.journal.lint.version_prose import version_prose
from pytest_bolt.journal.lint.versions import versions
from pytest_bolt.journal.lint.wording import memory_units, wording

_CHECKS: tuple[Rule, ...] = (
    before_after,
    changes,
    damage,
    derived,
    equations,
    footnotes,
    hashes,
    memory_units,
    not_written,
    outcomes,
    perplexities,
    placeholders,
    required,
    sequence,
    table_changes,
    tokenizers,
    version_prose,
    versions,
    wording,
)
_QUOTED = "stated: "
_IGNORE = re.compile(
    r"<!-- bolt:lint-ignore (?P<rules>[a-z]+(?:-[a-z]+)*(?:,[a-z]+(?:-[a-z]+)*)*)(?: [^>]{0,400})?-->"
)


def lint(
    document: Document,
    *,
    select: Collection[str] = (),
    ignore: Collection[str] = (),
    known: Known | None = None,
) -> list[Finding]:
    """Return what the rules find, by line and column.

    Arguments:
        select: names of the only rules to run; empty for all of `RULES`.
        ignore: names of rules to leave out.
        known: which hashes name a commit of the journal's repository; None where there is none.
    """
    wanted = (set(select) or set(RULES)) - set(ignore)
    found = chain.from_iterable(check(document) for check in _CHECKS)
    if known is not None:
        found = chain(found, unknown_hashes(document, known))
    silenced = _silenced(document)
    ours = _rendered(document)
    kept = {
        finding: None
        for finding in found
        if finding.rule in wanted
        and finding.rule not in silenced.get(finding.line, ())
        and not (finding.line in ours and _ours_to_say(document, finding))
    }
    return sorted(_told_once(kept), key=lambda one: (one.line, one.column, one.rule))


def _told_once(findings: Collection[Finding]) -> Iterator[Finding]:
    """Leave out what two rules say of one figure: the first, an error before advice, is enough."""
    seen: set[tuple[int, int, str]] = set()
    for finding in sorted(findings, key=lambda one: one.severity is Severity.ADVICE):
        key = (finding.line, finding.column, finding.seen)
        if finding.seen and key in seen:
            continue
        seen.add(key)
        yield finding


def _ours_to_say(document: Document, finding: Finding) -> bool:
    """Return whether a finding in a rendered entry is none: units are the tool's, a claim is quoted."""
    quoted = document.source.lines[finding.line - 1].find(_QUOTED)
    computed = finding.rule in {"rounding", "unit"} and finding.severity is Severity.ADVICE
    return computed or 0 <= quoted < finding.column


def _silenced(document: Document) -> dict[int, set[str]]:
    """Return the rules that are left out, by line: a comment of its own speaks for the line below."""
    found: dict[int, set[str]] = {}
    for number, line in enumerate(document.source.lines, 1):
        if "bolt:lint-ignore" in line:
            match = _IGNORE.search(line)
            if match is not None:
                alone = line.strip() == match.group()
                found.setdefault(number + 1 if alone else number, set()).update(match["rules"].split(","))
    return found


def _rendered(document: Document) -> frozenset[int]:
    """Return the lines of entries that the tool rendered: their figures come from unrounded ones."""
    lines: set[int] = set()
    start = 0
    for marker in document.markers:
        if marker.kind == "entry":
            start = marker.line
        elif marker.kind == "/entry" and start:
            lines.update(range(start, marker.line + 1))
            start = 0
    return frozenset(lines)
