"""Generated git repositories of two commits: what the head does otherwise is known in advance."""

from __future__ import annotations

import os
import random
import re
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.sample_library.workloads import WORKLOADS
from benchmarks.source_changes import HARMLESS, more_items, repeated, repetitions

BASE = "HEAD~1"
IDENTICAL = "identical"
SLOWER = "slower-"
_SLOWER = re.compile(rf"{SLOWER}(100|[1-9]\d?)(?:-in-([1-9]\d?))?")
INI = "[tool.pytest.ini_options]\nmarkers = []\n"
IGNORED = ".bolt/\n__pycache__/\n.pytest_cache/\n.benchmarks/\n.hypothesis/\n"
OPERATIONS = {"run_softmax": "softmax", "run_rmsnorm": "rmsnorm", "run_attention": "attention"}
SUITE = '''
"""Every function of the library, one benchmark each."""

import pytest
from sample_library.workloads import WORKLOADS


@pytest.mark.parametrize("name", WORKLOADS)
def test_speed(benchmark, name):
    function, items = WORKLOADS[name]
    benchmark(function, items())
'''
TRANSLATION = '''
"""The `bolt` fixture as pytest-benchmark would have it: one function measured, nothing checked."""

import pytest


class Translated:
    def __init__(self, benchmark):
        self.benchmark = benchmark

    def check(self, *_args, **_options):
        pass

    def measure(self, function, *, args=(), kwargs=None, **_options):
        return self.benchmark(function, *args, **(kwargs or {}))


@pytest.fixture
def bolt(benchmark):
    return Translated(benchmark)
'''
TRIVIAL_LIBRARY = '''
"""A function that does next to nothing."""


def add(first, second):
    return first + second
'''
TRIVIAL_SUITE = '''
"""Many benchmarks of nearly nothing."""

import pytest
from trivial import add


@pytest.mark.parametrize("number", range({count}))
def test_add(benchmark, number):
    benchmark(add, number, 1)
'''


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """The files of both commits as text by path, and how pytest is called on them.

    `slowed` tells the benchmarks that the head slows down: those whose node id has all parts of one of its
    entries. `subject` names what was slowed down.
    """

    base: Mapping[str, str]
    head: Mapping[str, str]
    arguments: tuple[str, ...] = ()
    slowed: tuple[tuple[str, ...], ...] = ()
    subject: str = ""

    def slows(self, node_id: str) -> bool:
        """Return whether the head was made slower at this benchmark."""
        return any(all(part in node_id for part in parts) for parts in self.slowed)

    def selecting(self, expression: str) -> Project:
        """Return the project with some of its tests left out, as by pytest's `-k`."""
        return replace(self, arguments=(*self.arguments[:1], "-k", expression))


def variants(percents: tuple[int, ...] = (20,)) -> tuple[str, ...]:
    """Return the names of all variants."""
    return (IDENTICAL, *HARMLESS, *(f"{SLOWER}{percent}" for percent in percents))


def slowdown(variant: str) -> tuple[int, int]:
    """Return by how many percent a variant slows how many functions down; (0, 0) where it slows none.

    Raises ValueError for a variant that does not exist.
    """
    if variant in variants(()):
        return 0, 0
    found = _SLOWER.fullmatch(variant)
    if found is None:
        known = f"{', '.join(variants())}, slower-N from 1 to 100, and slower-N-in-M for several"
        raise ValueError(f"unknown variant {variant!r}; known: {known}")
    return int(found[1]), int(found[2] or 1)


def generated(variant: str, run: int) -> Project:
    """Return the sample library and its suite; `run` chooses the functions that `slower-N` slows down."""
    folder = Path(__file__).parent / "sample_library"
    library = {f"sample_library/{path.name}": path.read_text() for path in sorted(folder.glob("*.py"))}
    base = {"pyproject.toml": INI, ".gitignore": IGNORED, **library, "tests/test_speed.py": SUITE.lstrip()}
    percent, count = slowdown(variant)
    if percent:
        names = _chosen(tuple(WORKLOADS), run, count)
        head = dict(base)
        for name in names:
            changed = f"sample_library/{WORKLOADS[name][0].__module__.rpartition('.')[2]}.py"
            head[changed] = more_items(head[changed], name, percent)
        slowed = tuple((f"test_speed[{name}]",) for name in names)
        return Project(base=base, head=head, slowed=slowed, subject=", ".join(names))
    own = {path for path in library if path.rpartition("/")[2] not in {"__init__.py", "workloads.py"}}
    return Project(base=base, head=_harmless(variant, base, own))


def shipped(variant: str, run: int) -> Project:
    """Return this repository's suites and references.

    `slower-N` slows one operation of the adapter `manual` down. There both sides compute the result several
    times over, the head N percent more often: the only way to be exact to the last call.
    """
    root = Path(__file__).parent.parent
    sources = [path for name in ("suites", "reference") for path in sorted((root / name).rglob("*.py"))]
    base = {str(path.relative_to(root)): path.read_text() for path in sources}
    base |= {"pyproject.toml": INI, ".gitignore": IGNORED}
    arguments = ("suites", "-k", "speed and not triton")
    percent, count = slowdown(variant)
    if percent:
        operations = _chosen(tuple(OPERATIONS), run, count)
        manual, (fewer, more) = "reference/adapters/manual.py", repetitions(percent)
        head = dict(base)
        for operation in operations:
            head[manual] = repeated(head[manual], operation, more)
            base[manual] = repeated(base[manual], operation, fewer)
        slowed = tuple((f"test_{OPERATIONS[operation]}_speed[", "[manual-") for operation in operations)
        subject = ", ".join(operations)
        return Project(base=base, head=head, arguments=arguments, slowed=slowed, subject=subject)
    own = {path for path in base if path.count("/") == 1 and path.startswith("reference/")} - {
        "reference/__init__.py"
    }
    return Project(base=base, head=_harmless(variant, base, own), arguments=arguments)


def trivial(count: int) -> Project:
    """Return `count` benchmarks of an addition; the commits differ by an import that nothing uses."""
    suite = TRIVIAL_SUITE.format(count=count).lstrip()
    base = {"pyproject.toml": INI, ".gitignore": IGNORED, "trivial.py": TRIVIAL_LIBRARY.lstrip()}
    base["tests/test_add.py"] = suite
    return Project(base=base, head={**base, "trivial.py": base["trivial.py"] + "\n\nimport fractions\n"})


def for_pytest_benchmark(project: Project) -> Project:
    """Return the project with a `bolt` fixture that pytest-benchmark understands; checks are left out."""
    added = {"conftest.py": TRANSLATION.lstrip()}
    return replace(project, base={**project.base, **added}, head={**project.head, **added})


SUITES: dict[str, Callable[[str, int], Project]] = {"generated": generated, "shipped": shipped}


def write_repository(project: Project, folder: Path) -> None:
    """Create a repository: the base is its first commit, the head its second and what is checked out."""
    folder.mkdir(parents=True)
    git(folder, "init", "--quiet", "--initial-branch=main")
    for files, subject in ((project.base, "Start"), (project.head, "Change")):
        for name, text in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        git(folder, "add", "--all")
        git(folder, "commit", "--quiet", "--allow-empty", "--message", subject)


def git(folder: Path, *arguments: str) -> None:
    """Run git without anybody's settings; the same files give the same commits."""
    person = {"NAME": "Somebody", "EMAIL": "somebody@example.org", "DATE": "2026-01-01T00:00:00Z"}
    environ = {
        f"GIT_{role}_{key}": value for role in ("AUTHOR", "COMMITTER") for key, value in person.items()
    }
    environ |= {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    subprocess.run(["git", *arguments], cwd=folder, env={**inherited, **environ}, check=True)  # noqa: S607 - git is on the path


def _harmless(variant: str, base: Mapping[str, str], own: set[str]) -> Mapping[str, str]:
    if variant == IDENTICAL:
        return base
    return {path: HARMLESS[variant](text) if path in own else text for path, text in base.items()}


def _chosen(names: tuple[str, ...], run: int, count: int) -> tuple[str, ...]:
    """Return the next names in an order that is mixed but always the same, as many as there are at most."""
    mixed = random.Random(1).sample(names, len(names))  # noqa: S311 - an order, not a secret
    return tuple(mixed[(run * count + step) % len(mixed)] for step in range(min(count, len(mixed))))
