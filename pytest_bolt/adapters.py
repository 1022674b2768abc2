"""Implementations under test: Python files of `run_*` functions."""

from __future__ import annotations

import difflib
import functools
import importlib
import importlib.util
import itertools
import pkgutil
import sys
import traceback
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from pytest_bolt.adapter_projects import make_importable
from pytest_bolt.devices.kernel_interpreter import has_interpreted, interpret_without_gpu
from pytest_bolt.errors import BoltError

_SOURCE_PACKAGES = ("suites", "reference")
_WHEEL_REFERENCE = "pytest_bolt_reference"
_NO_OPERATION = "no run_* function"
_serial = itertools.count(1)


class MissingOperationError(BoltError, AttributeError):
    """An adapter was asked for a function, `operation`, that it does not have."""

    def __init__(self, operation: str, what: str, *, seen: Mapping[str, object], advice: str) -> None:
        self.operation = operation
        super().__init__(what, seen=seen, advice=advice)


@dataclass(frozen=True, slots=True)
class Adapter:
    """The functions of one adapter file, as attributes; `name` stands in test ids."""

    name: str
    path: Path
    module: ModuleType
    bundled: bool = False

    def provides(self, operation: str) -> bool:
        """Return whether the adapter has a function of that name."""
        return callable(getattr(self.module, operation, None))

    @property
    def operations(self) -> tuple[str, ...]:
        """Return the names of its functions: those that start with `run_` or `get_`, sorted."""
        names = (name for name in vars(self.module) if name.startswith(("run_", "get_")))
        return tuple(sorted(name for name in names if self.provides(name)))

    @property
    def interpreted(self) -> bool:
        """Return whether its code runs in an interpreter here: right or wrong, but never fast.

        A module may say so as `INTERPRETED`; else Triton kernels are looked for that are.
        """
        said = getattr(self.module, "INTERPRETED", None)
        return has_interpreted(self.module) if said is None else bool(said)

    def check(self, needed: Mapping[str, str]) -> None:
        """Raise BoltError where none of the functions is there, or one seems to be misspelt.

        `needed` maps the name of a function to the id of a test that calls it.
        """
        missing = [name for name in needed if not self.provides(name)]
        spare = [name for name in self.operations if name not in needed]
        near = {name: difflib.get_close_matches(name, spare, n=1, cutoff=0.85) for name in missing}
        meant = [f"is {found[0]} meant to be {name}?" for name, found in near.items() if found]
        if not meant and len(missing) < len(needed):
            return
        blamed = [name for name in missing if near[name] or not meant]
        raise BoltError(
            self.lacks(*blamed),
            seen={
                "file": self.path,
                "has": ", ".join(self.operations) or _NO_OPERATION,
                "needed by": needed[blamed[0]],
            },
            advice=" ".join((*meant, "add it, or select the tests of what the adapter has")),
        )

    def __getattr__(self, name: str) -> Any:
        """Return a function of the adapter.

        Raises:
            MissingOperationError: there is none of that name.
        """
        if name.startswith("__"):
            raise AttributeError(name)
        try:
            return getattr(self.module, name)
        except AttributeError:
            raise self._missing(name) from None

    def lacks(self, *names: str) -> str:
        """Return in words that it has no functions of these names."""
        return f"adapter {self.name} has no function {', '.join(names)}"

    def _missing(self, name: str) -> MissingOperationError:
        near = difflib.get_close_matches(name, self.operations, n=1)
        advice = f"did you mean {near[0]}?" if near else f"add a function {name} to the adapter"
        has = ", ".join(self.operations) or _NO_OPERATION
        return MissingOperationError(
            name,
            self.lacks(name),
            seen={"file": self.path, "has": has},
            advice=advice,
        )

    def __repr__(self) -> str:
        return f"Adapter({self.name!r}, {str(self.path)!r})"


def load(path: Path) -> Adapter:
    """Import a Python file of `run_*` functions under a module name of its own.

    What lies beside it and in its project becomes importable, see `adapter_projects`. Warnings stay warnings,
    whatever the tests make of them: most come from what the file imports. Where there is no GPU, its Triton
    kernels are interpreted.

    Raises:
        BoltError: no such file, a syntax error, or an error while importing; with the place.
    """
    path = Path(path).expanduser().absolute()
    if not path.is_file():
        raise BoltError("no such adapter", seen=_absent(path), advice="give the path of a Python file")
    name = f"_pytest_bolt_adapter_{next(_serial)}_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise BoltError("an adapter is a Python file", seen={"file": path}, advice="its name ends in .py")
    module = importlib.util.module_from_spec(spec)
    make_importable(path)
    interpret_without_gpu()
    sys.modules[name] = module
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("default")
            spec.loader.exec_module(module)
    except SyntaxError as error:
        del sys.modules[name]
        raise _syntax_error(path, error) from error
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        raise _import_error(path, error) from error
    return Adapter(path.stem, path, module)


def loaded(path: Path) -> Adapter:
    """Return the adapter of a file, imported once a process. Raises BoltError as `load`."""
    return _loaded(Path(path).expanduser().absolute())


_loaded = functools.cache(load)


def bundled(package: str = "") -> tuple[Adapter, ...]:
    """Return the adapters that ship with the suites, by name.

    One whose own requirements, such as Triton, are not installed is left out.

    Arguments:
        package: the package of the test that asks, such as `suites.softmax`. In the source tree the
            references are the package `reference`, in a wheel `pytest_bolt_reference`.
    """
    suites, reference = _SOURCE_PACKAGES
    name = reference if package.split(".", maxsplit=1)[0] == suites else _WHEEL_REFERENCE
    try:
        home = importlib.import_module(f"{name}.adapters")
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != name:
            raise
        return ()
    found = []
    for info in sorted(pkgutil.iter_modules(home.__path__), key=lambda each: each.name):
        try:
            module = importlib.import_module(f"{home.__name__}.{info.name}")
        except ImportError as error:
            if (error.name or "").partition(".")[0] == name:
                raise
            continue
        found.append(Adapter(info.name, Path(str(module.__file__)), module, bundled=True))
    return tuple(found)


def distinct_names(adapters: Sequence[Adapter]) -> list[str]:
    """Return a name for each adapter; where two are equal, as much of the path as tells them apart."""
    names = [adapter.name for adapter in adapters]
    deepest = max((len(adapter.path.parts) for adapter in adapters), default=1)
    for depth in range(2, deepest + 1):
        repeated = {name for name in names if names.count(name) > 1}
        if not repeated:
            return names
        names = [
            ".".join((*adapter.path.parts[-depth:-1], adapter.name)) if name in repeated else name
            for name, adapter in zip(names, adapters, strict=True)
        ]
    return [name if names.count(name) == 1 else f"{name}.{place}" for place, name in enumerate(names, 1)]


def _absent(path: Path) -> dict[str, object]:
    seen: dict[str, object] = {"path": path}
    if path.is_dir():
        seen["it is"] = "a folder"
    folder = path if path.is_dir() else path.parent
    names = sorted(each.name for each in folder.glob("*.py")) if folder.is_dir() else []
    near = difflib.get_close_matches(path.name, names, n=3) or names[:5]
    if near:
        seen["near"] = ", ".join(near)
    return seen


def _syntax_error(path: Path, error: SyntaxError) -> BoltError:
    place = f"{error.filename or path}:{error.lineno}:{error.offset}"
    seen = {"adapter": path, "at": place, "error": error.msg}
    if error.text:
        seen["line"] = error.text.strip()
    version = ".".join(str(part) for part in sys.version_info[:2])
    return BoltError(
        "the adapter has a syntax error", seen=seen, advice=f"correct it; this is Python {version}"
    )


def _import_error(path: Path, error: BaseException) -> BoltError:
    frames = [each for each in traceback.extract_tb(error.__traceback__) if "importlib" not in each.filename]
    own = [each for each in frames if each.filename != __file__]
    seen: dict[str, object] = {"adapter": path}
    if own:
        seen["at"] = f"{own[-1].filename}:{own[-1].lineno}"
    seen["error"] = f"{type(error).__name__}: {error}"
    advice = "make the file importable by itself"
    if isinstance(error, ModuleNotFoundError) and error.name:
        advice = f"install {error.name.split('.')[0]}, or put it beside the adapter"
    return BoltError("the adapter cannot be imported", seen=seen, advice=advice)
