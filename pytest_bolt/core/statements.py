"""What somebody stated before anything was measured: hypotheses in parts, each with what it expects.

That something happened and why it happened are two statements: one may be confirmed, the other refuted.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import pairwise

from pytest_bolt.core.expectation import Expectation, parse_all

_NUMBER = re.compile(r"^[ \t]*(\d{1,3})[.)][ \t]+", re.MULTILINE)
_ROLE = re.compile(r"^\((effect|attribution)\)\s*", re.IGNORECASE)


class Role(StrEnum):
    """What a statement is about: that something is so, or why."""

    EFFECT = "effect"
    ATTRIBUTION = "attribution"


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One part of a hypothesis; the words and the expectations are a person's.

    `source` says where it stands: "option", "commit message", "marker" or "claim". `node_id` names the test
    that it is about, with or without parameters; empty for every test of the run. `experiment` is the title
    of the claim that it is a part of, `published` the figure that was stated, in its author's words, `style`
    the journal style that its entry is written in; all three may be empty.
    """

    text: str
    source: str
    role: Role = Role.EFFECT
    expect: tuple[str, ...] = ()
    node_id: str = ""
    experiment: str = ""
    published: str = ""
    style: str = ""

    def expectations(self) -> tuple[Expectation, ...]:
        """Return what is expected, of this statement's own test. Raises BoltError for a malformed text."""
        found = parse_all(self.expect)
        return tuple(each.on(self.node_id) for each in found) if self.node_id else found


def numbered(texts: Iterable[str], source: str, expect: Sequence[str] = ()) -> tuple[Statement, ...]:
    """Return the parts of a hypothesis: `1. it is faster` and `2. (attribution) one kernel instead of six`.

    Arguments:
        texts: what was said, in one text or several; a line that begins with a number begins a part.
        source: where it was said.
        expect: texts of expectations. One with a number before it (`2. time <= 0.9x base`) is of that part.
            Without a number it is of the only part, else of the hypothesis as a whole.

    Raises BoltError for an expectation that cannot be read.
    """
    parts = dict(enumerate(_split(texts), start=1))
    of_part: dict[int, list[str]] = {}
    for expectation in parse_all(expect):
        place = expectation.part or (1 if len(parts) == 1 else 0)
        of_part.setdefault(place, []).append(expectation.text)
    places = [*parts, *(place for place in sorted(of_part) if place not in parts)]
    return tuple(_statement(parts.get(place, ""), source, tuple(of_part.get(place, ()))) for place in places)


def words_of(statements: Iterable[Statement]) -> str:
    """Return the words of several statements as one text, each once."""
    return "; ".join(dict.fromkeys(each.text for each in statements if each.text))


def by_function(statements: Iterable[Statement]) -> tuple[Statement, ...]:
    """Return the statements with those merged that differ in the parameters of one test function only."""
    groups: dict[Statement, list[Statement]] = {}
    for each in statements:
        groups.setdefault(replace(each, node_id=each.node_id.partition("[")[0]), []).append(each)
    said = [merged.node_id for merged in groups]
    return tuple(
        each
        for merged, members in groups.items()
        for each in ([merged] if said.count(merged.node_id) == 1 else members)
    )


def _split(texts: Iterable[str]) -> list[str]:
    found: list[str] = []
    for text in texts:
        starts = [match.start() for match in _NUMBER.finditer(text)]
        bounds = sorted({0, *starts, len(text)})
        found += [text[start:end].strip() for start, end in pairwise(bounds)]
    return [text for text in found if text]


def _statement(text: str, source: str, expect: tuple[str, ...]) -> Statement:
    words = _NUMBER.sub("", text, count=1) if _NUMBER.match(text) else text
    role = _ROLE.match(words)
    return Statement(
        text=words[role.end() :].strip() if role else words.strip(),
        source=source,
        role=Role(role[1].lower()) if role else Role.EFFECT,
        expect=expect,
    )
