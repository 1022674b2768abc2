"""Where an editable install makes a tree importable. Standard library only."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator, MutableMapping
from os.path import basename, dirname, isdir, join, realpath, splitext

_LINK_TREE = f"build{os.sep}__editable__."


def redirected() -> dict[str, str]:
    """Return module name -> file or folder, for every name that a finder of an editable install maps.

    Known are the finders of setuptools (`MAPPING` in a module `__editable___*_finder`) and of the
    `editables` package, which hatchling and pdm use.
    """
    found: dict[str, str] = {}
    for mapping in (*_setuptools("MAPPING"), *_redirections()):
        found.update({name: path for name, path in mapping.items() if isinstance(path, str)})
    return found


def redirect_setuptools(to_own: Callable[[str], str | None]) -> None:
    """Point the tables of setuptools' finders at the own tree, as far as it has what they name.

    They answer for namespace packages too, again and again as `sys.path` changes, so a corrected answer
    would be lost the next time.
    """
    for mapping in _setuptools("MAPPING"):
        for name, path in mapping.items():
            own = to_own(str(path))
            if own is not None and (isdir(own) or os.path.exists(f"{own}.py")):
                mapping[name] = own
    for namespaces in _setuptools("NAMESPACES"):
        for name, paths in namespaces.items():
            if isinstance(paths, list):
                namespaces[name] = [to_own(path) or path for path in paths]


def import_root(name: str, path: str) -> str | None:
    """Return the folder that, on `sys.path`, would make a mapped name importable; None where none would."""
    if basename(path) == "__init__.py":
        path = dirname(path)
    for part in reversed(name.split(".")):
        if splitext(basename(path))[0] != part:
            return None
        path = dirname(path)
    return path


def is_link_tree(entry: str) -> bool:
    """Return whether an entry of `sys.path` is the link tree of a strict editable install."""
    return _LINK_TREE in entry


def linked_roots(tree: str, candidates: Iterable[str]) -> list[str]:
    """Return the folders that the files of a link tree come from.

    Links are followed; a hard link is found again, by its inode, below `candidates`.
    """
    roots: dict[str, None] = {}
    inodes: dict[tuple[int, int], str] = {}
    for path in _python_files(tree):
        source = realpath(path)
        status = os.stat(path)
        if source == realpath(tree) + path[len(tree) :] and status.st_nlink > 1:
            inodes = inodes or {
                _inode(other): other for folder in candidates for other in _python_files(folder)
            }
            source = inodes.get((status.st_dev, status.st_ino), "")
        relative = path[len(tree) :]
        if source.endswith(relative):
            roots[source[: -len(relative)]] = None
    return list(roots)


def _setuptools(table: str) -> Iterator[MutableMapping[str, object]]:
    for name, module in list(sys.modules.items()):
        if name.startswith("__editable___"):
            mapping = getattr(module, table, None)
            if isinstance(mapping, MutableMapping):
                yield mapping


def _redirections() -> Iterator[MutableMapping[str, object]]:
    for finder in sys.meta_path:
        mapping = getattr(finder, "_redirections", None)
        if isinstance(mapping, MutableMapping):
            yield mapping


def _python_files(folder: str) -> Iterator[str]:
    for current, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".") and name not in {"build", "venv"}]
        yield from (join(current, name) for name in files if name.endswith(".py"))


def _inode(path: str) -> tuple[int, int]:
    status = os.stat(path)
    return status.st_dev, status.st_ino
