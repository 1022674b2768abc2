"""The words of printed arithmetic: figures, signs, functions and the labels between them."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from pytest_bolt.journal.lint.quantity import Quantity, quantities

FUNCTIONS = ("exp", "log2", "log10", "log", "ln", "sqrt", "√")
_TOKEN = re.compile(
    rf"[ ]*(?:(?P<function>{'|'.join(FUNCTIONS)})[ ]?(?=\(|(?<=√)\d)"
    r"|(?P<operator>\*\*|[-+*/^()²³]|x(?![A-Za-z_]))|(?P<equal>[=≈]|~=)"
    r"|(?P<label>[A-Za-z][A-Za-z-]{0,15}))"
)
_MAX_TOKENS = 64


@dataclass(frozen=True, slots=True)
class Token:
    """One word: `kind` is number, op, =, function, label, or other for what ends an expression."""

    kind: str
    start: int
    end: int
    text: str
    quantity: Quantity | None = None


def runs(text: str) -> list[list[Token]]:
    """Return the runs of tokens that hold an equals sign."""
    numbers = {one.start: one for one in _factors_parted(text)}
    runs: list[list[Token]] = []
    run: list[Token] = []
    at = 0
    while at < len(text):
        token = _token(text, at, numbers)
        if token is None:
            runs.append(run)
            run = []
            at += 1
            continue
        run.append(token)
        at = token.end
    runs.append(run)
    return [run for run in runs if any(token.kind == "=" for token in run) and len(run) <= _MAX_TOKENS]


def _factors_parted(text: str) -> tuple[Quantity, ...]:
    """Return the figures of a text in which `128x64` are two: the x between digits is a sign."""
    return quantities(re.sub(r"(?<=\d)x(?=[ ]{0,2}[\d(])", "*", text) if "x" in text else text)


def _token(text: str, at: int, numbers: dict[int, Quantity]) -> Token | None:
    start = at
    while start < len(text) and text[start] == " ":
        start += 1
    if start in numbers:
        one = numbers[start]
        if one.kind == "x" or one.mark in {"<", ">", "≤", "≥"}:
            return Token("other", start, one.end, one.text)
        if one.mark == "≈" or (one.mark == "~" and _after_value(text, start)):
            return Token("=", start, start + 1, "≈") if _after_value(text, start) else _number(one, start)
        return _number(one, start)
    if start < len(text) and (inner := numbers.get(_next_number(numbers, text, start))) is not None:
        return _number(inner, inner.start)
    match = _TOKEN.match(text, at)
    return None if match is None else _sign(match, text, start)


def _sign(match: re.Match[str], text: str, start: int) -> Token | None:
    """Return a token that is no figure; a minus stands between spaces, else it is a hyphen."""
    if match["equal"]:
        return Token("=", start, match.end(), "=")
    operator = match["operator"]
    if operator == "-" and not (text[start - 1 : start] == " " == text[match.end() : match.end() + 1]):
        return None
    if operator:
        return Token("op", match.end() - len(operator), match.end(), operator)
    if (match["label"] or "").lower() == "of" and text[:start].rstrip().endswith("%"):
        return Token("op", start, match.end(), "of")
    kind = "function" if match["function"] else "label"
    return Token(kind, start, match.end(), text[start : match.end()].strip())


def _next_number(numbers: dict[int, Quantity], text: str, start: int) -> int:
    """Return where a figure starts whose mark was read as a sign already."""
    if not text[start].isdigit():
        return -1
    for back in (1, 2):
        one = numbers.get(start - back)
        if one is not None and one.mark and start < one.end:
            numbers[start] = replace(one, start=start, text=one.text.lstrip("~≈ "), mark="~")
            return start
    return -1


def _after_value(text: str, start: int) -> bool:
    before = text[:start].rstrip()
    return bool(before) and (before[-1].isdigit() or before[-1] == ")")


def _number(one: Quantity, start: int) -> Token:
    return Token("number", start, one.end, one.text, one)
