"""RMSNorm: one program a row, one pass for the mean square, one to write."""

from __future__ import annotations

import torch
import triton
import triton.language as tl

from .mode import output_like, tile


@triton.jit
def _rms_norm_rows(x_ptr, weight_ptr, out_ptr, x_stride, out_stride, columns, eps, TILE: tl.constexpr):  # type: ignore[no-untyped-def]  # Triton's types
    row = tl.program_id(0).to(tl.int64)
    lanes = tl.arange(0, TILE)
    squares = tl.zeros((TILE,), tl.float32)
    for start in range(0, columns, TILE):
        inside = start + lanes < columns
        x = tl.load(x_ptr + row * x_stride + start + lanes, mask=inside, other=0.0).to(tl.float32)
        squares += x * x
    scale = 1.0 / tl.sqrt(tl.sum(squares, 0) / columns + eps)
    for start in range(0, columns, TILE):
        inside = start + lanes < columns
        x = tl.load(x_ptr + row * x_stride + start + lanes, mask=inside, other=0.0).to(tl.float32)
        weight = tl.load(weight_ptr + start + lanes, mask=inside, other=0.0).to(tl.float32)
        tl.store(out_ptr + row * out_stride + start + lanes, x * scale * weight, mask=inside)


def rms_norm(x: torch.Tensor, weight: torch.Tensor, *, eps: float) -> torch.Tensor:
    """Return `x / sqrt(mean(x^2) + eps) * weight` along the last dimension, computed in float32.

    Arguments:
        x: `Float[..., D]`, float32, bfloat16 or float16.
        weight: `Float[D]`.
        eps: added to the mean square.
    """
    if not x.numel():
        return torch.empty_like(x)
    columns = x.shape[-1]
    rows = x.reshape(-1, columns).contiguous()
    out = output_like(rows)
    strides = rows.stride(0), out.stride(0)
    _rms_norm_rows[(rows.shape[0],)](
        rows, weight.contiguous(), out, *strides, columns, eps, TILE=tile(columns)
    )
    return out.to(x.dtype).reshape(x.shape)
