"""Sums, products and a few functions of printed figures: `128 x 64 = 64 x 256 = 8,192`, `log(2000) ≈ 7.6`."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

from pytest_bolt.journal.lint.interval import Interval
from pytest_bolt.journal.lint.quantity import Quantity
from pytest_bolt.journal.lint.tokens import Token, runs

_FUNCTIONS: dict[str, Callable[[float], float]] = {
    "exp": math.exp,
    "log": math.log,
    "ln": math.log,
    "log2": math.log2,
    "log10": math.log10,
    "sqrt": math.sqrt,
    "√": math.sqrt,
}
_SIZED = frozenset({"doubles", "double", "floats", "float", "halves", "words", "ints"})
_RANGE = re.compile(r"-[~≈]?\d")
_POWERS = {"²": 2, "³": 3}
_LABELS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """One side of an equation; `computed` is false for a figure that stands alone."""

    start: int
    end: int
    text: str
    range: Interval
    value: float
    computed: bool
    kind: str
    scale: float
    ulp: float
    worded: bool = False


def chains(text: str) -> list[list[Value]]:
    """Return the equations of a text, each as its sides; sides with a name in them are left out."""
    found: list[list[Value]] = []
    for tokens in runs(text):
        sides = _sides(tokens)
        if len(sides) < 2:
            continue
        chain: list[Value] = []
        for side, tied in sides:
            value = _value(text, side) if tied and side and not _torn(text, side) else None
            if value is not None:
                chain.append(value)
            else:
                if len(chain) >= 2:
                    found.append(chain)
                chain = []
        if len(chain) >= 2:
            found.append(chain)
    return found


def _sides(tokens: list[Token]) -> list[tuple[list[Token], bool]]:
    """Split a run at its equals signs; the outer sides keep only what touches the sign."""
    sides: list[list[Token]] = [[]]
    for token in tokens:
        if token.kind == "=":
            sides.append([])
        else:
            sides[-1].append(token)
    if len(sides) < 2:
        return []
    first, last = _tail(sides[0]), _head(sides[-1])
    return [first, *((side, not side or side[-1].kind != "label") for side in sides[1:-1]), last]


def _torn(text: str, side: list[Token]) -> bool:
    """Return whether more belongs to the side than was read: `f(2) = 3`, `math.sqrt(2) = 1`, `$9 - 2 = 7`."""
    before = text[: side[0].start]
    if side[0].kind == "op" and side[0].text != "(":
        before = before.rstrip()
        return before[-1:].isalnum() or before[-1:] in {")", "$", "]"}
    return before[-1:].isalnum() or before[-1:] in {"_", ".", ")", "]", "$", "'", "·", "-"}


def _tail(side: list[Token]) -> tuple[list[Token], bool]:
    """Return the expression at the end of the first side, false where a name belongs to it."""
    start, labels, depth = len(side), 0, 0
    while start > 0:
        token = side[start - 1]
        if token.kind in {"label", "other"}:
            labels += 1
            before = side[start - 2] if start >= 2 else None
            if labels > _LABELS or before is None or before.kind != "number" or token.kind == "other":
                break
        elif token.text == ")":
            depth, labels = depth + 1, 0
        elif token.text == "(":
            depth -= 1
            if depth < 0:
                break
        else:
            labels = 0
        start -= 1
    kept = side[start:]
    if kept and kept[-1].kind == "label" and (len(kept[-1].text) == 1 or kept[-1].text.isupper()):
        return kept, False
    while kept and kept[0].kind == "label":
        kept = kept[1:]
    whole = not (start > 0 and kept and kept[0].kind == "op" and kept[0].text not in "(-")
    return kept, whole and bool(kept)


def _head(side: list[Token]) -> tuple[list[Token], bool]:
    """Return the expression at the start of the last side, up to the first word that is no unit."""
    kept: list[Token] = []
    labels = depth = 0
    for n, token in enumerate(side):
        if token.kind in {"label", "other"}:
            follows = next((one for one in side[n + 1 : n + 3] if one.kind != "label"), None)
            labels += 1
            if (
                not kept
                or labels > _LABELS
                or follows is None
                or follows.kind != "op"
                or follows.text in "()"
            ):
                break
        elif token.text == "(":
            if kept and kept[-1].kind == "number":
                break
            depth += 1
        elif token.text == ")":
            depth -= 1
            if depth < 0:
                break
        else:
            labels = 0
        kept.append(token)
    while kept and kept[-1].kind == "op" and kept[-1].text != ")":
        return kept, False
    return kept, bool(kept)


def _has_unknown(tokens: list[Token]) -> bool:
    """Return whether a word stands for a number: another function, or a type of so many bytes."""
    called = any(
        one.kind == "label" and other.text == "(" and one.end == other.start
        for one, other in pairwise(tokens)
    )
    return called or any(token.kind == "label" and token.text.lower() in _SIZED for token in tokens)


def _is_list(tokens: list[Token], numbers: list[Quantity]) -> bool:
    """Return whether signs only part what is listed: `93 / 125 = +2% a / +9% b`, `(3) = (4)`."""
    texts = [token.text for token in tokens]
    if len(numbers) == 1 and texts[0] == "(":
        return True
    if len(numbers) == 1:
        return False
    parted = "/" in texts and any(token.kind == "label" for token in tokens)
    signed = any(one.signed for one in numbers)
    return parted or signed or ("of" not in texts and any(one.kind == "%" for one in numbers))


def _value(text: str, tokens: list[Token]) -> Value | None:
    if _has_unknown(tokens):
        return None
    words = [token for token in tokens if token.kind != "label"]
    try:
        result, exact = _Reader(words).whole(), _Reader(words, printed=True).whole()
    except (ValueError, OverflowError, ZeroDivisionError, RecursionError):
        return None
    if result is None or exact is None or not (math.isfinite(result.low) and math.isfinite(result.high)):
        return None
    numbers = [token.quantity for token in tokens if token.quantity is not None]
    if _is_list(tokens, numbers) or _RANGE.match(text, tokens[-1].end):
        return None
    shares = any(token.text == "of" for token in tokens)
    kinds = {one.kind for one in numbers if one.kind and not (shares and one.kind == "%")}
    alone = len(numbers) == 1 and len([token for token in tokens if token.kind != "label"]) == 1
    if not numbers or len(kinds) > 1:
        return None
    start, end = tokens[0].start, tokens[-1].end
    following = text[end : end + 4].lstrip()
    return Value(
        start=start,
        end=end,
        text=" ".join(text[start:end].split()),
        range=numbers[0].claimed if alone else result,
        value=numbers[0].value if alone else exact.middle,
        computed=not alone,
        kind=next(iter(kinds), ""),
        scale=numbers[0].scale if alone else 1.0,
        ulp=numbers[0].ulp if alone else 0.0,
        worded=following[:1].isalpha() or (following[:1] == "-" and following[1:2].isalpha()),
    )


class _Reader:
    """A recursive-descent reader of sums, products, powers and functions; None for anything else."""

    def __init__(self, tokens: list[Token], *, printed: bool = False) -> None:
        self._tokens = tokens
        self._printed = printed
        self._at = 0

    def whole(self) -> Interval | None:
        """Return the value of all tokens, None where they are no expression."""
        result = self._sum()
        return result if self._at == len(self._tokens) else None

    def _peek(self) -> str:
        return self._tokens[self._at].text if self._at < len(self._tokens) else ""

    def _take(self) -> Token | None:
        self._at += 1
        return self._tokens[self._at - 1] if self._at <= len(self._tokens) else None

    def _sum(self) -> Interval | None:
        left = self._product()
        while left is not None and self._peek() in {"+", "-"}:
            sign = self._peek()
            self._take()
            right = self._product()
            left = None if right is None else left + right if sign == "+" else left - right
        return left

    def _product(self) -> Interval | None:
        left = self._power()
        while left is not None and self._peek() in {"x", "*", "/", "of"}:
            sign = self._peek()
            self._take()
            right = self._power()
            if right is None:
                return None
            left = left / right if sign == "/" else left * right
            left = left.scaled(0.01) if sign == "of" else left
        return left

    def _power(self) -> Interval | None:
        base = self._atom()
        if base is not None and self._peek() in _POWERS:
            power = _POWERS[self._peek()]
            self._take()
            return base.mapped(lambda value: value**power)
        if base is None or self._peek() not in {"^", "**"}:
            return base
        self._take()
        exponent = self._atom()
        if exponent is None or base.low <= 0 or abs(exponent.middle) > 64:
            return None
        ends = [base.low**exponent.middle, base.high**exponent.middle]
        return Interval(min(ends), max(ends))

    def _atom(self) -> Interval | None:
        token = self._take()
        if token is None:
            return None
        if token.quantity is not None:
            return self._exact(token.quantity)
        if token.kind == "function":
            inner = self._atom()
            return None if inner is None else inner.mapped(_FUNCTIONS[token.text.strip()])
        if token.text == "-" and self._at < len(self._tokens) and self._tokens[self._at].start == token.end:
            inner = self._atom()
            return None if inner is None else -inner
        if token.text != "(":
            return None
        inner = self._sum()
        closing = self._take()
        return inner if closing is not None and closing.text == ")" else None

    def _exact(self, quantity: Quantity) -> Interval:
        """Return what a figure can have been; a whole number without a unit is a count and not rounded."""
        if self._printed:
            return Interval(quantity.value, quantity.value)
        whole = quantity.ulp == 1.0 and quantity.scale == 1.0 and not quantity.about
        if whole and quantity.kind in {"", "bytes"}:
            return Interval(quantity.value, quantity.value)
        if quantity.kind == "%":  # shares are often cut off
            return Interval(quantity.range.low, quantity.value + quantity.ulp)
        if quantity.scale == 1e3 and not quantity.kind:  # 262K tokens are 262,144
            return Interval(quantity.range.low, quantity.range.high * 1.024)
        return quantity.range
