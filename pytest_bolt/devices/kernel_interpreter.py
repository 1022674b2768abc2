"""Triton's interpreter: without a GPU kernels run on CPU tensors, right or wrong, but never fast."""

from __future__ import annotations

import importlib
import os
import sys
from importlib.abc import MetaPathFinder
from types import FunctionType, ModuleType
from typing import Any

_NOT_OF_USERS = frozenset({"torch", "triton"})


def interpret_without_gpu() -> None:
    """Have Triton's kernels interpreted where there is no GPU, once somebody imports Triton.

    Triton reads `TRITON_INTERPRET` when a kernel is defined, its own library's included, so the choice
    is made right before its first import. Not earlier: torch is asked for a GPU, and takes seconds to import.
    What the environment says already stays.
    """
    waiting = any(isinstance(finder, _BeforeTriton) for finder in sys.meta_path)
    if "triton" not in sys.modules and not waiting:
        sys.meta_path.insert(0, _BeforeTriton())


class _BeforeTriton(MetaPathFinder):
    """Finds nothing, but is asked where Triton lies before it is imported."""

    def find_spec(self, fullname: str, *_: object) -> None:
        """Choose, and leave the search to the others."""
        if fullname == "triton" and self in sys.meta_path:
            sys.meta_path.remove(self)
            choose()


def choose() -> None:
    """Switch the interpreter on where torch knows no GPU and the environment says nothing of it."""
    try:
        torch: Any = importlib.import_module("torch")
    except (ImportError, OSError):  # none or a broken one, which is told where somebody asks for it
        return
    probes = [getattr(getattr(torch, kind, None), "is_available", None) for kind in ("cuda", "xpu")]
    known = [
        probe for probe in probes if probe is not None
    ]  # none: a file of that name, or torch half imported
    if known and not any(probe() for probe in known):
        os.environ.setdefault("TRITON_INTERPRET", "1")


def has_interpreted(module: ModuleType) -> bool:
    """Return whether an interpreted kernel lies in a module, or where a function or class of it is from.

    Also one behind decorators such as `triton.autotune`.
    """
    if "triton.runtime.interpreter" not in sys.modules:
        return False
    imported = (value for value in vars(module).values() if isinstance(value, FunctionType | type))
    homes = {str(value.__module__) for value in imported}
    others = (sys.modules.get(home) for home in homes if home.partition(".")[0] not in _NOT_OF_USERS)
    modules = (module, *(each for each in others if isinstance(each, ModuleType)))
    return any(_is_interpreted(value) for each in modules for value in list(vars(each).values()))


def _is_interpreted(value: object) -> bool:
    interpreted = getattr(sys.modules["triton.runtime.interpreter"], "InterpretedFunction", ())
    kernel = getattr(sys.modules.get("triton.runtime.jit"), "KernelInterface", ())
    while isinstance(value, kernel) and not isinstance(value, interpreted):
        value = getattr(value, "fn", None)
    return isinstance(value, interpreted)
