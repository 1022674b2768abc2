"""What a percentage or factor in prose claims, and whether two figures can give it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from pytest_bolt.journal.lint.interval import ONE, Interval
from pytest_bolt.journal.lint.quantity import Quantity

_LESS = "reduc|decreas|drop|lower|less|fewer|sav|smaller|shr[iu]nk|cut|fell|down|shorter|cheaper|off"
_MORE = "increas|more|higher|grow|larger|bigger|rose|up|inflat|longer|greater|rise|additional|overhead"
_EITHER = (
    "fast|speed|improv|better|gain|quick|slow|worse|regress|boost|change|differ|relative|delta|win|uplift"
)
_BETWEEN = "relative|total|overall|training|net|throughput|peak|memory|time|latency|extra|wall-clock|the|in"
_AFTER = re.compile(
    rf"[ ]{{0,3}}(?:of[ ])?(?:(?:{_BETWEEN})[ -]){{0,2}}\(?(?:(?P<less>{_LESS})|(?P<more>{_MORE})"
    rf"|(?P<either>{_EITHER})|(?P<points>points?\b|pp\b|percentage))",
    re.IGNORECASE,
)
_BEFORE = re.compile(
    rf"\b(?:(?P<less>{_LESS})|(?P<more>{_MORE})|(?P<either>{_EITHER}))[a-z]*[ ]"
    r"(?:(?:is|are|was|of|by|it|factor|a|an|about|around|over|nearly|almost|roughly|approximately|up|to|more|than|less|at|least|most|some|only|just|"
    r"time|latency|memory|throughput|loss)[ ]){0,4}$",
    re.IGNORECASE,
)
_LEAD = re.compile(
    r"(?:(?P<least>over|more than|at least|above|exceeding|>=?|[≥>])"
    r"|(?P<most>up to|under|less than|at most|below|[≤<])"
    r"|(?P<loose>nearly|almost|about|around|roughly|approximately|approx\.?|circa|ca\.?|some|close to))[ ]?$",
    re.IGNORECASE,
)
_WORDS = (
    (re.compile(r"\b(?:doubl(?:es|ed)|twice as (?:fast|many|much|long|large))\b", re.IGNORECASE), 2.0),
    (re.compile(r"\btripl(?:es|ed)\b", re.IGNORECASE), 3.0),
    (re.compile(r"\bquadrupl(?:es|ed)\b", re.IGNORECASE), 4.0),
    (re.compile(r"\bhalve[sd]\b", re.IGNORECASE), 2.0),
)
_NAMED = re.compile(
    r"(?!.{0,24}(?:runs?|seeds?|times|samples?|repeats?|GPUs?|cores?|[AH]\d00))[a-z][a-z -]{1,24}\)"
)
_NUMBERS = {
    "two": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "seven": 7,
    "eight": 8,
    "nine": 9,
    "ten": 10,
}
_TIMES = re.compile(
    rf"\b(?:(?P<word>{'|'.join(_NUMBERS)}) times (?:as |more |fewer )?(?:{_EITHER}|{_LESS}|{_MORE}|many|much)"
    r"|factor of (?P<number>\d{1,5}(?:\.\d{1,3})?)(?![\d.,]\d))",
    re.IGNORECASE,
)
_WORD_SHARE = 0.2
_LOOSE_SHARE = 0.15
_ROUND_SHARE = 0.05  # 98 times are called 100


class Way(StrEnum):
    """The direction that the words of a claim give."""

    LESS = "less"
    MORE = "more"
    EITHER = "either"
    POINTS = "points"
    BARE = "bare"


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A claimed change: `what` is `%` or `x`; `allowed` what it can mean with its rounding and its words."""

    start: int
    end: int
    what: str
    way: Way
    value: float
    allowed: Interval
    truncated: Interval
    ulp: float
    text: str
    signed: bool = False


def claims_in(text: str, found: Sequence[Quantity]) -> Iterator[Claim]:
    """Yield what a clause claims in per cent and factors."""
    for number, quantity in enumerate(found):
        if quantity.kind in {"%", "pp", "x"}:
            claim = _claim(text, quantity, found[number - 1] if number else None)
            if claim is not None:
                yield claim
    yield from _in_words(text)
    for pattern, factor in _WORDS:
        for match in pattern.finditer(text):
            lead = _LEAD.search(text[max(0, match.start() - 16) : match.start()])
            if lead is None:
                share = factor * _WORD_SHARE
                allowed = Interval.around(factor, share)
                yield Claim(
                    start=match.start(), end=match.end(), what="x", way=Way.EITHER, value=factor,
                    allowed=allowed, truncated=allowed, ulp=share, text=match.group(),
                )  # fmt: skip


def _in_words(text: str) -> Iterator[Claim]:
    """Yield `three times faster` and `by a factor of 5`."""
    for match in _TIMES.finditer(text):
        number = match["number"] or str(_NUMBERS[match["word"].lower()])
        ulp = 10.0 ** -len(number.partition(".")[2])
        lead = _LEAD.search(text[max(0, match.start() - 16) : match.start()])
        if lead is None:
            allowed = Interval.around(float(number), ulp / 2)
            yield Claim(
                start=match.start(), end=match.end(), what="x", way=Way.EITHER, value=float(number),
                allowed=allowed, truncated=allowed, ulp=ulp, text=match.group(),
            )  # fmt: skip


def _claim(text: str, quantity: Quantity, before: Quantity | None) -> Claim | None:
    way = _way(text, quantity)
    if way is None:
        return None
    start = quantity.start
    allowed = quantity.claimed
    if before is not None and _is_range(text, before, quantity):
        if before.kind not in {"", quantity.kind}:
            return None
        allowed, start = Interval(before.claimed.low, allowed.high), before.start
    if quantity.kind == "x" and quantity.value >= 10 and quantity.value % 10 == 0:
        allowed = allowed.widened(_ROUND_SHARE)
    allowed = _led(text, start, quantity, allowed)
    exact = allowed.high - allowed.low <= quantity.ulp * 1.01
    cut = quantity.ulp / 2 if exact else 0.0
    down, up = (cut, 0.0) if quantity.value < 0 else (0.0, cut)
    whole = Interval(allowed.low - down, allowed.high + up)
    return Claim(
        start=start,
        end=quantity.end,
        what="x" if quantity.kind == "x" else "%",
        way=Way.POINTS if quantity.kind == "pp" else way,
        value=quantity.value,
        allowed=allowed,
        truncated=whole,
        ulp=quantity.ulp,
        text=text[start : quantity.end].strip(),
        signed=quantity.signed,
    )


def _is_range(text: str, before: Quantity, quantity: Quantity) -> bool:
    return (
        text[before.end : quantity.start].strip() in {"-", "to", "..", "..."}
        and before.value <= quantity.value
    )


def _led(text: str, start: int, quantity: Quantity, allowed: Interval) -> Interval:
    lead = _LEAD.search(text[max(0, start - 16) : start])
    mark = quantity.mark
    following = text[quantity.end : quantity.end + 1]
    if (lead and lead["least"]) or mark in {">", "≥"} or following == "+":
        return Interval(min(allowed.low, abs(quantity.value) * 0.95), float("inf"))
    if (lead and lead["most"]) or mark in {"<", "≤"}:
        return Interval(float("-inf"), max(allowed.high, quantity.value * 1.05))
    return allowed.widened(_LOOSE_SHARE) if lead else allowed


def _way(text: str, quantity: Quantity) -> Way | None:
    """Return what the words around say, BARE where the claim stands for itself, None for no claim at all."""
    after = _AFTER.match(text, quantity.end)
    if after is not None:
        return Way(str(after.lastgroup))
    before = _BEFORE.search(text[max(0, quantity.start - 60) : quantity.start])
    if before is not None:
        return Way(str(before.lastgroup))
    lead, tail = text[: quantity.start].rstrip(), text[quantity.end :].lstrip()
    if quantity.kind == "x" and lead.endswith("(") and _NAMED.match(tail):
        return Way.BARE
    opened = lead.endswith(("(", "=", ":", "—", ",", "by"))
    closed = not tail or tail[0] in "),.;|]—" or (quantity.signed and opened)
    if (opened and closed) or (quantity.kind == "%" and quantity.signed and closed):
        return Way.BARE
    return None


def candidates(
    claim: Claim, before: Interval, after: Interval, *, ordered: bool, shares: bool
) -> list[Interval]:
    """Return what the claim can say of two figures; without `ordered` either can be the first.

    Arguments:
        shares: whether the figures are percentages themselves, so that a difference is in points.
    """
    pairs = [(before, after)] if ordered else [(before, after), (after, before)]
    found: list[Interval] = []
    for one, other in pairs:
        if claim.way is not Way.POINTS:
            found += _factors(one, other) if claim.what == "x" else _shares(claim, one, other)
        if claim.what == "%" and shares:
            found += [abs(other - one), other - one]
    return found


def _factors(one: Interval, other: Interval) -> list[Interval]:
    return [one / other, other / one]


def _shares(claim: Claim, one: Interval, other: Interval) -> list[Interval]:
    hundred = Interval(100.0, 100.0)
    change = (other / one - ONE) * hundred
    if claim.signed and claim.way in {Way.BARE, Way.EITHER}:
        found = [change]
        return found if claim.way is Way.BARE else [*found, -change, (one / other - ONE) * hundred]
    if claim.way is Way.LESS:
        return [abs(change)]
    if claim.way is Way.MORE:
        return [abs(change)]
    if claim.way is Way.BARE:  # `200K → 183K (91 %)` can be a share
        return [abs(change), abs(one / other - ONE) * hundred, other / one * hundred]
    return [abs(change), abs(one / other - ONE) * hundred]


def verdict(claim: Claim, possible: list[Interval]) -> str:
    """Return `right`, `truncated` (only cutting digits off gives it) or `wrong`."""
    sizes = [claim.allowed]
    if not claim.signed:
        sizes = [abs(claim.allowed)]
    if any(size.meets(one) for size in sizes for one in possible):
        return "right"
    wider = claim.truncated if claim.signed else abs(claim.truncated)
    return "truncated" if any(wider.meets(one) for one in possible) else "wrong"
