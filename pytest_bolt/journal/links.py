"""Relations between entries, written into entries that are there without rendering them again."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from pytest_bolt.errors import BoltError
from pytest_bolt.journal.entry import Link, Relation
from pytest_bolt.journal.markers import Found, entries_in, relinked

ANSWERS = {Relation.CORRECTS: Relation.SUPERSEDED_BY, Relation.SUPERSEDES: Relation.SUPERSEDED_BY}
_PAIRED = frozenset({*ANSWERS, *ANSWERS.values()})


def linked(text: str, entry_id: str, link: Link) -> str:
    """Return a journal's text with one more relation in one of its entries; the rest keeps its bytes.

    Raises BoltError where the entry was edited outside a person's fields: its digest would hide that.
    """
    (found,) = (each for each in entries_in(text) if each.entry_id == entry_id)
    if found.edited:
        raise BoltError(
            "an entry that was edited outside a person's fields cannot be linked",
            seen={"entry": entry_id},
            advice="`pytest-bolt journal verify` says where; undo that edit first",
        )
    if link in found.links:
        return text
    return relinked(text, found, (*found.links, link))


def located(entry_id: str, places: Iterable[tuple[Path, Found]]) -> tuple[Path, Found]:
    """Return the one entry whose id is this or begins so, with its journal; raise BoltError otherwise."""
    known = list(places)
    same = [each for each in known if each[1].entry_id == entry_id]
    found = same or [each for each in known if entry_id and each[1].entry_id.startswith(entry_id)]
    if len(found) == 1:
        return found[0]
    seen: dict[str, object] = {"entry": entry_id, "journals": len({path for path, _ in known})}
    if not found:
        advice = "`pytest-bolt journal index` lists the entries; name other journals after the two ids"
        raise BoltError("no journal has such an entry", seen=seen, advice=advice)
    seen["found"] = "\n".join(f"{path}: {each.entry_id}" for path, each in found[:10])
    raise BoltError(
        "more than one entry is meant", seen=seen, advice="give the whole id, or name the journal"
    )


def check_no_circle(new: Found, old: Found) -> None:
    """Raise BoltError where a link would have an entry take the place of itself, or of its successor."""
    if new.entry_id == old.entry_id:
        raise BoltError("an entry cannot stand in its own place", seen={"entry": new.entry_id})
    if Link(relation=Relation.SUPERSEDED_BY, entry_id=old.entry_id) in new.links:
        seen = {"newer": old.entry_id, "older": new.entry_id}
        raise BoltError("these two are linked the other way round", seen=seen)


def one_sided(entries: Iterable[Found]) -> list[tuple[str, str]]:
    """Return (entry id, what is wrong) for links that lead nowhere or are not answered."""
    known = {each.entry_id: each for each in entries}
    problems = []
    for each in known.values():
        for link in each.links:
            if link.relation not in _PAIRED:
                continue
            other = known.get(link.entry_id)
            name = f"`{link.entry_id}`"
            if other is None:
                problems.append((each.entry_id, f"{name}, which it names as {link.relation}, is not here"))
            elif not _answers(other, link, each.entry_id):
                problems.append((each.entry_id, f"{name} does not know of it; link the two again"))
    return problems


def _answers(other: Found, link: Link, entry_id: str) -> bool:
    """Return whether the other entry has the link in its own direction."""
    wanted = {given for given, answer in ANSWERS.items() if answer is link.relation}
    wanted |= {ANSWERS[link.relation]} if link.relation in ANSWERS else set()
    return any(each.entry_id == entry_id and each.relation in wanted for each in other.links)
