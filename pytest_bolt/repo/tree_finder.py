"""The finder that moves a module found in the other tree to the same place in its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from importlib.machinery import EXTENSION_SUFFIXES, ModuleSpec, PathFinder
from importlib.util import spec_from_file_location
from os.path import basename, dirname, exists, isabs, join
from types import ModuleType

from pytest_bolt.repo.tree_paths import Trees

_EXTENSIONS = tuple(EXTENSION_SUFFIXES)


class TreeFinder:
    """Ask the finders after it, then correct their answer.

    `missing_extensions` maps a module to the compiled file that the other tree has for it and the own
    tree has not; `copied` holds generated files, ignored by git, that were copied from the other tree.
    `other_roots` and `places` say from where the other tree was importable at the start.
    """

    def __init__(
        self, *, trees: Trees, exempt: Sequence[str], other_roots: Sequence[str], places: Mapping[str, str]
    ) -> None:
        self.trees = trees
        self.missing_extensions: dict[str, str] = {}
        self.copied: list[str] = []
        self._exempt = frozenset(exempt)
        self.other_roots = tuple(other_roots)
        self.places = places

    @property
    def notes(self) -> tuple[str, ...]:
        """Return what a reader of the comparison should know."""
        return tuple(f"copied from the other tree, where it was generated: {path}" for path in self.copied)

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return the spec of a module, moved to the own tree where it was found in the other.

        Raises ModuleNotFoundError where the own tree has no such module: with a plain None the next
        finder would give the other tree's. Raises ImportError for a compiled one.
        """
        if fullname.partition(".")[0] in self._exempt:
            return None
        spec = self._ask_others(fullname, path, target)
        if spec is None:
            return self._generated(fullname, path)
        if spec.origin is not None and spec.has_location:
            if self.trees.in_other(spec.origin) is None:
                self._watch(fullname, spec.origin)
                return spec
            return self._move(fullname, spec)
        return self._move_namespace(fullname, spec)

    def invalidate_caches(self) -> None:
        """Keep nothing that could go stale."""

    def _ask_others(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None
    ) -> ModuleSpec | None:
        finders = list(sys.meta_path)
        start = finders.index(self) + 1 if self in finders else 0
        for finder in finders[start:]:
            find_spec = getattr(finder, "find_spec", None)
            spec: ModuleSpec | None = find_spec(fullname, path, target) if find_spec else None
            if spec is not None:
                return spec
        return None

    def _move(self, fullname: str, spec: ModuleSpec) -> ModuleSpec:
        origin = str(spec.origin)
        own = self.trees.to_own(origin) or ""
        package = spec.submodule_search_locations is not None
        stem = basename(dirname(own)) if package else basename(own).partition(".")[0]
        moved = None
        if stem == fullname.rpartition(".")[2]:  # the base may have a package where the head has a module
            moved = PathFinder.find_spec(fullname, [dirname(dirname(own)) if package else dirname(own)])
        elif exists(own):
            places = [dirname(own)] if package else None
            moved = spec_from_file_location(fullname, own, submodule_search_locations=places)
        moved = moved or self._lend(fullname, origin)
        if moved is None:
            msg = f"No module named {fullname!r}"
            raise ModuleNotFoundError(msg, name=fullname)
        if origin.endswith(_EXTENSIONS) and not str(moved.origin).endswith(_EXTENSIONS):
            self.missing_extensions[fullname] = origin
        if moved.origin:
            self._watch(fullname, moved.origin)
        return moved

    def _move_namespace(self, fullname: str, spec: ModuleSpec) -> ModuleSpec:
        places = list(spec.submodule_search_locations or ())
        if all(self.trees.in_other(place) is None for place in places):
            return spec
        moved = ModuleSpec(fullname, None, is_package=True)
        moved.submodule_search_locations = [self.trees.to_own(place) or place for place in places]
        return moved

    def _generated(self, fullname: str, path: Sequence[str] | None) -> ModuleSpec | None:
        """Return the spec of a module that only the other tree has, because a build made it there."""
        folders = list(self.other_roots)
        if path is not None:
            folders = [other for place in path if (other := self.trees.to_other(place))]
        spec = PathFinder.find_spec(fullname, folders) if folders else None
        origin = spec.origin if spec is not None and spec.has_location else None
        return self._lend(fullname, origin) if origin and self.trees.in_other(origin) is not None else None

    def _lend(self, fullname: str, origin: str) -> ModuleSpec | None:
        """Return the spec of a copy of a generated Python file; None where the file is no such thing."""
        own = self.trees.to_own(origin)
        if own is None:
            return None
        source = join(self.trees.other, os.path.relpath(own, self.trees.own))
        if origin.endswith(_EXTENSIONS):
            return self._refuse_extension(fullname, source)
        if not source.endswith(".py") or not self._git_says("check-ignore", "--quiet", "--", source):
            return None
        os.makedirs(dirname(own), exist_ok=True)
        shutil.copyfile(source, own)
        self.copied.append(os.path.relpath(own, self.trees.own))
        package = [dirname(own)] if basename(own) == "__init__.py" else None
        return spec_from_file_location(fullname, own, submodule_search_locations=package)

    def _refuse_extension(self, fullname: str, source: str) -> ModuleSpec | None:
        if self._git_says("ls-files", "--error-unmatch", "--", source):
            return None  # committed there and not here: simply a module that this tree does not have
        self.missing_extensions[fullname] = source
        msg = (
            f"{fullname} is a compiled extension of the other tree ({source}), which is never loaded here; "
            f"this tree has to be built: {self.trees.own}"
        )
        raise ImportError(msg, name=fullname, path=source)

    def _watch(self, fullname: str, origin: str) -> None:
        """Note a module that is compiled in the other tree and plain Python here: no fair comparison."""
        if origin.endswith(_EXTENSIONS) or not self.trees.in_own(origin):
            return
        place = dirname(dirname(origin)) if basename(origin) == "__init__.py" else dirname(origin)
        other = self.trees.to_other(place)
        spec = PathFinder.find_spec(fullname, [other]) if other else None
        if spec is not None and spec.origin and spec.origin.endswith(_EXTENSIONS):
            self.missing_extensions[fullname] = spec.origin

    def _git_says(self, *arguments: str) -> bool:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        command = ["git", "-C", self.trees.other, *arguments]
        try:
            done = subprocess.run(command, env=environment, capture_output=True, check=False)
        except OSError:
            return False
        return done.returncode == 0


def location(module: object) -> str:
    """Return the file that a module was loaded from; of a namespace package its only folder, else nothing."""
    spec = getattr(module, "__spec__", None)
    file = getattr(module, "__file__", None) or (getattr(spec, "origin", None) if spec else None)
    if isinstance(file, str) and file not in {"built-in", "frozen", "namespace"}:
        return file
    places = _places(module)
    first = next(places, "")
    return first if next(places, None) is None else ""


def _places(module: object) -> Iterator[str]:
    try:
        yield from (place for place in list(getattr(module, "__path__", ()) or ()) if isabs(place))
    except Exception:  # noqa: BLE001 - any object can stand in sys.modules
        return
