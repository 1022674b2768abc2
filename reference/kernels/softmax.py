"""Softmax: one program a row, one pass for maximum and sum, one to write; backward likewise."""

from __future__ import annotations

from typing import Any

import torch
import triton
import triton.language as tl
from torch.autograd.function import once_differentiable

from .mode import output_like, tile, wide


@triton.jit
def _softmax_rows(x_ptr, out_ptr, x_stride, out_stride, columns, WIDE: tl.constexpr, TILE: tl.constexpr):  # type: ignore[no-untyped-def]  # Triton's types
    row = tl.program_id(0).to(tl.int64)
    lanes = tl.arange(0, TILE)
    largest = tl.full((), -float("inf"), WIDE)
    total = tl.full((), 0.0, WIDE)
    for start in range(0, columns, TILE):
        inside = start + lanes < columns
        x = tl.load(x_ptr + row * x_stride + start + lanes, mask=inside, other=-float("inf")).to(WIDE)
        larger = tl.maximum(largest, tl.max(x, 0))
        # A row that begins with a tile of -inf must not compute -inf - -inf.
        anchor = tl.where(larger == -float("inf"), 0.0, larger)
        total = total * tl.exp(largest - anchor) + tl.sum(tl.exp(x - anchor), 0)
        largest = larger
    anchor = tl.where(largest == -float("inf"), 0.0, largest)
    for start in range(0, columns, TILE):
        inside = start + lanes < columns
        x = tl.load(x_ptr + row * x_stride + start + lanes, mask=inside, other=-float("inf")).to(WIDE)
        tl.store(out_ptr + row * out_stride + start + lanes, tl.exp(x - anchor) / total, mask=inside)


@triton.jit
def _softmax_rows_backward(  # type: ignore[no-untyped-def]  # Triton's types
    out_ptr, upstream_ptr, grad_ptr, stride, columns, WIDE: tl.constexpr, TILE: tl.constexpr
):
    """Write `y * (g - sum(g * y))` for each row of outputs y and upstream gradients g."""
    start_of_row = tl.program_id(0).to(tl.int64) * stride
    lanes = tl.arange(0, TILE)
    dot = tl.zeros((TILE,), WIDE)
    for start in range(0, columns, TILE):
        inside = start + lanes < columns
        y = tl.load(out_ptr + start_of_row + start + lanes, mask=inside, other=0.0).to(WIDE)
        g = tl.load(upstream_ptr + start_of_row + start + lanes, mask=inside, other=0.0).to(WIDE)
        dot += y * g
    total = tl.sum(dot, 0)
    for start in range(0, columns, TILE):
        inside = start + lanes < columns
        y = tl.load(out_ptr + start_of_row + start + lanes, mask=inside, other=0.0).to(WIDE)
        g = tl.load(upstream_ptr + start_of_row + start + lanes, mask=inside, other=0.0).to(WIDE)
        tl.store(grad_ptr + start_of_row + start + lanes, y * (g - total), mask=inside)


class _Softmax(torch.autograd.Function):
    """Softmax of the rows of a matrix; rows are dense."""

    @staticmethod
    def forward(ctx: Any, rows: torch.Tensor) -> torch.Tensor:
        out = output_like(rows)
        columns = rows.shape[1]
        strides = rows.stride(0), out.stride(0)
        _softmax_rows[(rows.shape[0],)](rows, out, *strides, columns, WIDE=wide(rows), TILE=tile(columns))
        result = out.to(rows.dtype)
        ctx.save_for_backward(result)
        return result

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, upstream: torch.Tensor) -> torch.Tensor:
        (result,) = ctx.saved_tensors
        grad = output_like(result)
        columns = result.shape[1]
        # An interpreted float32 gradient of a bfloat16 output lies as the output does: dense rows.
        _softmax_rows_backward[(result.shape[0],)](
            result, upstream.contiguous(), grad, columns, columns, WIDE=wide(result), TILE=tile(columns)
        )
        return grad.to(result.dtype)


def softmax(x: torch.Tensor, dim: int) -> torch.Tensor:
    """Return the softmax of `x` along `dim`, differentiable once.

    It computes in float32, in float64 for float64.

    Arguments:
        x: `Float[..., dim, ...]`, any floating-point dtype.
        dim: the dimension that sums to one.
    """
    if not x.numel():
        return torch.empty_like(x)
    last = x.movedim(dim, -1) if x.ndim else x
    columns = last.shape[-1] if last.ndim else 1
    rows = last.reshape(-1, columns).contiguous()
    result: torch.Tensor = _Softmax.apply(rows).reshape(last.shape)  # type: ignore[no-untyped-call]  # torch gives it no types
    return result.movedim(-1, dim) if x.ndim else result
