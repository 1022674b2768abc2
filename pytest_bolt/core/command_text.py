"""The commands that reports and entries name: each is one line that a shell takes as it is."""

from __future__ import annotations

import shlex
from collections.abc import Iterable

from pytest_bolt.core.comparison import Comparison
from pytest_bolt.core.record import Revision, Run

_COMPARE = "--bolt-compare"
_ITSELF = "--bolt-aa"
_PROGRAMS = (("python", "-m", "pytest"), ("pytest",), ("py.test",))
_WITH_A_COMMIT = frozenset({"paired", "stored"})
FOLDER_SETTING = "folder"  # of a run: where in the repository its command was typed, no name for the top


def show_command(run: Run, comparison: Comparison) -> str:
    """Return the command that shows all that is stored of one benchmark."""
    return shell_line(["pytest-bolt", "show", run.run_id, comparison.case.case_id.node_id])


def rerun_command(run: Run, comparison: Comparison) -> str:
    """Return the command that compares one benchmark again."""
    against = [_ITSELF] if _ITSELF in run.command else _against(run.base)
    return shell_line(["pytest", *against, comparison.case.case_id.node_id])


def reproduce_commands(run: Run) -> tuple[str, ...]:
    """Return the commands that repeat a run at the same two commits, by their full hashes."""
    checkout = shell_line(["git", "checkout", run.head.commit])
    return checkout, shell_line(pinned(run))


def pinned(run: Run) -> list[str]:
    """Return the command of a run with its base named by the full hash, wherever it was asked for."""
    words = _pinned(run.command, run.base)
    if run.base is not None and _asked_for_elsewhere(run):
        words.insert(max(1, len(_program(run.command))), f"{_COMPARE}={run.base.commit}")
    return words


def started_by_pytest(command: tuple[str, ...]) -> tuple[str, ...]:
    """Return a command line that starts pytest and nothing else, with the arguments of `command`.

    For command lines that somebody else wrote and that a reader will copy.
    """
    program = _program(command)
    return command if program else ("pytest", *command[1:])


def _program(command: tuple[str, ...]) -> tuple[str, ...]:
    """Return the words that start pytest, empty where something else is started."""
    return next((words for words in _PROGRAMS if command[: len(words)] == words), ())


def _asked_for_elsewhere(run: Run) -> bool:
    """Return whether another commit was asked for, but not on the command line: as with PYTEST_ADDOPTS."""
    if run.mode not in _WITH_A_COMMIT or run.base is None or run.base.commit == run.head.commit:
        return False
    return not any(word.partition("=")[0] == _COMPARE for word in run.command)


def shell_line(arguments: Iterable[str]) -> str:
    """Return the arguments quoted for bash and zsh, on one line whatever they contain."""
    return " ".join(map(_quoted, arguments))


def _quoted(argument: str) -> str:
    if argument.isprintable():
        return shlex.quote(argument)
    return f"$'{''.join(map(_ansi_c, argument))}'"


def _ansi_c(char: str) -> str:
    if char in "\\'":
        return f"\\{char}"
    if char.isprintable():
        return char
    code = ord(char)
    return f"\\x{code:02x}" if code < 0x80 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _against(base: Revision | None) -> list[str]:
    return ["--bolt"] if base is None else [f"{_COMPARE}={base.name or base.commit}"]


def _pinned(command: tuple[str, ...], base: Revision | None) -> list[str]:
    """Return the command line with the base named by its hash, whichever way the option was written."""
    if base is None:
        return list(command)
    words: list[str] = []
    arguments = iter(command)
    for argument in arguments:
        if argument == _COMPARE:
            next(arguments, None)
            words.append(f"{_COMPARE}={base.commit}")
        elif argument.startswith(f"{_COMPARE}="):
            words.append(f"{_COMPARE}={base.commit}")
        else:
            words.append(argument)
    return words
