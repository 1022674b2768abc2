"""`pytest-bolt journal replay`: the stored command at its own commits again, and what it says of the entry.

What is run comes from the store, never from the Markdown, and is pytest, without a shell.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TextIO

from pytest_bolt.atomic_file import check_writable
from pytest_bolt.commands.journal_entries import find_entries, repeating
from pytest_bolt.commands.journal_places import entries_of_all, journals, store_of, templates
from pytest_bolt.commands.journal_show import stored_content
from pytest_bolt.commands.locate import store_name
from pytest_bolt.commands.screen import Screen
from pytest_bolt.core.command_text import FOLDER_SETTING, shell_line
from pytest_bolt.core.record import Revision, RunState, Summary
from pytest_bolt.core.replay import replay_arguments
from pytest_bolt.core.replication import Replicated
from pytest_bolt.errors import BoltError
from pytest_bolt.journal.entry import Entry
from pytest_bolt.journal.fitting import fitted
from pytest_bolt.journal.links import located
from pytest_bolt.journal.listing import style_of
from pytest_bolt.journal.place import parts_of
from pytest_bolt.journal.styles import STYLES, own_style
from pytest_bolt.journal.write import Journal, file_name, read, write_entry
from pytest_bolt.repo.cache import cache_folder
from pytest_bolt.repo.commands import top_level
from pytest_bolt.repo.opening import open_repository
from pytest_bolt.repo.replay_tree import check_commit, tree_of
from pytest_bolt.reports.json_report import parse
from pytest_bolt.scratch import scratch
from pytest_bolt.stores.store import Store

_REPORT, _JOURNAL, _PLAIN = "run.json", "entry.md", "paper"
_OWN = ("--bolt-store=", "--bolt-json=", "--bolt-journal=")  # these stay where they are
_PATIENCE_S = 20.0  # for pytest to end after Ctrl-C, before it is killed
_NOT_REPLICATED = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    """All that a replay needs to know before anything is run."""

    store: str
    summary: Summary
    entry: Entry
    journal: Journal
    diff: bytes | None


def replay_entry(
    name: str,
    paths: Sequence[Path],
    stream: TextIO,
    *,
    chosen_store: str | None = None,
    templates_folder: Path | None = None,
    yes: bool = False,
) -> int:
    """Run the command of an entry again and write what it says of the entry into the same journal.

    Returns the exit code: 1 where it is not replicated. Raises BoltError where the run cannot be repeated, or
    its command failed; then the journal stays as it is.
    """
    where = store_name(chosen_store, os.environ, Path.cwd())
    store = where if "://" in where else str(Path(where).absolute())
    with store_of(store) as opened:
        plan = _planned(opened, store, name, paths, templates_folder)
    screen = Screen(stream=stream)
    run, repo = plan.summary.run, open_repository(Path.cwd())
    check_commit(repo, run.head.commit, "head")
    if run.base is not None and run.base.commit:
        check_commit(repo, run.base.commit, "base")
    with scratch("replay") as folder:
        words = replay_arguments(run, _outputs(folder, plan.store))
        _announce(screen, plan, words)
        _confirm(stream, yes=yes)
        with tree_of(repo, run.head, plan.diff, cache_folder(os.environ)) as tree:
            status = _run(plan, words, tree, top_level(repo))
            run_id = _run_id(folder / _REPORT, status)
    with store_of(store) as opened:
        again = opened.summary(run_id)
    entry = repeating(plan.summary, plan.entry, again)
    path = write_entry(entry, plan.journal)
    return _told(screen, entry, again.run.head, run.head, path)


def _planned(
    store: Store, where: str, name: str, paths: Sequence[Path], templates_folder: Path | None
) -> _Plan:
    summary, entries = find_entries(store, name)
    if len(entries) > 1:
        seen = {"run": summary.run.run_id, "entries": "\n".join(each.entry_id for each in entries)}
        raise BoltError("this run has several entries", seen=seen, advice="name one of them")
    if summary.run.state is not RunState.FINISHED:
        seen = {"run": summary.run.run_id, "state": summary.run.state}
        raise BoltError("this run did not come to its end, so there is nothing to repeat", seen=seen)
    replay_arguments(summary.run)  # refused here where it is no pytest command
    kept = [each for each in summary.run.evidence.artifacts if each.kind == "diff" and each.stored]
    return _Plan(
        store=where,
        summary=summary,
        entry=entries[0],
        journal=_journal_of(entries[0], paths, templates_folder),
        diff=stored_content(store, summary.run.run_id, kept[0]) if kept else None,
    )


def _journal_of(entry: Entry, paths: Sequence[Path], templates_folder: Path | None) -> Journal:
    """Return the journal that an entry stands in, with its style. Raises BoltError for one in none."""
    own = templates(templates_folder)
    path, found = located(entry.entry_id, entries_of_all(journals(paths)))
    check_writable(path)
    fits, differs = fitted(found, replace(entry, links=found.links), own)
    text = read(path)
    likely = next((part.style for part in parts_of(text, [found]) if found in part.own), None)
    style = own_style(fits.style) if fits.style not in STYLES else STYLES[fits.style]
    if differs and fits.style in STYLES:
        style = style_of(found, likely) or style
    alone = path.name == file_name(entry)
    return Journal(path=path.parent if alone else path, style=style, templates=own, folder=alone)


def _outputs(folder: Path, store: str) -> list[str]:
    """Return the options of the repetition; a journal of its own starts what an entry alone was asked of."""
    journal = f"--bolt-journal={_PLAIN}:{folder / _JOURNAL}"
    return [f"--bolt-store={store}", f"--bolt-json={folder / _REPORT}", journal]


def _announce(screen: Screen, plan: _Plan, words: Sequence[str]) -> None:
    run = plan.summary.run
    changes = f", with its uncommitted changes ({len(plan.diff)} B)" if plan.diff is not None else ""
    base = {"against": run.base.commit} if run.base is not None else {}
    screen.pairs(
        {
            "replays": plan.entry.entry_id,
            "at": f"{run.head.commit}{changes}",
            **base,
            "command": shell_line(["pytest", *words]),
        }
    )


def _confirm(stream: TextIO, *, yes: bool) -> None:
    """Return where the user wants the command to be run; raise BoltError otherwise."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise BoltError("nobody is there to confirm the command", advice="add --yes to run it as shown")
    stream.write("Run this command from the store? [y/N] ")
    stream.flush()
    if sys.stdin.readline().strip().lower() not in {"y", "yes"}:
        raise BoltError("nothing was run", advice="answer y, or add --yes")


def _run(plan: _Plan, words: Sequence[str], tree: Path, top: Path) -> int:
    folder = tree / plan.summary.run.settings.get(FOLDER_SETTING, "")
    if not folder.is_dir() or not folder.resolve().is_relative_to(tree.resolve()):
        folder = tree
    moved = [word if word.startswith(_OWN) else _moved(word, top, tree) for word in words]
    program = [sys.executable, "-m", "pytest_bolt.commands.replayed", str(tree), str(top), str(os.getpid())]
    child = subprocess.Popen([*program, *moved], cwd=folder)
    try:
        return child.wait()
    except KeyboardInterrupt:  # a terminal has sent it to the child as well
        _end(child)
        raise


def _end(child: subprocess.Popen[bytes]) -> None:
    for sent in (None, signal.SIGINT, signal.SIGKILL):
        if sent is not None:
            child.send_signal(sent)
        with suppress(subprocess.TimeoutExpired):
            child.wait(_PATIENCE_S)
            return


def _moved(word: str, top: Path, tree: Path) -> str:
    """Return an argument with an absolute path of the user's tree moved to the other one."""
    name, equals, value = word.rpartition("=") if word.startswith("-") else ("", "", word)
    path = Path(value)
    if not path.is_absolute() or not path.is_relative_to(top):
        return word
    return f"{name}{equals}{tree / path.relative_to(top)}"


def _run_id(report: Path, status: int) -> str:
    """Return the id of the run that was made. Raises BoltError where there is none."""
    try:
        return parse(report.read_text(encoding="utf-8")).run.run_id
    except FileNotFoundError:
        advice = "its output is above; the journal was left as it was"
        raise BoltError("the command gave no result", seen={"exit code": status}, advice=advice) from None


def _told(screen: Screen, entry: Entry, head: Revision, original: Revision, path: Path) -> int:
    found = entry.replication
    if found is None:
        raise RuntimeError("an entry of a replay says what it replicates")
    for pairing in found.pairings:
        what = f"{pairing.metric}, {pairing.what}"
        screen.line(f"{pairing.found}: {what}: {pairing.original} | {pairing.again}; {pairing.reason}")
    for name, text in found.differs.items():
        screen.line(f"environment differs: {name}: {text}")
    if head.diff_hash != original.diff_hash:
        screen.line("the tree was not the same to the byte: the hash of its uncommitted changes differs")
    screen.line(f"{found.found}: {entry.entry_id} replicates {found.original}")
    screen.line(f"wrote {path}")
    return _NOT_REPLICATED if found.found is Replicated.NO else 0
