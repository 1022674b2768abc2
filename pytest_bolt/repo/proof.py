"""Prove, after collection and each first run of a test, that the project's modules are of the own tree.

Standard library only: it runs in the workers.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from pytest_bolt.errors import BoltError
from pytest_bolt.repo import editables
from pytest_bolt.repo.isolation import entered
from pytest_bolt.repo.suite_folders import is_conventional, project_name
from pytest_bolt.repo.tree_finder import location
from pytest_bolt.repo.tree_paths import Trees, within

_EXEMPT = frozenset({"pytest_bolt", "__main__", "__mp_main__"})
_BUILD_FILES = ("pyproject.toml", "setup.py", "setup.cfg")
_TOOL_FILES = frozenset({"setup", "conftest", "noxfile", "toxfile", "fabfile", "tasks", "versioneer", "dodo"})
_SKIPPED = frozenset({"build", "dist", "docs", "doc", "examples", "node_modules", "venv", "env"})
_SUITE_FILE = re.compile(r"test_|bench_|.*_test$")
_CODE = frozenset({"src", "lib", "python"})
_ENVIRONMENTS = frozenset({"site-packages", "dist-packages"})
_DEPTH = 3  # how far below the top a project of a monorepo, or a package of a namespace, is looked for


class Misplacement(StrEnum):
    """What is wrong with a module."""

    OTHER_TREE = "other tree"  # loaded from the other side's tree
    INSTALLED = "installed"  # loaded from a copy in site-packages
    CHECKOUT = "checkout"  # loaded from a third checkout, which an editable install names
    NOT_BUILT = "not built"  # compiled on the other side, missing or plain Python on this one


@dataclass(frozen=True, slots=True, kw_only=True)
class Misplaced:
    """A module that does not come from the own tree: where it came from, and where it should."""

    module: str
    file: str
    expected: str
    kind: Misplacement

    @property
    def not_built(self) -> bool:
        """Return whether a compiled module is wanting, instead of a wrong one being there."""
        return self.kind is Misplacement.NOT_BUILT


class Proof:
    """Judges loaded modules, each when it is first seen, against the tree that they should come from.

    `project_names` are dotted names from `project_names`, found in the head. Whatever lies in `other` is
    misplaced, and whatever carries a project's name and was loaded from outside of `own`, while `own` has it.
    """

    def __init__(self, *, own: Path, other: Path, project_names: Iterable[str]) -> None:
        self._trees = Trees.of(own=own, other=other)
        self._names = frozenset(project_names)
        self._seen: dict[str, int] = {}
        self._missing: set[str] = set()

    def new(self) -> tuple[Misplaced, ...]:
        """Return what is misplaced of the modules loaded since the last call."""
        found = [
            misplaced
            for name, module in sorted(self._unseen().items())
            if (misplaced := _judge(self._trees, self._names, name, location(module)))
        ]
        finder = entered()
        missing = finder.missing_extensions if finder else {}
        unseen = [name for name in missing if name not in self._missing]
        self._missing.update(unseen)
        return (*found, *(_not_built(self._trees, name, missing[name]) for name in unseen))

    def _unseen(self) -> dict[str, object]:
        loaded = list(sys.modules.items())
        unseen: dict[str, object] = {name: each for name, each in loaded if self._seen.get(name) != id(each)}
        self._seen.update((name, id(module)) for name, module in unseen.items())
        return unseen


def project_names(tree: Path) -> tuple[str, ...]:
    """Return the dotted names under which a tree's code is imported, packages and modules.

    Looked for at the top, in `src/`, `lib/` and `python/`, in the projects of a monorepo, and where an
    editable install seen by this process maps to. In a namespace it is the first real package. Suites,
    `setup.py`, `conftest.py` and their like are not the project.
    """
    real = os.path.realpath(tree)
    declared = project_name(tree)
    names: set[str] = set()
    for root in map(Path, _import_roots(real)):
        names.update(_importable(root, declared, namespaces=root.name in _CODE))
    mapped = {name for name, path in _mapped() if within(os.path.realpath(path), real)}
    names.update(name for name in mapped if _is_library(name, declared))
    return tuple(sorted(names))


def misplaced_error(misplaced: Iterable[Misplaced], *, side: str) -> BoltError:
    """Return why the comparison is refused: the modules, where each came from, and what to do.

    `side` is the tree whose process it was: base or head.
    """
    modules = list(misplaced)
    first = modules[0]
    more = f" (and {len(modules) - 1} more)" if len(modules) > 1 else ""
    what, advice = _TEXTS[first.kind]
    return BoltError(
        what.format(module=first.module, side=side) + more,
        seen={"module": first.module, "loaded from": first.file, "expected in": first.expected},
        advice=advice,
    )


_TEXTS = {
    Misplacement.OTHER_TREE: (
        "the {side} loaded {module!r} from the other tree: the comparison would measure the wrong code",
        "install the project editable, pip install -e ., or name its folder: PYTHONPATH=src pytest ...",
    ),
    Misplacement.INSTALLED: (
        "the {side} loaded {module!r} from an installed copy: both sides would measure the same code",
        "pip install -e . (or let this tree come first: PYTHONPATH=. or PYTHONPATH=src before the command)",
    ),
    Misplacement.CHECKOUT: (
        "the {side} loaded {module!r} from a third checkout: both sides would measure the same code",
        "an editable install points there; put PYTHONPATH=src before the command, or pip install -e . here",
    ),
    Misplacement.NOT_BUILT: (
        "{module!r} is compiled on one side and not on the {side}: the two cannot be compared fairly",
        "have the base built, --bolt-build=pip, or remove the compiled file to compare plain Python",
    ),
}


def _judge(trees: Trees, names: frozenset[str], name: str, file: str) -> Misplaced | None:
    if not file or name.partition(".")[0] in _EXEMPT:
        return None
    own = trees.to_own(file)
    if own is not None:
        return Misplaced(module=name, file=file, expected=own, kind=Misplacement.OTHER_TREE)
    parts = name.split(".")
    prefixes = (".".join(parts[: count + 1]) for count in range(len(parts)))
    project = next((prefix for prefix in prefixes if prefix in names), "")
    expected = _place(trees.own, project) if project and not trees.in_own(file) else None
    if expected is None:
        return None
    kind = Misplacement.CHECKOUT if _in_checkout(file) else Misplacement.INSTALLED
    return Misplaced(module=name, file=file, expected=expected, kind=kind)


def _in_checkout(file: str) -> bool:
    """Return whether a file lies in a git checkout and not in an environment inside of one."""
    path = Path(file)
    return _ENVIRONMENTS.isdisjoint(path.parts) and any((parent / ".git").exists() for parent in path.parents)


def _not_built(trees: Trees, name: str, file: str) -> Misplaced:
    expected = trees.to_own(file) or trees.own
    return Misplaced(module=name, file=file, expected=expected, kind=Misplacement.NOT_BUILT)


def _place(tree: str, name: str) -> str | None:
    """Return where a tree has a package or module, None where it has none of that name."""
    for root in _import_roots(tree):
        path = Path(root, *name.split("."))
        if path.is_dir():
            return str(path)
        if path.with_suffix(".py").is_file():
            return str(path.with_suffix(".py"))
    return None


def _import_roots(tree: str) -> list[str]:
    """Return the folders of a tree that may stand on `sys.path`."""
    projects = [tree, *_subprojects(Path(tree), _DEPTH)]
    roots = [os.path.join(project, name) for project in projects for name in ("", "src", "lib", "python")]
    roots += [entry for entry in sys.path if entry and within(os.path.realpath(entry), tree)]
    finder = entered()
    roots += finder.other_roots if finder else []
    roots += [root for name, path in _mapped() if (root := editables.import_root(name, path))]
    unique = dict.fromkeys(os.path.realpath(root) for root in roots if os.path.isdir(root))
    return [root for root in unique if within(root, tree) and "site-packages" not in root[len(tree) :]]


def _mapped() -> Iterator[tuple[str, str]]:
    """Return name and place of what editable installs map, before and after `enter_tree` moved them."""
    finder = entered()
    yield from editables.redirected().items()
    yield from finder.places.items() if finder else ()


def _subprojects(folder: Path, depth: int) -> Iterator[str]:
    for path in _folders(folder):
        if any((path / name).is_file() for name in _BUILD_FILES):
            yield str(path)
        if depth > 1:
            yield from _subprojects(path, depth - 1)


def _importable(root: Path, declared: str, *, namespaces: bool, depth: int = _DEPTH) -> Iterator[str]:
    """Return the names below a folder on `sys.path`; in namespaces, dotted."""
    for path in sorted(root.iterdir()):
        if path.suffix == ".py" and path.is_file():
            if path.stem.isidentifier() and not _SUITE_FILE.match(path.stem) and path.stem not in _TOOL_FILES:
                yield path.stem
        elif path.is_dir() and path.name.isidentifier() and _is_library(path.name, declared):
            if (path / "__init__.py").is_file():
                yield path.name
            elif namespaces and depth > 1:
                inner = _importable(path, declared, namespaces=True, depth=depth - 1)
                yield from (f"{path.name}.{name}" for name in inner)


def _is_library(name: str, declared: str) -> bool:
    return name == declared or not is_conventional(name)


def _folders(folder: Path) -> Iterator[Path]:
    """Return the folders below that may hold a project."""
    try:
        paths = sorted(folder.iterdir())
    except OSError:
        return
    for path in paths:
        hidden = path.name.startswith((".", "_")) or path.name in _SKIPPED or is_conventional(path.name)
        package = (path / "__init__.py").exists() or (path / "pyvenv.cfg").exists()
        if path.is_dir() and not path.is_symlink() and not hidden and not package:
            yield path
