"""Two figures of one quantity that a clause sets against each other: `60 s → 3.5 s`, `50M vs 25M`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from pytest_bolt.journal.lint.quantity import Quantity

_ARROW = re.compile(r"[^→;|\d]{0,24}→[^→;|\d]{0,12}")
_UNORDERED = re.compile(
    r"[^;|\d]{0,32}?(?:\bvs\.?|\bversus\b|\bagainst\b|\bcompared (?:to|with)\b|\binstead of\b|\bthan\b)"
    r"[^;|\d]{0,24}",
    re.IGNORECASE,
)
_BACK = re.compile(
    r"[^;|\d]{0,32}?[(,—][ ]?(?:down|up) from[^;|\d]{0,24}"
    r"|[^;|\d]{0,24}\((?:was|from|previously|before:?)[^;|\d]{0,16}",
    re.IGNORECASE,
)
_FROM_TO = re.compile(r"[^;|\d()]{0,24}\b(?:down |up )?to[ ][^;|\d()]{0,16}", re.IGNORECASE)
_FROM = re.compile(r"\bfrom[ ](?:[^;|\d()→]{0,24})$", re.IGNORECASE)
_BEFORE_AFTER = re.compile(r"[ ]before[,;]?[ ](?:and[ ])?", re.IGNORECASE)
_AFTER = re.compile(r"[ ]after\b", re.IGNORECASE)
_INNER = re.compile(r"\([^()]{0,160}\)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """`before` and `after` of one quantity; `ordered` is false where it is open which was first."""

    start: int
    end: int
    before: Quantity
    after: Quantity
    ordered: bool


def comparable(one: Quantity, other: Quantity) -> bool:
    """Return whether two figures are of one quantity; a unit said once holds for both."""
    if one.kind == other.kind:
        return True
    top, _, below = one.kind.partition("/")
    other_top, _, other_below = other.kind.partition("/")
    return top == other_top and (not below or not other_below) and bool(top)


def transitions(text: str, found: Sequence[Quantity]) -> Iterator[Transition]:
    """Yield the pairs that stand against each other, in order."""
    outer = [one for one in found if one.kind != "x"]
    for number, one in enumerate(outer):
        for other in outer[number + 1 : number + 7]:
            between = _INNER.sub(lambda match: " " * len(match.group()), text[one.end : other.start])
            if ")" in between or any(char.isdigit() for char in between):
                break
            pair = _pair(text, one, other, between)
            if pair is not None:
                yield pair
                break


def _pair(text: str, one: Quantity, other: Quantity, between: str) -> Transition | None:
    one, other = _shared_unit(one, other)
    adjective = text.startswith("-bit", other.end)
    if adjective or not comparable(one, other) or one.value * other.value < 0:
        return None
    start, end = one.start, other.end
    if _ARROW.fullmatch(between):
        return Transition(start=start, end=end, before=one, after=other, ordered=True)
    if _BACK.fullmatch(between) and not text[:start].endswith("by "):
        return Transition(start=start, end=end, before=other, after=one, ordered=True)
    if _UNORDERED.fullmatch(between):
        return Transition(start=start, end=end, before=one, after=other, ordered=False)
    said_after = _AFTER.match(text, other.end) if _BEFORE_AFTER.fullmatch(between) else None
    if said_after is not None:
        return Transition(start=start, end=said_after.end(), before=one, after=other, ordered=True)
    lead = _FROM.search(text[max(0, one.start - 40) : one.start])
    # Without `from`, `780 s to 280 s` falls and is no range only where the first is the greater.
    alone = text[: one.start].endswith("(") and text[other.end : other.end + 1] == ")"
    falls = one.kind not in {"", "%"} and (one.value > other.value or alone)
    if (lead is not None or falls) and _FROM_TO.fullmatch(between):
        return Transition(start=start, end=end, before=one, after=other, ordered=True)
    return None


def _shared_unit(one: Quantity, other: Quantity) -> tuple[Quantity, Quantity]:
    """Give a bare first figure the unit of the second, and both the same steps: `60 → 3.5 s/1000 steps`."""
    if one.repeats != other.repeats:
        one, other = (_repeated(figure, max(one.repeats, other.repeats)) for figure in (one, other))
    if one.kind or not other.kind or one.scale != 1.0 or other.kind in {"x", "pp"}:
        return one, other
    scale = other.scale
    bare = replace(one, value=one.value * scale, ulp=one.ulp * scale, scale=scale, kind=other.kind)
    return bare, other


def _repeated(figure: Quantity, repeats: float) -> Quantity:
    """Return a figure for so many steps; one that names its own steps is left as it is."""
    if "/" in figure.kind:
        return figure
    share = figure.repeats / repeats
    return replace(
        figure,
        value=figure.value * share,
        ulp=figure.ulp * share,
        scale=figure.scale * share,
        repeats=repeats,
    )
