"""An entry as it stands beside the same entry rendered again: every fact of it has to be the same.

Facts are numbers with their units, names and hashes in code, commands, and the words of verdicts. The words
between them may differ, as an older version may have written others.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from pytest_bolt.core.comparison import Comparison
from pytest_bolt.core.markdown_text import code, escape
from pytest_bolt.journal.entry import Entry
from pytest_bolt.journal.markers import Found, entries_in, person_in, with_person

_UNITS = r"(?: (?:%|ns|us|ms|s|min|B|[KMGT]iB|[kMGT]?B/s|[kMGT]?FLOP/s|x)(?![A-Za-z]))?"
_VERDICTS = (
    "not replicated|cannot tell|replicated|not comparable|not tested|too noisy|no-op|same within|slower"
    "|faster|inconclusive|incorrect|incomparable|missing|worse|better|confirmed|refuted|matched|larger|smaller|failed"
)
_FACT = re.compile(
    rf"(?P<code><code>.*?</code>|`[^`]*`)|(?P<number>[^\s`|<]*\d[^\s`|<]*{_UNITS})"
    rf"|(?P<verdict>\b(?:{_VERDICTS})\b)",
    re.IGNORECASE,
)
_FENCE = re.compile(r"^`{3,}")
_EDGE = "*_;,.:()[]"
_NOTHING = "nothing"
_MOST = 8  # facts that one line of a report names


@dataclass(frozen=True, slots=True)
class Fact:
    """A number, name or verdict that an entry states, and its line, from 0."""

    kind: str
    text: str
    line: int

    @property
    def key(self) -> tuple[str, str]:
        """Return what has to be equal."""
        return self.kind, self.text


@dataclass(frozen=True, slots=True, kw_only=True)
class Mismatch:
    """What stands in a line of an entry, from 0, and what should; how many facts are concerned."""

    line: int
    stands: str
    should: str
    facts: int = 1


def mismatches(found: Found, entry: Entry, rendered: str) -> tuple[Mismatch, ...]:
    """Return where the facts of an entry are not those of the entry rendered again.

    Arguments:
        found: the entry as it stands in the journal.
        entry: the same, built from the store.
        rendered: that, between its markers.
    """
    (again,) = entries_in(rendered)
    stands, should = without_person(found.body), without_person(again.body)
    if _words(stands) == _words(should):
        return ()
    facts = tuple(facts_in(stands)), tuple(facts_in(should))
    differing = _compared(*facts, _of_results(entry, should))
    return (*differing, *_unsaid(entry, stands, should, as_often=len(facts[0]) == len(facts[1])))


def without_person(body: str) -> str:
    """Return the body with empty persons' fields, line for line, and plain line ends."""
    plain = body.replace("\r\n", "\n")
    return with_person(plain, {name: "\n" * text.count("\n") for name, text in person_in(plain).items()})


def facts_in(body: str) -> Iterator[Fact]:
    """Return the facts of a text in their order; of fenced code each line is one."""
    fence = ""
    for number, line in enumerate(body.split("\n")):
        mark = _FENCE.match(line)
        if mark and (not fence or line.strip() == fence):
            fence = "" if fence else mark.group()
        elif fence:
            yield Fact("code", line, number)
        else:
            yield from _in_line(line, number)


def place_of(body: str, comparison: Comparison) -> int:
    """Return the first line, from 0, that names the benchmark, 0 where none does."""
    name = code(comparison.case.case_id.node_id)
    return next((number for number, line in enumerate(body.split("\n")) if name in line), 0)


def _words(text: str) -> list[str]:
    return re.sub(r"-{2,}", "--", text).split()


def _in_line(line: str, number: int) -> Iterator[Fact]:
    for match in _FACT.finditer(line):
        kind = match.lastgroup or ""
        text = match.group() if kind == "code" else match.group().strip(_EDGE)
        yield Fact(kind, text, number)


def _of_results(entry: Entry, should: str) -> frozenset[tuple[str, str]]:
    """Return the facts that no version leaves out: those of lines about a result, and verdicts."""
    names = [code(row.node_id) for row in entry.results]
    lines = "\n".join(line for line in should.split("\n") if any(name in line for name in names))
    every = (fact.key for fact in facts_in(should) if fact.kind == "verdict")
    return frozenset([*every, *(fact.key for fact in facts_in(lines))])


def _compared(
    stands: Sequence[Fact], should: Sequence[Fact], needed: frozenset[tuple[str, str]]
) -> Iterator[Mismatch]:
    """Return the differences of two sequences of facts.

    Another version may have printed fewer facts, or more of those that are known; where the numbers of facts
    are the same, none may differ.
    """
    keys = [fact.key for fact in stands], [fact.key for fact in should]
    known = Counter(keys[1]) if len(stands) != len(should) else Counter()
    for name, a, b, c, d in _opcodes(*keys):
        if name == "equal":
            continue
        own, other = stands[a:b], should[c:d]
        line = own[0].line if own else stands[max(a - 1, 0)].line if stands else 0
        if not own:
            gone = [fact.text for fact in other if fact.key in needed or not known]
            if gone:
                yield Mismatch(line=line, stands=_NOTHING, should=_listed(gone), facts=len(gone))
        elif not other:
            new = [fact.text for fact in own if fact.key not in known]
            if new:
                yield Mismatch(line=line, stands=_listed(new), should=_NOTHING, facts=len(new))
        else:
            yield from _replaced(own, other)


def _opcodes(
    stands: list[tuple[str, str]], should: list[tuple[str, str]]
) -> Iterable[tuple[str, int, int, int, int]]:
    """Return how to make one sequence of the other; what is the same at both ends needs no search."""
    first = _same(stands, should)
    last = _same(stands[first:][::-1], should[first:][::-1])
    ends = len(stands) - last, len(should) - last
    found = SequenceMatcher(None, stands[first : ends[0]], should[first : ends[1]], autojunk=False)
    return [(name, a + first, b + first, c + first, d + first) for name, a, b, c, d in found.get_opcodes()]


def _same(stands: list[tuple[str, str]], should: list[tuple[str, str]]) -> int:
    pairs = enumerate(zip(stands, should, strict=False))
    return next((at for at, (one, other) in pairs if one != other), min(len(stands), len(should)))


def _replaced(own: Sequence[Fact], other: Sequence[Fact]) -> Iterator[Mismatch]:
    for fact, wanted in zip(own, other, strict=False):
        yield Mismatch(line=fact.line, stands=fact.text, should=wanted.text)
    line = own[-1].line
    if len(own) > len(other):
        rest = [fact.text for fact in own[len(other) :]]
        yield Mismatch(line=line, stands=_listed(rest), should=_NOTHING, facts=len(rest))
    elif len(other) > len(own):
        rest = [fact.text for fact in other[len(own) :]]
        yield Mismatch(line=line, stands=_NOTHING, should=_listed(rest), facts=len(rest))


def _unsaid(entry: Entry, stands: str, should: str, *, as_often: bool) -> Iterator[Mismatch]:
    """Return the words of people that the store has and that do not stand in the entry any more.

    With `as_often` they have to stand there as often as they should.
    """
    said = [entry.title, *(part.statement.text for part in entry.parts), *entry.notes]
    for text in filter(None, map(escape, said)):
        wanted = should.count(text) if as_often else min(should.count(text), 1)
        if stands.count(text) < wanted:
            yield Mismatch(line=0, stands="other words", should=text)


def _listed(texts: Sequence[str]) -> str:
    shown = " ".join(texts[:_MOST])
    return f"{shown} and {len(texts) - _MOST} more" if len(texts) > _MOST else shown
