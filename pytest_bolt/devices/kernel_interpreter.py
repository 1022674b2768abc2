"""Triton's interpreter: without a GPU kernels run on CPU tensors, right or wrong, but never fast."""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from types import FunctionType, ModuleType
from typing import Any

_NOT_OF_USERS = frozenset({"torch", "triton"})


def interpret_without_gpu() -> None:
    """Have kernels interpreted that are defined from now on, where there is no GPU.

    Triton reads `TRITON_INTERPRET` when a kernel is defined, its own library's kernels included: call this
    before Triton is first imported. What the environment says of it already stays, and where Triton or torch
    is not installed nothing happens.
    """
    if not all(map(importlib.util.find_spec, ("triton", "torch"))):
        return
    try:
        torch: Any = importlib.import_module("torch")
    except (ImportError, OSError):  # a broken installation, which is told where somebody asks for it
        return
    backends = [getattr(torch, kind) for kind in ("cuda", "xpu") if hasattr(torch, kind)]
    if backends and not any(backend.is_available() for backend in backends):  # none: a file of that name
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
