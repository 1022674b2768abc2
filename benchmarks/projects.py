"""Generated git repositories of two commits: what the head does otherwise is known in advance."""

from __future__ import annotations

import os
import random
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType

from benchmarks import torch_slowdowns
from benchmarks.direct_timing import Size
from benchmarks.python_slowdowns import OTHER_WAYS, with_copies, with_other_way
from benchmarks.sample_library.workloads import WORKLOADS
from benchmarks.source_changes import HARMLESS, more_items, repeated, repetitions
from benchmarks.torch_slowdowns import OPERATIONS
from benchmarks.variants import ALGORITHM, COPY, IDENTICAL, SLOWER, Slowdown, slowdown

BASE = "HEAD~1"
INI = "[tool.pytest.ini_options]\nmarkers = []\n"
IGNORED = ".bolt/\n__pycache__/\n.pytest_cache/\n.benchmarks/\n.hypothesis/\n"
MANUAL = "reference/adapters/manual.py"
NONE: Mapping[str, int] = MappingProxyType({})
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
    entries. `subject` names what was slowed down, `sizes` by how much each test of it became slower.
    """

    base: Mapping[str, str]
    head: Mapping[str, str]
    arguments: tuple[str, ...] = ()
    slowed: tuple[tuple[str, ...], ...] = ()
    subject: str = ""
    sizes: Mapping[str, Size] = field(default_factory=dict)

    def slows(self, node_id: str) -> bool:
        """Return whether the head was made slower at this benchmark."""
        return any(all(part in node_id for part in parts) for parts in self.slowed)

    def size(self, node_id: str) -> Size | None:
        """Return by how much the head is slower at this benchmark; None where it is not or nobody knows."""
        return self.sizes.get(node_id.rpartition("::")[2])

    def selecting(self, expression: str) -> Project:
        """Return the project with some of its tests left out, as by pytest's `-k`."""
        return replace(self, arguments=(*self.arguments[:1], "-k", expression))


def subjects(suite: str, variant: str, run: int) -> tuple[str, ...]:
    """Return the names of the tests that a variant slows down in a run; each run has others."""
    change = slowdown(variant)
    if change is None:
        return ()
    if suite == "shipped":
        operations = _chosen(tuple(OPERATIONS), run, change.count)
        return tuple(name for operation in operations for name in torch_slowdowns.subjects(operation))
    return tuple(f"test_speed[{name}]" for name in _chosen(_functions(change), run, change.count))


def generated(variant: str, run: int, amounts: Mapping[str, int] = NONE) -> Project:
    """Return the sample library and its suite.

    Arguments:
        variant: what the head does otherwise.
        run: chooses the functions that are slowed down.
        amounts: by name of a test, bytes that are copied or items that go a slower way.
    """
    folder = Path(__file__).parent / "sample_library"
    library = {f"sample_library/{path.name}": path.read_text() for path in sorted(folder.glob("*.py"))}
    base = {"pyproject.toml": INI, ".gitignore": IGNORED, **library, "tests/test_speed.py": SUITE.lstrip()}
    change = slowdown(variant)
    if change is not None:
        names = _chosen(_functions(change), run, change.count)
        head = dict(base)
        for name in names:
            changed = f"sample_library/{WORKLOADS[name][0].__module__.rpartition('.')[2]}.py"
            amount = change.percent if change.cause == SLOWER else amounts[f"test_speed[{name}]"]
            head[changed] = _PYTHON_CHANGES[change.cause](head[changed], name, amount)
        slowed = tuple((f"test_speed[{name}]",) for name in names)
        return Project(base=base, head=head, slowed=slowed, subject=", ".join(names))
    own = {path for path in library if path.rpartition("/")[2] not in {"__init__.py", "workloads.py"}}
    return Project(base=base, head=_harmless(variant, base, own))


def shipped(variant: str, run: int, amounts: Mapping[str, int] = NONE) -> Project:
    """Return this repository's suites and references; a slowdown concerns the adapter `manual`.

    `slower-N` computes the result of one operation several times over on both sides, on the head N percent
    more often: the only way to be exact to the last call.

    Arguments:
        variant: what the head does otherwise.
        run: chooses the operations that are slowed down.
        amounts: by name of a test, what `torch_slowdowns` counts.
    """
    root = Path(__file__).parent.parent
    sources = [path for name in ("suites", "reference") for path in sorted((root / name).rglob("*.[pc]*"))]
    files = {str(path.relative_to(root)): path for path in sources if path.suffix in {".py", ".c"}}
    base = {name: path.read_text() for name, path in files.items() if _is_shipped(name)}
    base |= {"pyproject.toml": INI, ".gitignore": IGNORED, MANUAL: torch_slowdowns.ADAPTER.lstrip()}
    arguments = ("suites", "-k", "(softmax_speed or rmsnorm_speed or attention_speed) and not triton")
    change = slowdown(variant)
    if change is not None:
        operations = _chosen(tuple(OPERATIONS), run, change.count)
        sides = _manual(base[MANUAL], change, operations, amounts)
        slowed = tuple((f"test_{OPERATIONS[operation]}_speed[", "[manual-") for operation in operations)
        return Project(
            base=base | {MANUAL: sides[0]},
            head=base | {MANUAL: sides[1]},
            arguments=arguments,
            slowed=slowed,
            subject=", ".join(operations),
        )
    own = {f"reference/{name}.py" for name in ("normalisation", "scaled_dot_product", "precision")}
    return Project(base=base, head=_harmless(variant, base, own), arguments=arguments)


def _is_shipped(name: str) -> bool:
    """Return whether a file belongs to the project: the suites of `OPERATIONS`, and all that they stand on.

    Their adapter `manual` is one module here, whose functions a slowdown changes.
    """
    suite = name.split("/")[1] if name.startswith("suites/") and name.count("/") > 1 else ""
    return not name.startswith("reference/adapters/manual/") and (not suite or suite in OPERATIONS.values())


def _manual(
    source: str, change: Slowdown, operations: tuple[str, ...], amounts: Mapping[str, int]
) -> tuple[str, str]:
    """Return the adapter of the base and of the head."""
    if change.cause != SLOWER:
        return torch_slowdowns.both_sides(source, change.cause, operations, amounts)
    base = head = source
    fewer, more = repetitions(change.percent)
    for operation in operations:
        base, head = repeated(base, operation, fewer), repeated(head, operation, more)
    return base, head


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


SUITES: dict[str, Callable[..., Project]] = {"generated": generated, "shipped": shipped}


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


def _functions(change: Slowdown) -> tuple[str, ...]:
    """Return the functions of the sample library that can be slowed down in this way."""
    return tuple(OTHER_WAYS) if change.cause == ALGORITHM else tuple(WORKLOADS)


_PYTHON_CHANGES = {SLOWER: more_items, COPY: with_copies, ALGORITHM: with_other_way}


def _chosen(names: tuple[str, ...], run: int, count: int) -> tuple[str, ...]:
    """Return the next names in an order that is mixed but always the same, as many as there are at most."""
    mixed = random.Random(1).sample(names, len(names))  # noqa: S311 - an order, not a secret
    return tuple(mixed[(run * count + step) % len(mixed)] for step in range(min(count, len(mixed))))
