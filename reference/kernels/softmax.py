"""Softmax: one program a row, one pass for maximum and sum, one to write."""

from __future__ import annotations

import torch
import triton
import triton.language as tl

from .mode import output_like, tile


@triton.jit
def _softmax_rows(x_ptr, out_ptr, x_stride, out_stride, columns, TILE: tl.constexpr):  # type: ignore[no-untyped-def]  # Triton's types
    row = tl.program_id(0).to(tl.int64)
    lanes = tl.arange(0, TILE)
    largest = tl.full((), -float("inf"), tl.float32)
    total = tl.full((), 0.0, tl.float32)
    for start in range(0, columns, TILE):
        inside = start + lanes < columns
        x = tl.load(x_ptr + row * x_stride + start + lanes, mask=inside, other=-float("inf")).to(tl.float32)
        larger = tl.maximum(largest, tl.max(x, 0))
        # A row that begins with a tile of -inf must not compute -inf - -inf.
        anchor = tl.where(larger == -float("inf"), 0.0, larger)
        total = total * tl.exp(largest - anchor) + tl.sum(tl.exp(x - anchor), 0)
        largest = larger
    anchor = tl.where(largest == -float("inf"), 0.0, largest)
    for start in range(0, columns, TILE):
        inside = start + lanes < columns
        x = tl.load(x_ptr + row * x_stride + start + lanes, mask=inside, other=-float("inf")).to(tl.float32)
        tl.store(out_ptr + row * out_stride + start + lanes, tl.exp(x - anchor) / total, mask=inside)


def softmax(x: torch.Tensor, dim: int) -> torch.Tensor:
    """Return the softmax of `x` along `dim`, computed in float32.

    Arguments:
        x: `Float[..., dim, ...]`, float32, bfloat16 or float16.
        dim: the dimension that sums to one.
    """
    if not x.numel():
        return torch.empty_like(x)
    last = x.movedim(dim, -1) if x.ndim else x
    columns = last.shape[-1] if last.ndim else 1
    rows = last.reshape(-1, columns).contiguous()
    out = output_like(rows)
    _softmax_rows[(rows.shape[0],)](rows, out, rows.stride(0), out.stride(0), columns, TILE=tile(columns))
    result = out.to(x.dtype).reshape(last.shape)
    return result.movedim(-1, dim) if x.ndim else result
