"""The arguments of `pytest-bolt journal ...`; what a command does is imported when it runs."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TextIO

from pytest_bolt.commands.journal_stored_parser import add_stored

Run = Callable[[argparse.Namespace, TextIO], int]


def add_journal(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the group of commands to those of `pytest-bolt`; each sets `run`, which returns the exit code."""
    text = "check journals, and write entries of stored runs"
    group = commands.add_parser("journal", help=text, description=f"{text.capitalize()}.", allow_abbrev=False)
    journal = group.add_subparsers(dest="journal_command", metavar="COMMAND", required=True)
    _add_lint(journal)
    add_stored(journal)


def _add_lint(journal: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    text = "slips that arithmetic, dates and hashes give away, in journals of any style"
    command = journal.add_parser(
        "lint",
        help=text,
        description=f"Find {text}.",
        epilog="exit codes: 0 nothing found but advice, 1 an error found, 2 usage error",
        allow_abbrev=False,
    )
    command.add_argument(
        "paths",
        metavar="PATH",
        nargs="*",
        type=Path,
        default=[Path("journal")],
        help="journals, or folders of Markdown files (default: journal/)",
    )
    command.add_argument("--json", action="store_true", help="one JSON document instead of text")
    command.add_argument(
        "--select", type=_names, default=(), metavar="RULES", help="only these rules, by comma"
    )
    command.add_argument("--ignore", type=_names, default=(), metavar="RULES", help="all rules but these")
    command.set_defaults(run=_lint)


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _lint(arguments: argparse.Namespace, stream: TextIO) -> int:
    from pytest_bolt.commands.journal_lint import lint_journals

    return lint_journals(
        arguments.paths, stream, select=arguments.select, ignore=arguments.ignore, as_json=arguments.json
    )
