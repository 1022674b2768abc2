"""Which journals a command is about, their text, and the store that their entries come from."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from pytest_bolt.commands.locate import store_name
from pytest_bolt.core.plain_text import one_line
from pytest_bolt.core.record import Summary
from pytest_bolt.errors import BoltError
from pytest_bolt.journal.markers import Found, entries_in
from pytest_bolt.journal.own_templates import templates_in
from pytest_bolt.journal.write import read
from pytest_bolt.stores.store import Store, open_store

DEFAULT = Path("journal")
_SUFFIXES = frozenset({".md", ".markdown"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A journal and what stands in it."""

    path: Path
    text: str


def journals(paths: Sequence[Path]) -> tuple[Text, ...]:
    """Return the journals of files and folders, each read once.

    Raises BoltError for a path that is not there, a folder without journals, or what cannot be read.
    """
    files = dict.fromkeys(file for path in paths or [DEFAULT] for file in files_of(path))
    return tuple(Text(path=file, text=read(file)) for file in files)


def entries_of_all(texts: Iterable[Text]) -> list[tuple[Path, Found]]:
    """Return every entry of the journals with its file. Raises BoltError for a damaged marker."""
    return [(each.path, found) for each in texts for found in entries_in(each.text)]


def files_of(path: Path) -> Iterator[Path]:
    """Yield a journal, or those of a folder. Raises BoltError where there is none."""
    if path.is_dir():
        found = sorted(one for one in path.rglob("*") if one.suffix.lower() in _SUFFIXES and one.is_file())
        if not found:
            raise BoltError("the folder has no journal", seen={"path": path}, advice="name a Markdown file")
        yield from found
    elif path.exists():
        yield path
    else:
        seen = {"path": one_line(str(path))}
        raise BoltError("there is no such journal", seen=seen, advice="name a file, or a folder of journals")


def line_of(text: str, offset: int) -> int:
    """Return the number of a line, from 1."""
    return text.count("\n", 0, offset) + 1


def templates(folder: Path | None) -> Mapping[str, str]:
    """Return a user's own templates by file name, none where no folder is named. Raises BoltError."""
    return {} if folder is None else templates_in(folder)


def store_of(chosen: str | None) -> Store:
    """Return the store, read only. Raises BoltError where there is none or it cannot be opened."""
    return open_store(store_name(chosen, os.environ, Path.cwd()), read_only=True)


@contextmanager
def maybe_store(chosen: str | None) -> Iterator[Store | None]:
    """Lend the store, read only; None where none is named and the default one is not there.

    Raises BoltError where it cannot be opened.
    """
    name = store_name(chosen, os.environ, Path.cwd())
    if chosen is None and "://" not in name and not Path(name).exists():
        yield None
        return
    with open_store(name, read_only=True) as store:
        yield store


def stored(store: Store | None, run_id: str) -> Summary | None:
    """Return a stored run by its whole id, None where the store does not have it."""
    if store is None or not run_id.isalnum():
        return None
    with suppress(BoltError):
        summary = store.summary(run_id)
        return summary if summary.run.run_id == run_id else None
    return None
