"""RMSNorm: one program a row, one pass for the mean square, one to write; backward by rows and columns."""

from __future__ import annotations

from typing import Any

import torch
import triton
import triton.language as tl
from torch.autograd.function import once_differentiable

from .mode import output_like, tile, wide


@triton.jit
def _rms_norm_rows(  # type: ignore[no-untyped-def]  # Triton's types
    x_ptr,
    weight_ptr,
    out_ptr,
    scale_ptr,
    columns,
    EPS: tl.constexpr,
    WIDE: tl.constexpr,
    TILE: tl.constexpr,
):
    row = tl.program_id(0).to(tl.int64)
    lanes = tl.arange(0, TILE)
    squares = tl.zeros((TILE,), WIDE)
    for start in range(0, columns, TILE):
        inside = start + lanes < columns
        x = tl.load(x_ptr + row * columns + start + lanes, mask=inside, other=0.0).to(WIDE)
        squares += x * x
    scale = 1.0 / tl.sqrt(tl.sum(squares, 0) / columns + EPS)
    tl.store(scale_ptr + row, scale)
    for start in range(0, columns, TILE):
        inside = start + lanes < columns
        x = tl.load(x_ptr + row * columns + start + lanes, mask=inside, other=0.0).to(WIDE)
        weight = tl.load(weight_ptr + start + lanes, mask=inside, other=0.0).to(WIDE)
        tl.store(out_ptr + row * columns + start + lanes, x * scale * weight, mask=inside)


@triton.jit
def _rms_norm_rows_backward(  # type: ignore[no-untyped-def]  # Triton's types
    x_ptr,
    weight_ptr,
    upstream_ptr,
    scale_ptr,
    grad_ptr,
    columns,
    WIDE: tl.constexpr,
    TILE: tl.constexpr,
):
    """Write `s * (w g - x s^2 mean(w g x))` for each row x with upstream gradient g and scale s."""
    row = tl.program_id(0).to(tl.int64)
    lanes = tl.arange(0, TILE)
    products = tl.zeros((TILE,), WIDE)
    for start in range(0, columns, TILE):
        inside = start + lanes < columns
        x = tl.load(x_ptr + row * columns + start + lanes, mask=inside, other=0.0).to(WIDE)
        g = tl.load(upstream_ptr + row * columns + start + lanes, mask=inside, other=0.0).to(WIDE)
        weight = tl.load(weight_ptr + start + lanes, mask=inside, other=0.0).to(WIDE)
        products += weight * g * x
    scale = tl.load(scale_ptr + row)
    shared = tl.sum(products, 0) / columns * scale * scale
    for start in range(0, columns, TILE):
        inside = start + lanes < columns
        x = tl.load(x_ptr + row * columns + start + lanes, mask=inside, other=0.0).to(WIDE)
        g = tl.load(upstream_ptr + row * columns + start + lanes, mask=inside, other=0.0).to(WIDE)
        weight = tl.load(weight_ptr + start + lanes, mask=inside, other=0.0).to(WIDE)
        tl.store(grad_ptr + row * columns + start + lanes, scale * (weight * g - x * shared), mask=inside)


@triton.jit
def _rms_norm_weight_backward(  # type: ignore[no-untyped-def]  # Triton's types
    x_ptr,
    upstream_ptr,
    scale_ptr,
    grad_ptr,
    rows,
    columns,
    ROWS: tl.constexpr,
    TILE: tl.constexpr,
):
    """Write the sum over rows of `g x s` for a tile of columns: in one order, so bit for bit the same."""
    WIDE: tl.constexpr = scale_ptr.dtype.element_ty
    lanes = tl.program_id(0) * TILE + tl.arange(0, TILE)
    total = tl.zeros((TILE,), WIDE)
    for first in range(0, rows, ROWS):
        row = first + tl.arange(0, ROWS)
        inside = (row < rows)[:, None] & (lanes < columns)[None, :]
        place = row.to(tl.int64)[:, None] * columns + lanes[None, :]
        x = tl.load(x_ptr + place, mask=inside, other=0.0).to(WIDE)
        g = tl.load(upstream_ptr + place, mask=inside, other=0.0).to(WIDE)
        scale = tl.load(scale_ptr + row, mask=row < rows, other=0.0)
        total += tl.sum(g * x * scale[:, None], 0)
    tl.store(grad_ptr + lanes, total, mask=lanes < columns)


class _RMSNorm(torch.autograd.Function):
    """RMSNorm of the rows of a matrix; rows and weight are dense."""

    @staticmethod
    def forward(ctx: Any, rows: torch.Tensor, weight: torch.Tensor, eps: float) -> torch.Tensor:
        out = output_like(rows)
        count, columns = rows.shape
        kind = torch.float64 if rows.dtype == torch.float64 else torch.float32
        scales = torch.empty(count, dtype=kind, device=rows.device)
        # The root's eps is a constant of the kernel: an argument would be rounded to float32.
        _rms_norm_rows[(count,)](
            rows, weight, out, scales, columns, EPS=eps, WIDE=wide(rows), TILE=tile(columns)
        )
        ctx.save_for_backward(rows, weight, scales)
        return out.to(rows.dtype)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, upstream: torch.Tensor) -> tuple[torch.Tensor | None, torch.Tensor | None, None]:
        rows, weight, scales = ctx.saved_tensors
        upstream = upstream.contiguous()
        needs_rows, needs_weight, _ = ctx.needs_input_grad
        by_row = _rows_gradient(rows, weight, upstream, scales) if needs_rows else None
        by_column = _weight_gradient(rows, weight, upstream, scales) if needs_weight else None
        return by_row, by_column, None


def _rows_gradient(
    rows: torch.Tensor, weight: torch.Tensor, upstream: torch.Tensor, scales: torch.Tensor
) -> torch.Tensor:
    grad = output_like(rows)
    count, columns = rows.shape
    _rms_norm_rows_backward[(count,)](
        rows, weight, upstream, scales, grad, columns, WIDE=wide(rows), TILE=tile(columns)
    )
    return grad.to(rows.dtype)


def _weight_gradient(
    rows: torch.Tensor, weight: torch.Tensor, upstream: torch.Tensor, scales: torch.Tensor
) -> torch.Tensor:
    grad = output_like(weight)
    count, columns = rows.shape
    width = min(tile(columns), 128)
    _rms_norm_weight_backward[(triton.cdiv(columns, width),)](
        rows, upstream, scales, grad, count, columns, ROWS=16, TILE=width
    )
    return grad.to(weight.dtype)


def rms_norm(x: torch.Tensor, weight: torch.Tensor, *, eps: float) -> torch.Tensor:
    """Return `x / sqrt(mean(x^2) + eps) * weight` along the last dimension; differentiable once.

    It computes in float32, in float64 for float64.

    Arguments:
        x: `Float[..., D]`, any floating-point dtype.
        weight: `Float[D]`.
        eps: added to the mean square.
    """
    if not x.numel():
        return torch.empty_like(x)
    rows = x.reshape(-1, x.shape[-1]).contiguous()
    result: torch.Tensor = _RMSNorm.apply(rows, weight.contiguous(), eps)  # type: ignore[no-untyped-call]  # torch gives it no types
    return result.reshape(x.shape)
