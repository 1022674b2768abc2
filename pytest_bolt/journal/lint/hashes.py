"""Rule `hash`: commit hashes that no commit has."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from pytest_bolt.journal.document.model import Style
from pytest_bolt.journal.document.whole import Document
from pytest_bolt.journal.lint.finding import Finding, Severity

Known = Callable[[Iterable[str]], frozenset[str]]
_LABELLED = re.compile(
    r"\b(?:commit|sha|hash|revision|head|base|git)(?:[ -](?:hash|sha|id))?(?:es)?"
    r"(?:[ ]?\([^()]{0,24}\))?"
    r"(?P<sign>[ ]?[:=][ ]*|[ ]+`)(?P<ticks>`?)(?P<value>[0-9A-Za-z]{4,72})(?![\w.:/@(=-])",
    re.IGNORECASE,
)
_LONG = re.compile(r"(?<![\w./:=-])[0-9a-f]{40}(?![\w-])")
_HEX = frozenset("0123456789abcdef")
_OUR_SIDES = ("- After: `", "- Before: `")  # how an entry that the tool rendered names its commits
_FULL = (40, 64)
_SHORTEST = 7
_MADE_UP = (
    "0123456789abcdef" * 5, "1234567890abcdef" * 5, "1234567890" * 8, "abcdef0123456789" * 5,
    "abcdef1234567890" * 5,
    "a1b2c3d4e5f6a7b8c9d0" * 4, "a1b2c3d4e5f67890", "deadbeef" * 8, "abc123" * 12, "abc1234", "abcdef" * 12,
)  # fmt: skip


def hashes(document: Document) -> Iterator[Finding]:
    """Find hashes that are short, made up or no hexadecimal number."""
    done: set[tuple[int, int]] = set()
    forms = [span for part in document.parts for span in part.templates]
    worklogs = [part.span for part in document.parts if part.style is Style.WORKLOG]
    for line, column, value, labelled in _values(document):
        if (line, column) in done or any(line in span for span in forms):
            continue
        done.add((line, column))
        problem, severity = _problem(value, labelled=labelled), Severity.ERROR
        if not problem and labelled and len(value) < 40 and any(line in span for span in worklogs):
            problem, severity = (
                f"has {len(value)} of 40 digits; a worklog names the full hash",
                Severity.ADVICE,
            )
        if problem:
            yield Finding(
                line=line,
                column=column,
                rule="hash",
                severity=severity,
                seen=value,
                message=f"`{value}` {problem}",
            )


def unknown_hashes(document: Document, known: Known) -> Iterator[Finding]:
    """Find hashes that are sound but that the repository does not know.

    Arguments:
        known: which of the given hashes name a commit of the repository.
    """
    places: dict[str, tuple[int, int]] = {}
    for line, column, value, labelled in _values(document):
        if labelled and len(value) >= _SHORTEST and not _problem(value, labelled=True):
            places.setdefault(value.lower(), (line, column))
    found = known(places)
    for value, (line, column) in places.items():
        if value not in found:
            message = f"`{value}` is no commit of this repository"
            yield Finding(line=line, column=column, rule="hash", seen=value, message=message)


def _values(document: Document) -> Iterator[tuple[int, int, str, bool]]:
    for number, line in enumerate(document.source.lines, 1):
        lowered = line.lower()
        if not any(map(str.isdigit, line)) and "commit" not in lowered:
            continue
        if (
            "commit" in lowered
            or "sha" in lowered
            or "rev" in lowered
            or "hash" in lowered
            or "git" in lowered
        ):
            text = line.replace("*", " ")
            for match in _LABELLED.finditer(text):
                value = match["value"]
                if _looks_like_hash(value, match):
                    yield number, match.start("value"), value, True
        for match in _LONG.finditer(line):
            yield number, match.start(), match.group(), line.startswith(_OUR_SIDES)


def _looks_like_hash(value: str, match: re.Match[str]) -> bool:
    """Return whether a value after `Commit:` is meant as a hash and is no word or number."""
    digits = sum(map(str.isdigit, value))
    letters = len(value) - digits
    if match["sign"].strip() in {"", "`"} and not match["sign"].rstrip().endswith("`"):
        return False
    if "hash" in match.group().lower() and "commit" not in match.group().lower() and len(value) not in _FULL:
        return False
    if len(value) in _FULL and set(value.lower()) <= _HEX:
        return True
    named = "commit" in match.group().lower() and match["ticks"] and len(value) >= _SHORTEST
    if not digits or (not letters and len(value) < _SHORTEST):
        return False
    return bool(named) or digits + sum(char in _HEX for char in value.lower() if char.isalpha()) >= 0.6 * len(
        value
    )


def _problem(value: str, *, labelled: bool) -> str:
    lowered = value.lower()
    strange = sorted({char for char in lowered if char not in _HEX})
    if strange:
        return f"is no hexadecimal number: {', '.join(strange)}"
    if labelled and len(value) < _SHORTEST:
        return f"has {len(value)} digits, too few to name a commit"
    if (labelled and 40 > len(value) > 36) or 40 < len(value) < 64:
        return f"has {len(value)} digits; a full hash has 40"
    period = _period(lowered)
    if period is not None:
        return f"repeats its first {period} digits, so it was made up"
    if labelled and (any(lowered in text for text in _MADE_UP) and len(lowered) >= _SHORTEST):
        return "counts or spells, so it was made up"
    return ""


def _period(value: str) -> int | None:
    """Return the shortest period of a hash of which more than one and a half are there."""
    if len(value) < 12:
        return None
    return next(
        (p for p in range(1, len(value) * 2 // 3 + 1) if value[p:] == value[:-p] and p * 3 <= len(value) * 2),
        None,
    )
