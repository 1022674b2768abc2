"""Keep a worker process in its own tree, whatever is installed. Standard library only, fast to import.

It runs in a worker before pytest. An editable install points at the tree that it was made in, so without
this the base's worker would import, and measure, the head.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Iterable
from os.path import exists, isabs, isdir, join
from pathlib import Path

from pytest_bolt.repo import editables
from pytest_bolt.repo.tree_finder import TreeFinder, location
from pytest_bolt.repo.tree_metadata import LegacyMetadata
from pytest_bolt.repo.tree_paths import Trees

__all__ = ["TreeFinder", "enter_tree", "entered"]

# Both workers run the controller's own plugin, also where this very project is what is compared.
_EXEMPT = ("pytest_bolt", "__main__")


def enter_tree(*, own: Path, other: Path) -> TreeFinder:
    """Make every import of the project come from `own`, none from `other`; return what watches over it.

    Rewrites `sys.path` and PYTHONPATH, forgets modules of `other` that start-up has loaded already, and
    puts a finder first in `sys.meta_path`. For the base `own` is the worktree and `other` the head; the
    head's worker calls it the other way round, so that an import costs both sides the same. A second
    call with the same trees changes nothing.
    """
    trees = Trees.of(own=own, other=other)
    if (before := entered()) and before.trees == trees:
        return before
    places = {name: path for name, path in editables.redirected().items() if trees.in_other(path) is not None}
    foreign = [entry for entry in sys.path if _is_foreign(trees, entry)]
    roots = _import_roots(trees, foreign, places)
    sys.path[:] = _moved(trees, sys.path)
    sys.path += [root for root in roots if root not in sys.path]
    _move_python_path(trees, roots)
    editables.redirect_setuptools(trees.to_own)
    _forget_loaded(trees)
    other_roots = _other_roots(trees, foreign, places)
    finder = TreeFinder(trees=trees, exempt=_EXEMPT, other_roots=other_roots, places=places)
    sys.meta_path.insert(0, finder)
    sys.meta_path.append(LegacyMetadata(foreign))
    sys.path_importer_cache.clear()
    importlib.invalidate_caches()
    return finder


def entered() -> TreeFinder | None:
    """Return what the call of `enter_tree` in this process has returned, None where there was none."""
    return next((finder for finder in sys.meta_path if isinstance(finder, TreeFinder)), None)


def _is_foreign(trees: Trees, entry: str) -> bool:
    # The placeholder of a setuptools finder is a relative path to nothing, and no place in any tree.
    return bool(entry) and (isabs(entry) or exists(entry)) and trees.in_other(entry) is not None


def _moved(trees: Trees, entries: Iterable[str]) -> list[str]:
    """Return entries of `sys.path` with those of the other tree moved to the own one."""
    moved: list[str] = []
    for entry in entries:
        if not _is_foreign(trees, entry):
            moved.append(entry)
        elif editables.is_link_tree(entry):
            moved += _linked(trees, entry)
            moved.append(entry)  # for what maps to no folder; the finder moves each module of it
        else:
            moved.append(trees.to_own(entry) or entry)
    return moved


def _linked(trees: Trees, entry: str) -> list[str]:
    return [trees.to_own(root) or root for root in editables.linked_roots(entry, [trees.other])]


def _import_roots(trees: Trees, foreign: list[str], places: dict[str, str]) -> list[str]:
    """Return the folders of the own tree from which the project is imported.

    They stand on `sys.path` and PYTHONPATH too, so that the processes that a benchmark starts find the
    same code: a finder is not inherited.
    """
    found: dict[str, None] = {}
    for entry in foreign:
        moved = _linked(trees, entry) if editables.is_link_tree(entry) else [trees.to_own(entry) or entry]
        found.update(dict.fromkeys(moved))
    for name, path in places.items():
        root = editables.import_root(name, trees.to_own(path) or path)
        found.update({root: None} if root else {})
    return [root for root in found if isdir(root)]


def _other_roots(trees: Trees, foreign: list[str], places: dict[str, str]) -> list[str]:
    linked = [root for entry in foreign if editables.is_link_tree(entry) for root in _linked(trees, entry)]
    mapped = [editables.import_root(name, path) for name, path in places.items()]
    roots = [*foreign, *(trees.to_other(root) for root in linked), *mapped]
    return list(dict.fromkeys(root for root in roots if root))


def _move_python_path(trees: Trees, roots: list[str]) -> None:
    entries = [entry for entry in os.environ.get("PYTHONPATH", "").split(os.pathsep) if entry]
    moved = _moved(trees, entries)
    moved += [root for root in roots if root not in moved and not _shadows_standard_library(root)]
    if moved:
        os.environ["PYTHONPATH"] = os.pathsep.join(moved)


def _shadows_standard_library(root: str) -> bool:
    """Return whether a folder has a module of a standard name: PYTHONPATH comes before the library."""
    for name in os.listdir(root):
        stem, suffix = os.path.splitext(name)
        package = exists(join(root, name, "__init__.py"))
        if stem in sys.stdlib_module_names and (suffix == ".py" or package):
            return True
    return False


def _forget_loaded(trees: Trees) -> None:
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] not in _EXEMPT:
            path = location(module)
            if path and trees.in_other(path) is not None:
                del sys.modules[name]
