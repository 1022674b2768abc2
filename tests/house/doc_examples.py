"""Find the examples in a Markdown page and run them: see docs/how-to/work-on-this-project.md."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from markdown_it import MarkdownIt

MARKER = re.compile(r"<!-- example: (?P<kind>\w+),?\s*(?P<rest>.*?)\s*-->")
CHECKED = {"console", "python"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One fenced block with what its marker asks for; `kind` is empty where no marker stands before it."""

    line: int
    language: str
    text: str
    kind: str = ""
    rest: str = ""

    @property
    def slow(self) -> bool:
        return self.kind == "run" and "slow" in self.rest.split()

    @property
    def exit_code(self) -> int:
        found = re.search(r"exit=(\d+)", self.rest)
        return int(found[1]) if found else 0


def examples(text: str) -> list[Example]:
    """Return the `console` and `python` blocks of a page, in order."""
    found, marker = [], None
    for token in MarkdownIt().parse(text):
        if token.type == "html_block":
            marker = MARKER.search(token.content)
        elif token.type == "fence":
            if token.info.strip() in CHECKED:
                parts = marker.groupdict() if marker else {}
                line = token.map[0] + 1 if token.map else 0
                found.append(Example(line=line, language=token.info.strip(), text=token.content, **parts))
            marker = None
        elif token.content:
            marker = None
    return found


def commands(text: str) -> list[tuple[str, list[str]]]:
    """Return the commands of a console block, each with the lines expected in its output."""
    found: list[tuple[str, list[str]]] = []
    for line in text.splitlines():
        if line.startswith("$ "):
            found.append((line[2:], []))
        elif found and line.strip() not in {"", "..."}:
            found[-1][1].append(line)
    return found


def missing_line(expected: list[str], output: str) -> str | None:
    """Return the first expected line that the output does not have in this order, None if it has all."""
    lines = iter(output.splitlines())
    for wanted in expected:
        pattern = re.sub(r"([\[\]?*])", r"[\1]", wanted).replace("...", "*")
        if not any(fnmatchcase(line, pattern) for line in lines):
            return wanted
    return None


def environment(folder: Path) -> dict[str, str]:
    """Return the environment of the commands: this interpreter's programs, caches of their own."""
    identity = {
        f"GIT_{role}_{key}": value
        for role in ("AUTHOR", "COMMITTER")
        for key, value in (("NAME", "A. Reader"), ("EMAIL", "reader@example.com"))
    }
    programs = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    kept = {
        key: value for key, value in os.environ.items() if not key.startswith(("PYTEST_", "GIT_", "BOLT_"))
    }
    cache = {"XDG_CACHE_HOME": str(folder.parent / "cache")}
    return kept | identity | cache | {"PATH": programs, "COLUMNS": "120", "GIT_CONFIG_GLOBAL": os.devnull}


def run(example: Example, folder: Path) -> None:
    """Do what the example says in `folder`; AssertionError where it does not do what the page says."""
    if example.kind == "file":
        (folder / example.rest).write_text(example.text)
    if example.kind != "run":
        return
    steps = commands(example.text)
    for number, (command, expected) in enumerate(steps, start=1):
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=folder,
            env=environment(folder),
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        wanted_code = example.exit_code if number == len(steps) else 0
        assert done.returncode == wanted_code, f"$ {command}\nexit code {done.returncode}\n{done.stdout}"
        line = missing_line(expected, done.stdout)
        assert line is None, f"$ {command}\ndid not print: {line}\n{done.stdout}"
