"""Whether Triton compiles for a GPU or interprets on CPU tensors.

Triton reads `TRITON_INTERPRET` when a kernel is defined, its own library's kernels included, so the
choice is made before Triton is first imported.
"""

from __future__ import annotations

import os
from typing import Any

import torch


def choose() -> None:
    """Switch the interpreter on where there is no GPU and nothing else was asked for."""
    if not torch.cuda.is_available() and not (hasattr(torch, "xpu") and torch.xpu.is_available()):
        os.environ.setdefault("TRITON_INTERPRET", "1")


def interpreted() -> bool:
    """Return whether kernels defined now run in the interpreter."""
    from triton import knobs

    return bool(knobs.runtime.interpret)


def output_like(x: torch.Tensor) -> torch.Tensor:
    """Return memory for a kernel's result: float32 where interpreted, else the dtype of `x`.

    The interpreter truncates when it stores a narrower dtype; the caller rounds the float32 result.
    """
    narrow = x.dtype.itemsize < torch.float32.itemsize
    dtype = torch.float32 if narrow and interpreted() else x.dtype
    return torch.empty(x.shape, dtype=dtype, device=x.device)


def wide(x: torch.Tensor) -> Any:
    """Return the Triton type to compute in: float64 for float64, float32 for all else."""
    import triton.language as tl

    return tl.float64 if x.dtype == torch.float64 else tl.float32


def tile(columns: int) -> int:
    """Return how many columns one program holds at a time: a power of two, 4,096 at most."""
    return min(1 << max(columns - 1, 0).bit_length(), 4096)
