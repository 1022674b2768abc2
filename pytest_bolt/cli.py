"""`pytest-bolt`: everything that needs no pytest run.

Exit codes: 0 done, 2 a usage error or a message on standard error, 130 interrupted. A comparison of stored
runs is advice, so it ends with 0 whatever it says.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from pytest_bolt import __version__
from pytest_bolt.errors import BoltError

_USAGE_ERROR = 2
_INTERRUPTED = 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    arguments = _parser().parse_args(argv)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    try:
        _run(arguments)
        sys.stdout.flush()
    except BoltError as error:
        sys.stderr.write(f"pytest-bolt: {error}\n")
        return _USAGE_ERROR
    except KeyboardInterrupt:
        return _INTERRUPTED
    except BrokenPipeError:
        _discard_output()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="pytest-bolt",
        description="Look at what pytest runs with bolt options have stored.",
        epilog="exit codes: 0 done, 2 usage error or a message on standard error, 130 interrupted",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"pytest-bolt {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    _add_list(commands)
    _add_show(commands)
    _add_compare(commands)
    return parser


def _add_list(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    command = _add(commands, "list", "the stored runs, newest first")
    command.add_argument(
        "--limit", type=_count, default=20, metavar="N", help="at most N runs, 0 for all (default: 20)"
    )


def _add_show(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    command = _add(commands, "show", "one run with its benchmarks")
    command.add_argument("run", metavar="RUN", help="the id of a stored run, or its first digits")
    command.add_argument(
        "pattern",
        metavar="CASE-GLOB",
        nargs="?",
        default="",
        help="only benchmarks like this: * and ?, or a part of the id",
    )
    command.add_argument("--rounds", action="store_true", help="every stored round, too")


def _add_compare(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    command = _add(commands, "compare", "stored values of two commits or runs, as advice (never a gate)")
    command.add_argument("a", metavar="A", help="run id, commit or ref: the base")
    command.add_argument("b", metavar="B", help="run id, commit or ref: the head")


def _add(
    commands: argparse._SubParsersAction[argparse.ArgumentParser], name: str, text: str
) -> argparse.ArgumentParser:
    command = commands.add_parser(name, help=text, description=text.capitalize() + ".", allow_abbrev=False)
    command.add_argument(
        "--store",
        metavar="URL",
        help="path or database URL (default: $BOLT_STORE, else .bolt/store.sqlite of the main worktree)",
    )
    command.add_argument("--json", action="store_true", help="one JSON document instead of text")
    return command


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit():
        msg = f"not a whole number: {text!r}"
        raise argparse.ArgumentTypeError(msg)
    return int(text)


def _run(arguments: argparse.Namespace) -> None:
    from pytest_bolt.commands.compare import compare_stored
    from pytest_bolt.commands.listing import list_runs
    from pytest_bolt.commands.locate import store_name
    from pytest_bolt.commands.screen import Screen, wants_colour
    from pytest_bolt.commands.show import show_run
    from pytest_bolt.stores.store import open_store

    folder, as_json = Path.cwd(), arguments.json
    screen = Screen(stream=sys.stdout, colour=wants_colour(sys.stdout, os.environ))
    with open_store(store_name(arguments.store, os.environ, folder), read_only=True) as store:
        if arguments.command == "list":
            list_runs(store, screen, limit=arguments.limit or None, as_json=as_json)
        elif arguments.command == "show":
            show_run(
                store,
                screen,
                run_id=arguments.run,
                pattern=arguments.pattern,
                with_rounds=arguments.rounds,
                as_json=as_json,
            )
        else:
            compare_stored(store, screen, names=(arguments.a, arguments.b), folder=folder, as_json=as_json)


def _discard_output() -> None:
    """Let the interpreter's last flush go nowhere: whoever read our output has stopped (`| head`)."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
