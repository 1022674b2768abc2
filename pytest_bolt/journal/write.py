"""Entries go into a journal file at their place, between markers; everything else there is the user's.

Where the path is a folder, each entry is a file of its own.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from pytest_bolt.atomic_file import unwritable, write_atomically
from pytest_bolt.core.plain_text import one_line
from pytest_bolt.errors import BoltError
from pytest_bolt.journal.entry import NOT_WRITTEN, Entry
from pytest_bolt.journal.lock import WAIT_S, locked
from pytest_bolt.journal.markers import Found, entries_in, with_person
from pytest_bolt.journal.matrix import VersionRun, with_matrix
from pytest_bolt.journal.own_templates import style_names
from pytest_bolt.journal.pieces import version_of
from pytest_bolt.journal.place import Part, Place, part_for, parts_of, place_of
from pytest_bolt.journal.render import Rendering, render
from pytest_bolt.journal.styles import STYLES, Style, own_style

AUTO = "auto"
FIGURES = Path("figures")  # of the entries, beside the journal
_LONGEST_NAME = 100  # characters of a file's name that are taken from a title


@dataclass(frozen=True, slots=True, kw_only=True)
class Journal:
    """Where entries go and how they look.

    `style` is None where the journal that is there decides; with `folder`, `path` is one that holds a file an
    entry. `free` says that nobody named a style, so that an
    entry which asks for one gets it, in a journal beside this one.
    """

    path: Path
    style: Style | None
    templates: Mapping[str, str] = field(default_factory=dict)
    folder: bool = False
    free: bool = False

    def of(self, entry: Entry) -> Journal:
        """Return the journal that an entry goes to. Raises BoltError if there is no style as it asks for."""
        if not self.free or not entry.style:
            return self
        own = parse_option(entry.style, self.templates)
        return replace(own, path=self.path.parent / own.path.name)


def parse_option(text: str, templates: Mapping[str, str] | None = None) -> Journal:
    """Return the journal of `STYLE[:PATH]`; each style has its own usual path.

    `auto:PATH` leaves the style to the journal that is there, `auto` alone to the entries.

    Arguments:
        text: what was asked for.
        templates: a user's own, by file name.

    Raises BoltError if there is no such style.
    """
    templates = templates or {}
    if text == AUTO:
        return replace(parse_option("paper", templates), free=True)
    name, colon, path = text.partition(":")
    own = style_names(templates)
    if name not in {*STYLES, *own, AUTO}:
        raise _no_style(name, [*STYLES, *own, AUTO])
    style = None if name == AUTO else own_style(name) if name in own else STYLES[name]
    if colon and not path:
        advice = "leave the colon out" + (f" for {style.path}" if style is not None else "")
        raise BoltError("the path of the journal is empty", seen={"option": one_line(text)}, advice=advice)
    place = Path(path) if path or style is None else style.path
    return Journal(path=place, style=style, templates=templates, folder=path.endswith("/"))


def _no_style(name: str, known: list[str]) -> BoltError:
    near = difflib.get_close_matches(name.lower(), known, n=1)
    advice = (
        f"did you mean `{near[0]}`?" if near else "write --bolt-journal=STYLE or --bolt-journal=STYLE:PATH"
    )
    seen = {"style": one_line(name), "styles": ", ".join(known)}
    return BoltError("there is no such journal style", seen=seen, advice=advice)


def write_entry(entry: Entry, journal: Journal, *, wait_s: float = WAIT_S) -> Path:
    """Insert the entry into the journal, or replace the one of the same run; return the file.

    A person's fields and all text outside the entry stay as they are. The old journal stays whole if
    writing fails, and writers wait for each other, up to `wait_s` seconds.

    Raises:
        BoltError: if the file cannot be read or written, a marker is damaged, a merge left conflicts, or the
            entry to replace was edited outside a person's fields.
    """
    path = journal.path
    if journal.folder:
        path /= file_name(entry)
    with locked(path, wait_s=wait_s):
        write_atomically(path, inserted(read(path), entry, journal))
    return path


def write_matrix(journal: Journal, runs: Sequence[VersionRun], *, wait_s: float = WAIT_S) -> None:
    """Make the version matrix of a changelog again. Raises BoltError as `write_entry`."""
    with locked(journal.path, wait_s=wait_s):
        write_atomically(journal.path, with_matrix(read(journal.path), runs))


def file_name(entry: Entry) -> str:
    """Return the name of an entry's own file, `2026-01-02-fused-attention-0a1b2c3d4e5f.md`."""
    words = re.sub(r"[^0-9a-z]+", "-", entry.title.lower()).strip("-")[:_LONGEST_NAME]
    return "-".join(filter(None, (f"{entry.date:%Y-%m-%d}", words, entry.run_id))) + ".md"


def inserted(text: str, entry: Entry, journal: Journal) -> str:
    """Return the journal's text with the entry in it; a pure function.

    Raises:
        BoltError: as `write_entry`.
    """
    found = entries_in(text)
    parts = parts_of(text, found)
    style = journal.style or _told_style(parts, journal.path)
    how = Rendering(style=style.name, templates=journal.templates)
    same = next((old for old in found if old.entry_id == entry.entry_id), None)
    if same is not None:
        return _replaced(text, entry, same, style, how)
    if not text:
        return style.new_file + render(entry, how)
    part = part_for(parts, style)
    place = place_of(text, part, style, entry.date, version_of(entry))
    how = replace(how, number=place.number, dash=place.dash, continued=place.continued)
    return _placed(text, render(entry, how), place)


def read(path: Path) -> str:
    """Return the text of a journal, empty where there is none; bytes that are no UTF-8 are kept.

    Raises BoltError where it cannot be read.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return ""
    except IsADirectoryError as error:
        raise BoltError("the journal is a folder", seen={"path": path}, advice="add a file name") from error
    except OSError as error:
        raise unwritable(path, error) from error
    if content[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        advice = "convert it to UTF-8 first"
        raise BoltError("the journal is not in UTF-8 but in UTF-16", seen={"path": path}, advice=advice)
    return content.decode("utf-8", "surrogateescape")


def _told_style(parts: tuple[Part, ...], path: Path) -> Style:
    told = {
        sum(not item.template for item in part.items(part.style)): part.style
        for part in reversed(parts)
        if part.style is not None
    }
    if not told:
        raise BoltError(
            "the style of this journal cannot be told",
            seen={"path": path, "styles": ", ".join(STYLES)},
            advice="name it: --bolt-journal=STYLE:PATH",
        )
    return told[max(told)]


def _replaced(text: str, entry: Entry, same: Found, style: Style, how: Rendering) -> str:
    heading = style.heading.match(same.body.partition("\n")[0])
    groups = heading.groupdict() if heading else {}
    how = replace(how, continued=heading is None)
    number, dash = int(groups.get("number") or how.number), groups.get("dash") or how.dash
    links = tuple(dict.fromkeys([*same.links, *entry.links]))
    rendered = render(replace(entry, links=links), replace(how, number=number, dash=dash))
    newline = _newline(text, same.start)
    rendered = with_person(rendered.replace("\n", newline), _kept(same))
    return text[: same.start] + rendered + text[same.end :]


def _kept(old: Found) -> dict[str, str]:
    if old.edited:
        advice = "undo that edit, or move it between the `bolt:person` lines"
        seen = {"entry": old.entry_id}
        raise BoltError("the entry to replace was edited outside a person's fields", seen=seen, advice=advice)
    return {name: text for name, text in old.person.items() if text.strip() not in {"", NOT_WRITTEN}}


def _placed(text: str, rendered: str, place: Place) -> str:
    before, after = text[: place.at], text[place.at :]
    newline = _newline(text, place.at)
    ends = len(before) - len(before.rstrip("\r\n"))
    blank = before[len(before) - ends :].count("\n") if ends else 0
    gap = "\n" * max(0, 2 - blank) if before else ""
    divider = "---\n\n" if place.rule and place.appended and not before.rstrip().endswith("\n---") else ""
    tail = ""
    if after:
        tail = "\n---\n\n" if place.rule and not place.appended else "\n"
    return f"{before}{(gap + divider + rendered + tail).replace(chr(10), newline)}{after}"


def _newline(text: str, at: int) -> str:
    """Return the line end that is usual at this place: that of the line before, else of the first line."""
    end = text.rfind("\n", 0, at)
    if end < 0:
        end = text.find("\n")
    return "\r\n" if end > 0 and text[end - 1] == "\r" else "\n"
