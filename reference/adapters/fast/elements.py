"""RMSNorm in one pass over memory, on one thread.

Softmax is not here: written the same way it was between 0.8 and 1.2 times as fast as torch's.
"""

from __future__ import annotations

import ctypes

import torch
from torch.nn import functional

from .building import library

_COMPILED = {torch.float32: "rms_norm_float32", torch.bfloat16: "rms_norm_bfloat16"}


def run_rmsnorm(d_model: int, eps: float, weights: torch.Tensor, in_features: torch.Tensor) -> torch.Tensor:
    """Return `Float[..., d_model]` divided by its root mean square, times `weights` `Float[d_model]`.

    Torch takes what is neither float32 nor bfloat16, lies on another device or needs gradients.

    Raises:
        RuntimeError: the compiler fails.
    """
    x = in_features
    plain = x.dtype in _COMPILED and x.device.type == "cpu" and weights.dtype == x.dtype
    if not plain or not x.numel() or x.requires_grad or weights.requires_grad:
        return functional.rms_norm(x, (d_model,), weights, eps)
    rows, wide = x.contiguous(), weights.float().contiguous()
    out = torch.empty_like(rows)
    sizes = ctypes.c_int64(rows.numel() // d_model), ctypes.c_int64(d_model)
    function = getattr(library("rows"), _COMPILED[x.dtype])
    if function(
        *(ctypes.c_void_p(each.data_ptr()) for each in (rows, wide, out)), *sizes, ctypes.c_float(eps)
    ):
        raise MemoryError
    return out
