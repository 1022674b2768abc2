"""`pytest-bolt journal show | preview | write`: entries from the store."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import BinaryIO, TextIO

from pytest_bolt.commands.journal_entries import as_linked, check_ended, find_entries
from pytest_bolt.commands.sample_run import sample
from pytest_bolt.commands.screen import Screen
from pytest_bolt.core.plain_text import one_line
from pytest_bolt.core.record import Artifact
from pytest_bolt.errors import BoltError
from pytest_bolt.journal.build import entries_of
from pytest_bolt.journal.entry import Entry, Link
from pytest_bolt.journal.markers import entries_in
from pytest_bolt.journal.render import Rendering, render
from pytest_bolt.journal.write import AUTO, Journal, file_name, parse_option, read, write_entry
from pytest_bolt.stores.store import Store

_PLAIN = "paper"


def show_entries(
    store: Store, stream: TextIO, *, name: str, style: str = "", templates: Mapping[str, str] | None = None
) -> None:
    """Write the entries that a run id or an entry's id means, rendered from the store. Raises BoltError."""
    _, entries = find_entries(store, name)
    own = templates or {}
    texts = [render(each, _how(style or each.style or _PLAIN, own)) for each in entries]
    stream.write("\n".join(texts))


def show_artifact(store: Store, out: BinaryIO, *, name: str, prefix: str) -> None:
    """Write the bytes of a file that was kept with a run.

    Raises BoltError where none of its files has a hash that begins so, it was not kept, or is damaged.
    """
    run = store.run(name.partition("-")[0])
    found = [each for each in run.evidence.artifacts if prefix and each.sha256.startswith(prefix.lower())]
    if len({each.sha256 for each in found}) != 1:
        known = "\n".join(f"{each.sha256} {one_line(each.path)}" for each in run.evidence.artifacts)
        problem = "several files of this run begin so" if found else "no file of this run begins so"
        raise BoltError(
            problem, seen={"run": run.run_id, "asked": one_line(prefix), "files": known or "none"}
        )
    out.write(stored_content(store, run.run_id, found[0]))


def preview(
    store: Store | None, stream: TextIO, *, style: str, run_id: str, templates: Mapping[str, str]
) -> None:
    """Write an entry in a style: of the run named, else the newest stored, else of a made-up run.

    Raises BoltError for an unknown style or run, and for a template that fails, with its file and line.
    """
    how = _how(style, templates)
    runs = store.runs(1) if store is not None and not run_id else ()
    if store is not None and (run_id or runs):
        entries = find_entries(store, run_id or runs[0].run_id)[1]
    else:
        entries = entries_of(sample(datetime.now(UTC)))
    stream.write(render(entries[0], how))


def write_stored(
    store: Store, screen: Screen, *, name: str, option: str, templates: Mapping[str, str]
) -> None:
    """Write the entries of a stored run into a journal, as the run itself would have. Raises BoltError."""
    journal = parse_option(option, templates)
    summary, entries = find_entries(store, name)
    check_ended(summary.run)
    for entry in entries:
        target = journal.of(entry)
        path = write_entry(as_linked(store, summary, entry, _links(target, entry)), target)
        screen.line(f"wrote {path}: {entry.entry_id}")


def _links(journal: Journal, entry: Entry) -> tuple[Link, ...]:
    path = journal.path / file_name(entry) if journal.folder else journal.path
    found = (each for each in entries_in(read(path)) if each.entry_id == entry.entry_id)
    return next((each.links for each in found), ())


def _how(style: str, templates: Mapping[str, str]) -> Rendering:
    """Return how to render a style. Raises BoltError where there is none of this name."""
    journal = parse_option(style, templates)
    if journal.style is None or style == AUTO or ":" in style:
        raise BoltError(
            "a style is a plain name here", seen={"style": one_line(style)}, advice="such as paper"
        )
    return Rendering(style=journal.style.name, templates=templates)


def stored_content(store: Store, run_id: str, artifact: Artifact) -> bytes:
    """Return the bytes of a file that was kept with a run. Raises BoltError for one that was not."""
    content = store.artifact(artifact.sha256) if artifact.stored else None
    seen = {"run": run_id, "file": one_line(artifact.path), "SHA-256": artifact.sha256}
    if content is None:
        raise BoltError("only the hash of this file was stored, not its content", seen=seen)
    if hashlib.sha256(content).hexdigest() != artifact.sha256:
        raise BoltError("the stored file is damaged: its content has another hash", seen=seen)
    return content
