"""`pytest-bolt`: everything that needs no pytest run.

Exit codes: 0 done, 1 what a command of `journal` found, 2 a usage error or a message on standard error, 130
interrupted. A comparison of stored runs is advice, so it ends with 0 whatever it says.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_bolt import __version__
from pytest_bolt.commands.comment_parser import add_comment
from pytest_bolt.commands.journal_parser import add_journal
from pytest_bolt.errors import BoltError

if TYPE_CHECKING:
    from pytest_bolt.commands.screen import Screen
    from pytest_bolt.stores.store import Store

_USAGE_ERROR = 2
_INTERRUPTED = 130
_FORMATS = ("pytest-benchmark", "asv", "bmf")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    parser = _parser()
    arguments, rest = parser.parse_known_args(argv)
    if arguments.command == "aa":
        # Replaced by pytest: its exit code and its Ctrl-C are those of this command.
        os.execv(sys.executable, [sys.executable, "-m", "pytest", "--bolt-aa", *rest])  # noqa: S606 - no shell
    if rest:
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    code = 0
    try:
        code = arguments.run(arguments, sys.stdout) if arguments.command == "journal" else _run(arguments)
        sys.stdout.flush()
    except BoltError as error:
        sys.stderr.write(f"pytest-bolt: {error}\n")
        return _USAGE_ERROR
    except KeyboardInterrupt:
        return _INTERRUPTED
    except BrokenPipeError:
        _discard_output()
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="pytest-bolt",
        description="Look at what bolt runs of pytest have stored, and exchange it with other tools.",
        epilog="exit codes: 0 done, 1 journal lint found an error, 2 usage error or a message on standard "
        "error, 130 interrupted",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"pytest-bolt {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    _add_list(commands)
    _add_show(commands)
    _add_compare(commands)
    _add_best(commands)
    _add_import(commands)
    _add_export(commands)
    add_journal(commands)
    add_comment(commands)
    text = "the noise of this machine, and what a margin costs: pytest --bolt-aa with the arguments given"
    commands.add_parser("aa", help=text, usage="pytest-bolt aa [PYTEST ARGUMENTS]", allow_abbrev=False)
    return parser


def _add_list(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    command = _add(commands, "list", "the stored runs, newest first")
    command.add_argument(
        "--limit", type=_count, default=20, metavar="N", help="at most N runs, 0 for all (default: 20)"
    )


def _add_show(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    command = _add(commands, "show", "one run with its benchmarks")
    command.add_argument("run", metavar="RUN", help="the id of a stored run, or its first digits")
    _add_pattern(command)
    command.add_argument("--rounds", action="store_true", help="every stored round, too")
    command.add_argument(
        "--html",
        type=Path,
        metavar="DIR",
        help="write it as a page for a browser, in this folder of its own",
    )


def _add_compare(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    command = _add(commands, "compare", "stored values of two commits or runs, as advice (never a gate)")
    command.add_argument("a", metavar="A", help="run id, commit or ref: the base")
    command.add_argument("b", metavar="B", help="run id, commit or ref: the head")


def _add_best(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    command = _add(commands, "best", "the best known speedup of each benchmark over a baseline")
    _add_pattern(command)


def _add_pattern(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "pattern",
        metavar="CASE-GLOB",
        nargs="?",
        default="",
        help="only benchmarks like this: * and ?, or a part of the id",
    )


def _add_import(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    command = _add(commands, "import", "results of another tool as stored runs, never as a baseline")
    command.add_argument("file", metavar="FILE", type=Path, help="a result file, or a folder of them")
    command.add_argument("--format", choices=_FORMATS, help="what the file is (default: seen from the file)")


def _add_export(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    command = _add(commands, "export", "one side of a stored run as a file of another tool", as_json=False)
    command.add_argument("run", metavar="RUN", help="the id of a stored run, or its first digits")
    command.add_argument("--format", choices=_FORMATS, required=True, help="what to write")
    command.add_argument(
        "--side", choices=("base", "head"), default="head", help="which tree's times (default: head)"
    )
    command.add_argument(
        "--output",
        type=Path,
        metavar="PATH",
        help="the file to write (default: standard output); for asv its results folder",
    )


def _add(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
    name: str,
    text: str,
    *,
    as_json: bool = True,
) -> argparse.ArgumentParser:
    command = commands.add_parser(name, help=text, description=text.capitalize() + ".", allow_abbrev=False)
    command.add_argument(
        "--store",
        metavar="URL",
        help="path or database URL (default: $BOLT_STORE, else .bolt/store.sqlite of the main worktree)",
    )
    if as_json:
        command.add_argument("--json", action="store_true", help="one JSON document instead of text")
    return command


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit():
        msg = f"not a whole number: {text!r}"
        raise argparse.ArgumentTypeError(msg)
    return int(text)


def _run(arguments: argparse.Namespace) -> int:
    if (work := getattr(arguments, "work", None)) is not None:
        return int(work(arguments) or 0)
    from pytest_bolt.commands.locate import store_name
    from pytest_bolt.commands.screen import Screen, wants_colour
    from pytest_bolt.stores.store import open_store

    name = store_name(arguments.store, os.environ, Path.cwd())
    screen = Screen(stream=sys.stdout, colour=wants_colour(sys.stdout, os.environ))
    with open_store(name, read_only=arguments.command != "import") as store:
        if arguments.command in {"import", "export"}:
            _exchange(store, screen, arguments)
        else:
            _look(store, screen, arguments)
    return 0


def _look(store: Store, screen: Screen, arguments: argparse.Namespace) -> None:
    from pytest_bolt.commands.best import show_best
    from pytest_bolt.commands.compare import compare_stored
    from pytest_bolt.commands.listing import list_runs
    from pytest_bolt.commands.show import show_run

    as_json = arguments.json
    if arguments.command == "list":
        list_runs(store, screen, limit=arguments.limit or None, as_json=as_json)
    elif arguments.command == "best":
        show_best(store, screen, pattern=arguments.pattern, as_json=as_json)
    elif arguments.command == "show":
        show_run(
            store,
            screen,
            run_id=arguments.run,
            pattern=arguments.pattern,
            with_rounds=arguments.rounds,
            as_json=as_json,
            html=arguments.html,
        )
    else:
        compare_stored(store, screen, names=(arguments.a, arguments.b), folder=Path.cwd(), as_json=as_json)


def _exchange(store: Store, screen: Screen, arguments: argparse.Namespace) -> None:
    from pytest_bolt.commands.exporting import export_run
    from pytest_bolt.commands.importing import import_files
    from pytest_bolt.core.measurement import Side

    if arguments.command == "import":
        import_files(
            store,
            screen,
            path=arguments.file,
            tool=arguments.format,
            now=datetime.now(UTC),
            as_json=arguments.json,
        )
        return
    remarks = export_run(
        store,
        screen,
        run_id=arguments.run,
        tool=arguments.format,
        side=Side(arguments.side),
        output=arguments.output,
    )
    for remark in remarks:
        sys.stderr.write(f"pytest-bolt: {remark}\n")


def _discard_output() -> None:
    """Let the interpreter's last flush go nowhere: whoever read our output has stopped (`| head`)."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
