"""Small generated projects under git, and what pytest says in them."""

from __future__ import annotations

import importlib
import importlib.util
import json
import re
import signal
import subprocess
import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

# A run in this process drops what it was the first to import, and few of these can be imported twice.
for name in ("pytest_bolt.session", "alembic.context", "psycopg", "sqlalchemy.dialects.postgresql"):
    importlib.import_module(name)

LIBRARY = """
    def work(n):
        total = 0
        for i in range(n):
            total += i * i
        return total
"""
SUITE = """
    from mylib.core import work

    def test_work(benchmark):
        assert benchmark(work, 2000) == 2664667000
"""
COMPARE = "--bolt-compare=HEAD"
QUICK = "--bolt-budget=1ms"  # measures nothing: the first pair only checks and calibrates


def heed_ctrl_c() -> None:
    """Undo what a shell does to what it starts in the background: such a process ignores Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@dataclass(frozen=True, kw_only=True)
class Project:
    """A repository with the package `mylib` and a suite in `tests/`."""

    root: Path
    pytester: pytest.Pytester

    def git(self, *arguments: str) -> str:
        done = subprocess.run(
            ["git", "-C", str(self.root), *arguments], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def write(self, files: dict[str, str]) -> None:
        for name, text in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(text))

    def commit(self, message: str = "a change", files: dict[str, str] | None = None) -> str:
        self.write(files or {})
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", message)
        return self.git("rev-parse", "HEAD")

    def edit(self, name: str, old: str, new: str) -> None:
        path = self.root / name
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))

    def library(self, text: str) -> None:
        self.write({"mylib/core.py": text})

    def suite(self, text: str) -> None:
        """Make this the suite of the last commit and of the working tree."""
        self.commit("suite", {"tests/test_speed.py": text})

    def pytest(self, *arguments: str) -> pytest.RunResult:
        return self.pytester.runpytest_subprocess("-p", "no:cacheprovider", *arguments)

    def refuse(self, *arguments: str) -> pytest.RunResult:
        """Run pytest in this process, which is quick: for runs that end before anything is measured."""
        self.pytester.syspathinsert(self.root)
        return self.pytester.runpytest_inprocess("-p", "no:cacheprovider", *arguments)

    def bolt(self, *arguments: str) -> pytest.RunResult:
        """Compare with the last commit, without the seconds that a sure verdict takes."""
        return self.pytest(COMPARE, QUICK, *arguments)

    def report(self, *arguments: str) -> Report:
        """Run pytest with a JSON report; return both."""
        path = self.root.parent / "report.json"
        path.unlink(missing_ok=True)
        result = self.pytest(*arguments, f"--bolt-json={path}")
        assert path.exists(), result.stdout.str() + result.stderr.str()
        return Report(result=result, data=json.loads(path.read_text()))

    def junit(self, *arguments: str) -> tuple[pytest.RunResult, ET.Element]:
        """Run pytest with a JUnit report; return both."""
        path = self.root.parent / "junit.xml"
        result = self.pytest(*arguments, f"--junitxml={path}")
        suite = ET.parse(path).getroot().find("testsuite")
        assert suite is not None
        return result, suite

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the `pytest-bolt` command."""
        return subprocess.run(
            [sys.executable, "-m", "pytest_bolt", *arguments],
            cwd=self.root,
            capture_output=True,
            text=True,
            check=False,
        )


@dataclass(frozen=True, kw_only=True)
class Report:
    result: pytest.RunResult
    data: dict

    @property
    def verdicts(self) -> dict[str, str]:
        return {name: comparison["verdict"] for name, comparison in self.comparisons.items()}

    @property
    def comparisons(self) -> dict[str, dict]:
        return {c["case"]["case_id"]["node_id"].partition("::")[2]: c for c in self.data["comparisons"]}


def needs(module: str) -> None:
    """Skip where a module is not installed; not imported, since pytester would unload it again."""
    if importlib.util.find_spec(module) is None:
        pytest.skip(f"needs {module}")


def text_of(result: pytest.RunResult) -> str:
    """Return all that a run said."""
    return result.stdout.str() + "\n" + result.stderr.str()


def bolt_section(result: pytest.RunResult) -> list[str]:
    """Return the lines of the bolt section, up to the next one."""
    lines = result.stdout.lines
    start = next(at for at, line in enumerate(lines) if re.fullmatch(r"=+ bolt =+", line))
    end = next(at for at, line in enumerate(lines) if at > start and re.match(r"=+ .* =+$", line))
    return lines[start + 1 : end]
