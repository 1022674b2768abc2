"""The command of a stored run as it is run again: the same tests and settings, its own outputs left out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from pytest_bolt.core.command_text import pinned, shell_line
from pytest_bolt.core.record import Run
from pytest_bolt.errors import BoltError

_PYTHON = re.compile(r"python[0-9.]*")
_PYTEST = frozenset({"pytest", "py.test"})
# What writes files, asks a person, or is given anew; with the number of words that follow.
_OPTIONAL = "--bolt-journal"  # its style may be left out
_LEFT_OUT = {
    _OPTIONAL: 0,
    "--bolt-journal-templates": 1,
    "--bolt-artifact": 1,
    "--bolt-json": 1,
    "--bolt-markdown": 1,
    "--bolt-html": 1,
    "--bolt-store": 1,
    "--bolt-seed": 1,
    "--junitxml": 1,
    "--junit-xml": 1,
    "--html": 1,
    "--report-log": 1,
    "--basetemp": 1,
    "--benchmark-json": 1,
    "--benchmark-storage": 1,
    "--pdb": 0,
    "--trace": 0,
}


def replay_arguments(run: Run, outputs: Sequence[str] = ()) -> tuple[str, ...]:
    """Return what follows `pytest` when a run is repeated: its base by full hash, its seed, other outputs.

    Raises BoltError where the stored command is not pytest: nothing else is ever run.
    """
    words = _after_pytest(run.command)
    if words is None:
        seen = {"run": run.run_id, "command": shell_line(run.command) or "none"}
        raise BoltError("only a pytest command can be run again", seen=seen)
    seed = run.settings.get("seed", "")
    own = [*([f"--bolt-seed={seed}"] if seed.isdecimal() else []), *outputs]
    _, *named = pinned(replace(run, command=("pytest", *words)))
    kept = list(_kept(named))
    end = kept.index("--") if "--" in kept else len(kept)  # what follows it is no option
    return (*kept[:end], *own, *kept[end:])


def _after_pytest(command: Sequence[str]) -> tuple[str, ...] | None:
    program, *words = command or ("",)
    name = program.rpartition("/")[2]
    if name in _PYTEST:
        return tuple(words)
    if _PYTHON.fullmatch(name) and words[:2] == ["-m", "pytest"]:
        return tuple(words[2:])
    return None


def _kept(words: Sequence[str]) -> Iterator[str]:
    skip, optional = 0, False
    for place, word in enumerate(words):
        if word == "--":
            yield from words[place:]
            return
        taken, optional = optional and not word.startswith("-"), False
        if taken:
            continue
        if skip:
            skip -= 1
            continue
        name, equals, _ = word.partition("=")
        if name in _LEFT_OUT:
            skip = 0 if equals else _LEFT_OUT[name]
            optional = name == _OPTIONAL and not equals
        else:
            yield word
