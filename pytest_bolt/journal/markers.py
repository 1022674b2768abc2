"""The comments that mark entries and a person's fields in a journal, and how they are found.

A marker is a whole line. No value that an entry prints can hold a line of its own, so that a name
cannot forge one.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from pytest_bolt.errors import BoltError
from pytest_bolt.journal.entry import Entry, Link, Relation

_ENTRY = re.compile(
    r"^<!-- (?:bolt:entry (?P<id>[0-9a-zA-Z_.-]+) (?P<date>\S+)"
    r"|/bolt:entry (?P<end>[0-9a-zA-Z_.-]+) (?P<digest>[0-9a-f]{16})) -->\r?$",
    re.MULTILINE,
)
_LINK = re.compile(
    r"^- .*<!-- bolt:link (?P<kind>corrects|supersedes|superseded-by|replicates) "
    r"(?P<id>[0-9a-zA-Z_.-]+) -->\r?$",
    re.MULTILINE,
)
_LINK_MARK = "<!-- bolt:link "  # looked for first: most entries of a long journal have none
_SHOWN = {
    Relation.CORRECTS: "Corrects",
    Relation.SUPERSEDES: "Supersedes",
    Relation.SUPERSEDED_BY: "Superseded by",
    Relation.REPLICATES: "Replicates",
}
_PERSON = re.compile(
    r"^<!-- bolt:person (?P<field>\w+) -->\r?\n(?P<text>.*?)^<!-- /bolt:person -->\r?$",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """An entry in a journal's text: from `start` up to `end`, both offsets in characters."""

    entry_id: str
    date: datetime
    start: int
    end: int
    body: str
    digest: str

    @property
    def person(self) -> dict[str, str]:
        """Return what stands in the person's fields, by name."""
        return person_in(self.body)

    @property
    def links(self) -> tuple[Link, ...]:
        """Return what the entry says of others."""
        if _LINK_MARK not in self.body:
            return ()
        found = _LINK.finditer(self.body)
        return tuple(Link(relation=Relation(match["kind"]), entry_id=match["id"]) for match in found)

    @property
    def edited(self) -> bool:
        """Return whether something outside the person's fields is not as it was rendered."""
        return digest_of(self.body) != self.digest


def framed(entry: Entry, body: str) -> str:
    """Return the body of an entry, and its links, between its markers, ending with a newline.

    A line of the body that could be taken for a marker is left out: only a template can have written it.
    """
    kept = "".join(line for line in body.splitlines(keepends=True) if not _ENTRY.match(line.rstrip("\n")))
    links = "".join(map(_link_line, entry.links))
    whole = f"{kept.rstrip(chr(10))}\n\n{links}" if links else kept
    opening = f"<!-- bolt:entry {entry.entry_id} {entry.date.isoformat()} -->"
    return f"{opening}\n{whole}<!-- /bolt:entry {entry.entry_id} {digest_of(whole)} -->\n"


def relinked(text: str, found: Found, links: tuple[Link, ...]) -> str:
    """Return a journal's text with these links in the place of an entry's own; all else keeps its bytes."""
    opening = text[found.start : text.index("\n", found.start) + 1]
    newline = "\r\n" if opening.endswith("\r\n") else "\n"
    lines = found.body.splitlines(keepends=True)
    while lines and _LINK.fullmatch(lines[-1].rstrip("\r\n")):
        lines.pop()
    kept = "".join(lines).rstrip("\r\n")
    shown = "".join(map(_link_line, links)).replace("\n", newline)
    whole = f"{kept}{newline}{newline}{shown}"
    closing = f"<!-- /bolt:entry {found.entry_id} {digest_of(whole)} -->"
    tail = text[text.rindex("-->", found.start, found.end) + len("-->") : found.end]
    return f"{text[: found.start]}{opening}{whole}{closing}{tail}{text[found.end :]}"


def _link_line(link: Link) -> str:
    marker = f"<!-- bolt:link {link.relation} {link.entry_id} -->"
    return f"- {_SHOWN[link.relation]} entry `{link.entry_id}` {marker}\n"


def person_in(body: str) -> dict[str, str]:
    """Return what stands in the person's fields of an entry, by name."""
    return {match["field"]: match["text"] for match in _PERSON.finditer(body)}


def person_block(name: str, text: str) -> str:
    """Return a person's field between its markers."""
    return f"<!-- bolt:person {name} -->\n{text}\n<!-- /bolt:person -->"


def with_person(entry: str, fields: Mapping[str, str]) -> str:
    """Return the entry's text with other texts in a person's fields, to the byte."""

    def field(match: re.Match[str]) -> str:
        block, start = match.group(), match.start()
        before, after = block[: match.start("text") - start], block[match.end("text") - start :]
        return before + fields.get(match["field"], match["text"]) + after

    return _PERSON.sub(field, entry)


def digest_of(body: str) -> str:
    """Return a digest of what the tool wrote: persons' fields and the width of tables do not count."""
    tool = _PERSON.sub(lambda match: match["field"], body)
    words = " ".join(re.sub(r"-{2,}", "--", tool).split())
    return hashlib.sha256(words.encode("utf-8", "surrogateescape")).hexdigest()[:16]


def entries_in(text: str) -> tuple[Found, ...]:
    """Return the entries of a journal in the order of the file.

    Raises:
        BoltError: if markers do not pair, or one entry is there twice; the line is named.
    """
    found: list[Found] = []
    known: set[str] = set()
    opened: re.Match[str] | None = None
    for marker in _ENTRY.finditer(text):
        if (opened is None) != (marker["id"] is not None):
            raise _damaged(text, marker, "its markers do not pair")
        if opened is None:
            opened = marker
            continue
        found.append(_found(text, opened, marker))
        opened = None
        if found[-1].entry_id in known:
            raise _damaged(text, marker, "it is there twice")
        known.add(found[-1].entry_id)
    if opened is not None:
        raise _damaged(text, opened, "its closing marker is missing")
    return tuple(found)


def _found(text: str, opened: re.Match[str], closed: re.Match[str]) -> Found:
    if opened["id"] != closed["end"]:
        raise _damaged(text, closed, "its markers do not pair")
    date = _date(opened["date"])
    if date is None:
        raise _damaged(text, opened, "its date cannot be read")
    end = closed.end() + (text[closed.end() : closed.end() + 1] == "\n")
    body = text[opened.end() + 1 : closed.start()]
    return Found(
        entry_id=opened["id"], date=date, start=opened.start(), end=end, body=body, digest=closed["digest"]
    )


def _date(text: str) -> datetime | None:
    """Return an aware date, None where the text is not one."""
    try:
        date = datetime.fromisoformat(text)
    except ValueError:
        return None
    return date if date.tzinfo is not None else None


def _damaged(text: str, marker: re.Match[str], problem: str) -> BoltError:
    seen = {
        "entry": marker["id"] or marker["end"],
        "problem": problem,
        "line": text.count("\n", 0, marker.start()) + 1,
    }
    return BoltError(
        "the journal has a damaged entry", seen=seen, advice="mend its `<!-- bolt:entry` lines by hand"
    )
