"""`pytest-bolt journal link`: say in both entries that one takes the place of the other."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TextIO

from pytest_bolt.atomic_file import check_writable, write_atomically
from pytest_bolt.commands.journal_places import entries_of_all, journals
from pytest_bolt.commands.screen import Screen
from pytest_bolt.journal.entry import Link, Relation
from pytest_bolt.journal.links import ANSWERS, check_no_circle, linked, located
from pytest_bolt.journal.lock import locked
from pytest_bolt.journal.write import read

RELATIONS = tuple(str(relation) for relation in ANSWERS)


def link_entries(new: str, relation: str, old: str, paths: Sequence[Path], stream: TextIO) -> None:
    """Write the relation into the journals of both entries; a second time changes nothing.

    Both journals are locked, read again and checked before the first is written. A process that is killed
    between the two leaves a link in the older entry that `verify` reports and the same command completes.

    Raises BoltError where an entry is not there, was edited, or a journal cannot be written.
    """
    places = entries_of_all(journals(paths))
    (new_path, newer), (old_path, older) = located(new, places), located(old, places)
    check_no_circle(newer, older)
    kind = Relation(relation)
    forward = Link(relation=kind, entry_id=older.entry_id)
    back = Link(relation=ANSWERS[kind], entry_id=newer.entry_id)
    with ExitStack() as stack:
        for path in sorted({old_path.resolve(), new_path.resolve()}):
            check_writable(path)
            stack.enter_context(locked(path))
        texts = {path: read(path) for path in (old_path, new_path)}
        written = dict(texts)
        written[old_path] = linked(written[old_path], older.entry_id, back)
        written[new_path] = linked(written[new_path], newer.entry_id, forward)
        for path, text in texts.items():
            if written[path] != text:
                write_atomically(path, written[path])
    screen = Screen(stream=stream)
    screen.line(f"{newer.entry_id} {relation} {older.entry_id}")
    for path in dict.fromkeys((new_path, old_path)):
        screen.line(f"{'wrote' if written[path] != texts[path] else 'unchanged'} {path}")
