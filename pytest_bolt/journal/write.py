"""Entries go into one journal file, newest first, between markers; everything else there is the user's."""

from __future__ import annotations

import difflib
import re
from datetime import datetime
from pathlib import Path

from pytest_bolt.atomic_file import unwritable, write_atomically
from pytest_bolt.core.plain_text import one_line
from pytest_bolt.errors import BoltError
from pytest_bolt.journal.entry import NOT_WRITTEN, Entry
from pytest_bolt.journal.lock import WAIT_S, locked
from pytest_bolt.journal.markers import Found, entries_in, with_person
from pytest_bolt.journal.render import STYLES, render

DEFAULT_PATHS = {"paper": Path("journal/JOURNAL.md")}
_NEW_JOURNAL = "# Journal\n\nNewest first. What stands between the comments is rendered from stored runs.\n\n"
_DATED_HEADING = re.compile(r"^## (?P<date>\d{4}-\d{2}-\d{2}|YYYY-MM-DD):", re.MULTILINE)


def parse_option(text: str) -> tuple[str, Path]:
    """Return style and path of `STYLE[:PATH]`; each style has its own usual path.

    Raises:
        BoltError: if there is no such style.
    """
    style, colon, path = text.partition(":")
    if style not in STYLES:
        near = difflib.get_close_matches(style.lower(), STYLES, n=1)
        advice = f"did you mean `{near[0]}`?" if near else f"write --bolt-journal={STYLES[0]}"
        seen = {"style": one_line(style), "styles": ", ".join(STYLES)}
        raise BoltError("there is no such journal style", seen=seen, advice=advice)
    if colon and not path:
        advice = f"leave the colon out for {DEFAULT_PATHS[style]}"
        raise BoltError("the path of the journal is empty", seen={"option": one_line(text)}, advice=advice)
    return style, Path(path) if path else DEFAULT_PATHS[style]


def write_entry(entry: Entry, path: Path, style: str = "paper", *, wait_s: float = WAIT_S) -> None:
    """Insert the entry into the journal at `path`, or replace the one of the same run.

    A person's fields and all text outside the entry stay as they are. The old journal stays whole if
    writing fails, and writers wait for each other, up to `wait_s` seconds.

    Raises:
        BoltError: if the file cannot be read or written, a marker is damaged, or the entry to replace
            was edited outside a person's fields.
    """
    with locked(path, wait_s=wait_s):
        write_atomically(path, inserted(_read(path), entry, style))


def inserted(journal: str, entry: Entry, style: str = "paper") -> str:
    """Return the journal's text with the entry in it; a pure function.

    Raises:
        BoltError: as `write_entry`.
    """
    found = entries_in(journal)
    same = next((old for old in found if old.entry_id == entry.entry_id), None)
    newline = "\r\n" if journal.partition("\n")[0].endswith("\r") else "\n"
    rendered = render(entry, style).replace("\n", newline)
    if same is not None:
        return journal[: same.start] + with_person(rendered, _kept(same)) + journal[same.end :]
    if not journal:
        return _NEW_JOURNAL + rendered
    return _placed(journal, found, entry, rendered, newline)


def _read(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8", "surrogateescape")
    except FileNotFoundError:
        return ""
    except IsADirectoryError as error:
        raise BoltError("the journal is a folder", seen={"path": path}, advice="add a file name") from error
    except OSError as error:
        raise unwritable(path, error) from error


def _kept(old: Found) -> dict[str, str]:
    if old.edited:
        advice = "undo that edit, or move it between the `bolt:person` lines"
        seen = {"entry": old.entry_id}
        raise BoltError("the entry to replace was edited outside a person's fields", seen=seen, advice=advice)
    return {name: text for name, text in old.person.items() if text.strip() not in {"", NOT_WRITTEN}}


def _placed(journal: str, found: tuple[Found, ...], entry: Entry, rendered: str, newline: str) -> str:
    at = _place(journal, found, entry.date)
    if at is not None:
        return f"{journal[:at]}{rendered}{newline}{journal[at:]}"
    gap = "" if journal.endswith("\n\n") else newline if journal.endswith("\n") else newline * 2
    return f"{journal}{gap}{rendered}"


def _place(journal: str, found: tuple[Found, ...], date: datetime) -> int | None:
    """Return where the first older entry begins, or the template entry; None for the end."""
    inside = [(old.start, old.end) for old in found]
    older = [old.start for old in found if old.date <= date]
    for heading in _DATED_HEADING.finditer(journal):
        by_hand = not any(start <= heading.start() < end for start, end in inside)
        if by_hand and (heading["date"] == "YYYY-MM-DD" or heading["date"] <= f"{date:%Y-%m-%d}"):
            older.append(heading.start())
    return min(older, default=None)
