"""The same place in two trees, whichever way a path to it is spelled. Standard library only."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field
from os.path import abspath, realpath
from pathlib import Path

_ENVIRONMENTS = frozenset({"site-packages", "dist-packages", "__pypackages__", "lib-dynload"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Trees:
    """This process's own tree and the other side's, both as resolved paths.

    One may lie inside the other (a cache folder in the repository); a path belongs to the inner one.
    """

    own: str
    other: str
    _known: dict[str, str | None] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def of(cls, *, own: Path, other: Path) -> Trees:
        """Return the pair with symbolic links resolved."""
        return cls(own=realpath(own), other=realpath(other))

    def in_other(self, path: str) -> str | None:
        """Return a path relative to the other tree, None where it is not that tree's code.

        A virtual environment inside the tree is not its code. A link counts as what it points at, and
        as itself where that lies in neither tree.
        """
        if path not in self._known:
            self._known[path] = self._find_in_other(path)
        return self._known[path]

    def to_own(self, path: str) -> str | None:
        """Return the place in the own tree that a path in the other tree corresponds to."""
        relative = self.in_other(path)
        return None if relative is None else os.path.join(self.own, relative)

    def to_other(self, path: str) -> str | None:
        """Return the place in the other tree that a path in the own tree corresponds to."""
        real = realpath(path)
        if not within(real, self.own) or self._inner_other(real):
            return None
        return os.path.join(self.other, os.path.relpath(real, self.own))

    def in_own(self, path: str) -> bool:
        """Return whether a path is code of the own tree."""
        other = self.to_other(path)
        return other is not None and not _is_environment(os.path.relpath(other, self.other), realpath(path))

    def _find_in_other(self, path: str) -> str | None:
        real = realpath(path)
        if within(real, self.own) and not self._inner_other(real):
            return None
        for spelling in (real, abspath(path)):
            if within(spelling, self.other):
                relative = os.path.relpath(spelling, self.other)
                return None if _is_environment(relative, spelling) else relative
        return None

    def _inner_other(self, real: str) -> bool:
        return within(self.other, self.own) and within(real, self.other)


def within(path: str, folder: str) -> bool:
    """Return whether a path is a folder or lies below it, by its spelling."""
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)


def _is_environment(relative: str, path: str) -> bool:
    if not _ENVIRONMENTS.isdisjoint(Path(relative).parts):
        return True
    if relative == os.curdir:
        return False
    tree = path[: -len(relative)].rstrip(os.sep)
    prefixes = {realpath(sys.prefix), realpath(sys.base_prefix), realpath(sys.exec_prefix)} - {tree}
    # Only an environment inside the tree: one around it (venv/src/project) says nothing.
    return any(within(path, prefix) and within(prefix, tree) for prefix in prefixes)
