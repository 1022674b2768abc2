"""Which style a journal has: by the headings of its entries, by its fields, by what it says of itself."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import pairwise

from pytest_bolt.journal.document.model import JournalEntry, Order, Style

FIELD_NAMES = {
    Style.PAPER: ("hypothesis", "methodology", "results", "conclusion", "philosophical"),
    Style.FINDINGS: ("kind", "finding"),
    Style.EVIDENCE: ("discovery", "strategy", "evidence"),
    Style.WORKLOG: ("objective", "actions", "observations", "analysis", "artifacts"),
    Style.LOGBOOK: ("goal", "findings", "results", "key findings"),
    Style.EXPERIMENT: ("goal", "hypothesis", "outcome", "breakthrough", "next step", "reasoning", "result"),
    Style.CHANGELOG: (),
    Style.LEARNING: ("learning", "action"),
}
USUAL_ORDER = {
    Style.PAPER: Order.NEWEST,
    Style.FINDINGS: Order.NEWEST,
    Style.EVIDENCE: Order.NEWEST,
    Style.WORKLOG: Order.NEWEST,
    Style.CHANGELOG: Order.NEWEST,
    Style.LOGBOOK: Order.OLDEST,
    Style.EXPERIMENT: Order.OLDEST,
}
_FOUR_KINDS = ("empirical benchmark", "architectural decision", "failed experiment", "statistical truth")
_NEWEST = (
    "newest first",
    "reverse chronological",
    "reverse-chronological",
    "top of the file",
    "recent first",
)
_OLDEST = ("oldest first", "at the end of the file", "bottom of the file", "append new", "appended")
_TITLES = {
    "changelog": Style.CHANGELOG,
    "change log": Style.CHANGELOG,
    "worklog": Style.WORKLOG,
    "work log": Style.WORKLOG,
    "logbook": Style.LOGBOOK,
    "experiment log": Style.EXPERIMENT,
}


def style_of_fields(styles: Sequence[Style], names: Iterable[str], *, named: bool = False) -> Style:
    """Return that of the styles of which most fields are there, the first of them where none is.

    Arguments:
        styles: what the heading allows.
        names: names of fields, or with `named` false the lines in which they stand.
        named: whether `names` are names.
    """
    lowered = tuple(name.lower().lstrip("#*-_ ") for name in names)
    if named and len(styles) == 1 and styles[0] in {Style.LEARNING, Style.PAPER, Style.EVIDENCE}:
        styles = (styles[0], Style.LEARNING, Style.EXPERIMENT, Style.PAPER, Style.EVIDENCE)
    return max(styles, key=lambda style: _present(style, lowered))


def style_by_words(title: str, preamble: str) -> Style:
    """Return the style that a journal without entries names, UNKNOWN where it names none."""
    text, lowered = preamble.lower(), title.lower()
    if sum(kind in text for kind in _FOUR_KINDS) >= 3:
        return Style.FINDINGS
    named = next((style for word, style in _TITLES.items() if word in lowered), None)
    if named is not None:
        return named
    counts = {
        style: _present(style, tuple(text.replace("*", " ").split()))
        for style in (Style.PAPER, Style.EVIDENCE)
    }
    best = max(counts, key=lambda style: counts[style])
    return best if counts[best] >= 3 and "journal" in lowered else Style.UNKNOWN


def stated_order(preamble: str) -> Order | None:
    """Return the order that a journal says it has, None where it says nothing."""
    text = preamble.lower()
    if any(words in text for words in _NEWEST):
        return Order.NEWEST
    return Order.OLDEST if any(words in text for words in _OLDEST) else None


def order_of(entries: Sequence[JournalEntry], style: Style) -> Order:
    """Return the order that most neighbours have, the style's usual one where they do not decide."""
    usual = USUAL_ORDER.get(style, Order.NEWEST)
    down = up = 0
    for one, other in pairwise(entries):
        if one.template or other.template or one.level != other.level or not (one.day and other.day):
            continue
        down += one.day > other.day
        up += one.day < other.day
    if down == up:
        return usual
    return Order.NEWEST if down > up else Order.OLDEST


@lru_cache(maxsize=1024)
def _present(style: Style, names: tuple[str, ...]) -> int:
    return sum(any(name.startswith(field) for name in names) for field in FIELD_NAMES.get(style, ()))
