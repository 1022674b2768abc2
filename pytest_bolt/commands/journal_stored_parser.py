"""The arguments of the commands that set journals beside the store: `verify`, `replay`, `show` and others."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TextIO

Commands = argparse._SubParsersAction  # noqa: SLF001 - argparse has no public name for it
_PATHS = "journals, or folders of Markdown files (default: journal/)"
_ID = "the id of a stored run or its first digits, or of one of its entries"
_RELATIONS = ("corrects", "supersedes")


def add_stored(journal: Commands[argparse.ArgumentParser]) -> None:
    """Add the commands to those of `pytest-bolt journal`; each sets `run`, which returns the exit code."""
    _add_verify(journal)
    _add_replay(journal)
    _add_index(journal)
    _add_show(journal)
    _add_preview(journal)
    _add_write(journal)
    _add_link(journal)


def _add_verify(journal: Commands[argparse.ArgumentParser]) -> None:
    text = "every number of every entry, worked out again from the store"
    command = _add(journal, "verify", text, "exit codes: 0 all agree, 1 something differs, 2 usage error")
    command.add_argument("paths", metavar="PATH", nargs="*", type=Path, help=_PATHS)
    command.add_argument("--json", action="store_true", help="one JSON document instead of text")
    command.add_argument(
        "--strict", action="store_true", help="exit code 1 also for what could not be checked, which is shown"
    )
    _add_store(command)
    _add_templates(command)
    command.set_defaults(run=_verify)


def _add_replay(journal: Commands[argparse.ArgumentParser]) -> None:
    text = "the stored command again, at its own commits, and an entry that says whether it found the same"
    codes = "exit codes: 0 replicated or cannot tell, 1 not replicated, 2 usage error or a message"
    command = _add(journal, "replay", text, codes)
    command.add_argument("entry", metavar="ID", help=_ID)
    command.add_argument("paths", metavar="PATH", nargs="*", type=Path, help=f"where the entry is: {_PATHS}")
    command.add_argument("--yes", action="store_true", help="run the command without asking")
    _add_store(command)
    _add_templates(command)
    command.set_defaults(run=_replay)


def _add_index(journal: Commands[argparse.ArgumentParser]) -> None:
    command = _add(journal, "index", "all entries of all journals in one table, newest first")
    command.add_argument("paths", metavar="PATH", nargs="*", type=Path, help=_PATHS)
    command.add_argument("--output", metavar="FILE", type=Path, help="write it there, as Markdown")
    command.add_argument("--json", action="store_true", help="one JSON document instead of a table")
    command.set_defaults(run=_index)


def _add_show(journal: Commands[argparse.ArgumentParser]) -> None:
    command = _add(journal, "show", "an entry rendered from the store, or a file that was kept with its run")
    command.add_argument("entry", metavar="ID", help=_ID)
    command.add_argument(
        "--style", metavar="STYLE", default="", help="the style (default: its own, else paper)"
    )
    command.add_argument("--artifact", metavar="SHA", help="the content of the file whose hash begins so")
    _add_store(command)
    _add_templates(command)
    command.set_defaults(run=_show)


def _add_preview(journal: Commands[argparse.ArgumentParser]) -> None:
    text = "the newest stored run in a style, or a made-up run where none is stored"
    command = _add(journal, "preview", text)
    command.add_argument("style", metavar="STYLE", help="a style, or one of your own templates")
    command.add_argument("--run", dest="entry", metavar="ID", default="", help=_ID)
    _add_store(command)
    _add_templates(command)
    command.set_defaults(run=_preview)


def _add_write(journal: Commands[argparse.ArgumentParser]) -> None:
    command = _add(journal, "write", "the entries of a stored run, into a journal")
    command.add_argument("entry", metavar="ID", help=_ID)
    command.add_argument("option", metavar="STYLE[:PATH]", help="as of --bolt-journal")
    _add_store(command)
    _add_templates(command)
    command.set_defaults(run=_write)


def _add_link(journal: Commands[argparse.ArgumentParser]) -> None:
    command = _add(journal, "link", "that one entry takes the place of another, written into both")
    command.add_argument(
        "new", metavar="NEW", help="the entry that takes the place, or the beginning of its id"
    )
    command.add_argument("relation", choices=_RELATIONS, metavar="corrects|supersedes", help="why")
    command.add_argument("old", metavar="OLD", help="the entry whose place it takes")
    command.add_argument("paths", metavar="PATH", nargs="*", type=Path, help=_PATHS)
    command.set_defaults(run=_link)


def _add(
    journal: Commands[argparse.ArgumentParser], name: str, text: str, epilog: str | None = None
) -> argparse.ArgumentParser:
    description = f"{text[0].upper()}{text[1:]}."
    return journal.add_parser(name, help=text, description=description, epilog=epilog, allow_abbrev=False)


def _add_store(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--store",
        metavar="URL",
        help="path or database URL (default: $BOLT_STORE, else .bolt/store.sqlite of the main worktree)",
    )


def _add_templates(command: argparse.ArgumentParser) -> None:
    command.add_argument("--templates", metavar="DIR", type=Path, help="a folder with styles of your own")


def _verify(arguments: argparse.Namespace, stream: TextIO) -> int:
    from pytest_bolt.commands.journal_places import maybe_store
    from pytest_bolt.commands.journal_verify import verify_journals

    with maybe_store(arguments.store) as store:
        return verify_journals(
            arguments.paths,
            stream,
            store,
            templates_folder=arguments.templates,
            as_json=arguments.json,
            strict=arguments.strict,
        )


def _replay(arguments: argparse.Namespace, stream: TextIO) -> int:
    from pytest_bolt.commands.journal_replay import replay_entry

    return replay_entry(
        arguments.entry,
        arguments.paths,
        stream,
        chosen_store=arguments.store,
        templates_folder=arguments.templates,
        yes=arguments.yes,
    )


def _index(arguments: argparse.Namespace, stream: TextIO) -> int:
    from pytest_bolt.commands.journal_index import index_journals

    index_journals(arguments.paths, stream, output=arguments.output, as_json=arguments.json)
    return 0


def _show(arguments: argparse.Namespace, stream: TextIO) -> int:
    from pytest_bolt.commands.journal_places import store_of, templates
    from pytest_bolt.commands.journal_show import show_artifact, show_entries

    with store_of(arguments.store) as store:
        if arguments.artifact is not None:
            show_artifact(store, sys.stdout.buffer, name=arguments.entry, prefix=arguments.artifact)
        else:
            own = templates(arguments.templates)
            show_entries(store, stream, name=arguments.entry, style=arguments.style, templates=own)
    return 0


def _preview(arguments: argparse.Namespace, stream: TextIO) -> int:
    from pytest_bolt.commands.journal_places import maybe_store, templates
    from pytest_bolt.commands.journal_show import preview

    own = templates(arguments.templates)
    with maybe_store(arguments.store) as store:
        preview(store, stream, style=arguments.style, run_id=arguments.entry, templates=own)
    return 0


def _write(arguments: argparse.Namespace, stream: TextIO) -> int:
    from pytest_bolt.commands.journal_places import store_of, templates
    from pytest_bolt.commands.journal_show import write_stored
    from pytest_bolt.commands.screen import Screen

    own = templates(arguments.templates)
    with store_of(arguments.store) as store:
        write_stored(
            store, Screen(stream=stream), name=arguments.entry, option=arguments.option, templates=own
        )
    return 0


def _link(arguments: argparse.Namespace, stream: TextIO) -> int:
    from pytest_bolt.commands.journal_link import link_entries

    link_entries(arguments.new, arguments.relation, arguments.old, arguments.paths, stream)
    return 0
