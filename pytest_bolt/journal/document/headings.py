"""What the heading of an entry says, in every style."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, time

from pytest_bolt.journal.document.model import Heading, Style

_DAY = r"(?P<day>\d{4}-\d{1,2}-\d{1,2}|YYYY-MM-DD)"
_CLOCK = r"(?:[ T](?P<clock>\d{1,2}:\d{2}|HH:MM)(?::\d{2})?)?"
_DATED = re.compile(rf"{_DAY}{_CLOCK}(?![\w-])[ ]?(?P<sign>[:—-])?(?P<title>.*)")
_ENTRY = re.compile(r"Entry (?P<number>\d{1,9}|N)\b[ ]{0,3}[:—-]?(?P<title>.*)", re.IGNORECASE)
_EXPERIMENT = re.compile(r"Experiment (?P<number>\d{1,9}|N)\b[ ]{0,3}[:—-]?(?P<title>.*)", re.IGNORECASE)
_VERSION = re.compile(
    r"\[?(?:version )?"
    r"(?P<version>v?\d{1,6}(?:\.\d{1,6}){1,3}(?:[-+.]?[0-9A-Za-z]+){0,4}|unreleased|version)\]?"
    r"(?:\([^()]*\))?(?P<title>[ ]?(?:[(—-].*)?)$",
    re.IGNORECASE,
)
_DAY_INSIDE = re.compile(rf"\(?\b{_DAY}{_CLOCK}")
_FORM = re.compile(r"YYYY-MM-DD|HH:MM|\[Title|<[a-z][a-z ]{2,40}>|\[version\]", re.IGNORECASE)
_EMPTY_NUMBER = "N"


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryHeading:
    """What a heading says; `styles` are those it can belong to, the likeliest first."""

    styles: tuple[Style, ...]
    title: str
    number: int | None = None
    version: str = ""
    day_text: str = ""
    day: date | None = None
    clock: time | None = None
    template: bool = False


def entry_heading(heading: Heading) -> EntryHeading | None:
    """Return what the heading of an entry says, None for any other heading."""
    text = heading.text
    if text[:1].isdigit() or text.startswith("YYYY"):
        found = _DATED.match(text)
        if found is not None:
            return _dated(heading, found)
    first = text[:5].lower()
    if first == "entry":
        return _numbered(_ENTRY.match(text), text, Style.LOGBOOK)
    if first == "exper":
        return _numbered(_EXPERIMENT.match(text), text, Style.EXPERIMENT)
    return _version(_VERSION.match(text), text) if heading.level <= 2 else None


def day_of(text: str) -> date | None:
    """Return the date, None where there is no such day."""
    try:
        year, month, day = (int(part) for part in text.split("-"))
        return date(year, month, day)
    except ValueError:
        return None


def _dated(heading: Heading, found: re.Match[str]) -> EntryHeading:
    clock, sign = _clock_of(found["clock"]), found["sign"] or ""
    styles: tuple[Style, ...]
    if found["clock"] and not sign:
        styles = (Style.WORKLOG, Style.LEARNING, Style.UNKNOWN)
    elif sign == ":":
        first = Style.EVIDENCE if heading.level >= 3 else Style.PAPER
        styles = (first, Style.PAPER, Style.EVIDENCE, Style.FINDINGS, Style.LEARNING, Style.EXPERIMENT)
    else:
        styles = (Style.LEARNING, Style.EXPERIMENT, Style.PAPER, Style.EVIDENCE, Style.FINDINGS)
    return EntryHeading(
        styles=styles,
        title=found["title"].strip(" -—:"),
        day_text=found["day"],
        day=day_of(found["day"]),
        clock=clock,
        template=_FORM.search(heading.text) is not None,
    )


def _numbered(found: re.Match[str] | None, text: str, style: Style) -> EntryHeading | None:
    if found is None:
        return None
    dated = _DAY_INSIDE.search(text)
    title = text[found.start("title") : dated.start() if dated else len(text)].strip(" -—:(")
    return EntryHeading(
        styles=(style,),
        title=title,
        number=int(found["number"]) if found["number"].upper() != _EMPTY_NUMBER else None,
        day_text=dated["day"] if dated else "",
        day=day_of(dated["day"]) if dated else None,
        clock=_clock_of(dated["clock"]) if dated else None,
        template=found["number"].upper() == _EMPTY_NUMBER or _FORM.search(text) is not None,
    )


def _version(found: re.Match[str] | None, text: str) -> EntryHeading | None:
    if found is None:
        return None
    dated = _DAY_INSIDE.search(found["title"])
    return EntryHeading(
        styles=(Style.CHANGELOG,),
        title="" if dated else found["title"].strip(" -—:()"),
        version=found["version"],
        day_text=dated["day"] if dated else "",
        day=day_of(dated["day"]) if dated else None,
        template=found["version"].lower() == "version" or "YYYY-MM-DD" in text,
    )


def _clock_of(text: str | None) -> time | None:
    try:
        return time.fromisoformat((text or "").zfill(5))
    except ValueError:
        return None
