"""In which style an entry that is there was rendered."""

from __future__ import annotations

from collections.abc import Mapping

from pytest_bolt.journal.checking import Mismatch, mismatches
from pytest_bolt.journal.entry import Entry
from pytest_bolt.journal.markers import Found
from pytest_bolt.journal.own_templates import style_names
from pytest_bolt.journal.render import Rendering, render
from pytest_bolt.journal.styles import STYLES


def fitted(found: Found, entry: Entry, own: Mapping[str, str]) -> tuple[Rendering, tuple[Mismatch, ...]]:
    """Return how an entry was rendered, and what differs then: headings do not tell all styles apart.

    Arguments:
        found: the entry as it stands.
        entry: the same, built from the store.
        own: a user's templates by file name.
    """
    heading = found.body.partition("\n")[0].rstrip("\r")
    matches = {name: style.heading.match(heading) for name, style in STYLES.items()}
    names = [name for name, match in matches.items() if match] or list(STYLES)
    best: tuple[Rendering, tuple[Mismatch, ...]] | None = None
    for name in [*style_names(own), *names]:
        match = matches.get(name)
        groups = match.groupdict() if match else {}
        number, dash = int(groups.get("number") or 1), groups.get("dash") or "-"
        continued = match is None and name in STYLES
        how = Rendering(style=name, number=number, dash=dash, continued=continued, templates=own)
        differing = mismatches(found, entry, render(entry, how))
        if best is None or _weight(differing) < _weight(best[1]):
            best = how, differing
        if not differing:
            break
    return best or (Rendering(), ())


def _weight(differing: tuple[Mismatch, ...]) -> int:
    return sum(each.facts for each in differing)
