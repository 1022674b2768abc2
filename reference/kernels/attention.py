"""Attention: one program a tile of queries, one pass over the keys with an online softmax."""

from __future__ import annotations

import math
from typing import Any

import torch
import triton
import triton.language as tl

from ..tiled_attention import tiled_gradients
from .mode import interpreted, output_like

# An interpreted program costs the same whatever its tile, a compiled one keeps it in registers.
TILE = 64 if interpreted() else 32
LEAST = 16  # the smallest side of a matrix that tl.dot takes


@triton.jit
def _attention_tiles(  # type: ignore[no-untyped-def]  # noqa: PLR0913, PLR0917 - Triton's types; a kernel has no other way
    q_ptr,
    k_ptr,
    v_ptr,
    mask_ptr,
    out_ptr,
    sums_ptr,
    q_strides,
    k_strides,
    v_strides,
    mask_strides,
    queries,
    keys,
    width,
    value_width,
    share,
    scale,
    CAUSAL: tl.constexpr,
    MASKED: tl.constexpr,
    TILE: tl.constexpr,
    WIDTH: tl.constexpr,
    VALUE_WIDTH: tl.constexpr,
):
    head = tl.program_id(1).to(tl.int64)
    rows = tl.program_id(0) * TILE + tl.arange(0, TILE)[:, None]
    columns = tl.arange(0, TILE)
    lanes, value_lanes = tl.arange(0, WIDTH), tl.arange(0, VALUE_WIDTH)[None, :]
    is_row, is_value = rows < queries, value_lanes < value_width
    q_at = q_ptr + head * q_strides[0] + rows * q_strides[1] + lanes[None, :] * q_strides[2]
    q = tl.load(q_at, mask=is_row & (lanes < width)[None, :], other=0.0).to(tl.float32) * scale
    is_lane = (lanes < width)[:, None]
    k_at = (
        k_ptr + head // share * k_strides[0] + columns[None, :] * k_strides[1] + lanes[:, None] * k_strides[2]
    )
    v_at = v_ptr + head // share * v_strides[0] + columns[:, None] * v_strides[1] + value_lanes * v_strides[2]
    mask_at = mask_ptr + head * mask_strides[0] + rows * mask_strides[1] + columns[None, :] * mask_strides[2]
    largest = tl.full((TILE,), -float("inf"), tl.float32)
    total = tl.zeros((TILE,), tl.float32)
    sums = tl.zeros((TILE, VALUE_WIDTH), tl.float32)
    last = tl.minimum(keys, (tl.program_id(0) + 1) * TILE) if CAUSAL else keys
    for _ in range(0, last, TILE):
        is_column = columns < keys
        visible = is_column[None, :]
        k = tl.load(k_at, mask=is_lane & visible, other=0.0).to(tl.float32)
        scores = tl.dot(q, k, input_precision="ieee")
        if MASKED:
            # Rows past the last see every key: what they give is not stored, and must not be 0 / 0.
            visible = visible & (tl.load(mask_at, mask=is_row & visible, other=1) != 0)
        if CAUSAL:
            visible = visible & (columns[None, :] <= rows)
        scores = tl.where(visible, scores, -float("inf"))
        larger = tl.maximum(largest, tl.max(scores, 1))
        # A row that has seen no key yet must not compute -inf - -inf.
        anchor = tl.where(larger == -float("inf"), 0.0, larger)
        weights = tl.exp(scores - anchor[:, None])
        shrink = tl.exp(largest - anchor)
        v = tl.load(v_at, mask=is_column[:, None] & is_value, other=0.0).to(tl.float32)
        total = total * shrink + tl.sum(weights, 1)
        sums = sums * shrink[:, None] + tl.dot(weights, v, input_precision="ieee")
        largest = larger
        columns += TILE
        k_at += TILE * k_strides[1]
        v_at += TILE * v_strides[1]
        mask_at += TILE * mask_strides[2]
    out_at = out_ptr + (head * queries + rows) * value_width + value_lanes
    tl.store(out_at, sums / total[:, None], mask=is_row & is_value)
    tl.store(sums_ptr + head * queries + rows, (largest + tl.log(total))[:, None], mask=is_row)


class KernelAttention(torch.autograd.Function):
    """Attention forward in one kernel; backward as in `TiledAttention`, from the log-sum-exp it saves."""

    @staticmethod
    def forward(
        ctx: Any,
        q: torch.Tensor,
        k: torch.Tensor,
        v: torch.Tensor,
        is_causal: bool = False,  # noqa: FBT001, FBT002 - autograd hands on positions, never names
        mask: torch.Tensor | None = None,
        share: int = 1,
    ) -> torch.Tensor:
        """Return attention; arguments as in `attention`."""
        output, log_sums = attention(q, k, v, mask=mask, causal=is_causal, share=share)
        ctx.save_for_backward(q, k, v, output, log_sums, mask)
        ctx.is_causal, ctx.share = is_causal, share
        return output

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Any) -> tuple[torch.Tensor | None, ...]:
        """Return the gradients of q, k and v, of their dtypes, and None for the rest."""
        q, k, v, output, log_sums, mask = ctx.saved_tensors
        repeated = k, v
        if ctx.share > 1:
            repeated = k.repeat_interleave(ctx.share, -3), v.repeat_interleave(ctx.share, -3)
        grad_q, *others = tiled_gradients(
            q, *repeated, output, log_sums, grad_outputs[0], causal=ctx.is_causal, mask=mask
        )
        summed = (
            grad.reshape(*source.shape[:-2], ctx.share, *source.shape[-2:]).sum(-3) if ctx.share > 1 else grad
            for grad, source in zip(others, (k, v), strict=True)
        )
        return grad_q, *summed, None, None, None


def attention(
    q: torch.Tensor,
    k: torch.Tensor,
    v: torch.Tensor,
    *,
    mask: torch.Tensor | None = None,
    causal: bool = False,
    share: int = 1,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return `softmax(q k^T / sqrt(Dk) + mask) v` and the log-sum-exp of the scores, computed in float32.

    Arguments:
        q: `Float[..., Tq, Dk]`, float32, bfloat16 or float16.
        k: `Float[..., Tk, Dk]`.
        v: `Float[..., Tk, Dv]`.
        mask: `Bool[..., Tq, Tk]`, True where a query may see a key; all of them where None.
        causal: a query sees only keys of no later position, both counted from the first.
        share: how many neighbouring heads of queries, in the dimension before Tq, attend with one of keys.

    Returns:
        `Float[..., Tq, Dv]` of the dtype of `q`, and `Float[..., Tq]`, float32.
    """
    queries, width = q.shape[-2:]
    keys, value_width = v.shape[-2:]
    shape = (*q.shape[:-2], queries, value_width)
    flat_q, flat_k, flat_v = (each.reshape(-1, *each.shape[-2:]) for each in (q, k, v))
    seen = flat_q if mask is None else mask.expand(*q.shape[:-2], queries, keys).reshape(-1, queries, keys)
    out = output_like(q.new_empty(flat_q.shape[0], queries, value_width))
    sums = torch.empty(flat_q.shape[:-1], dtype=torch.float32, device=q.device)
    _attention_tiles[(-(-queries // TILE), flat_q.shape[0])](
        flat_q,
        flat_k,
        flat_v,
        seen if mask is None else seen.to(torch.uint8),
        out,
        sums,
        *(each.stride() for each in (flat_q, flat_k, flat_v, seen)),
        queries,
        keys,
        width,
        value_width,
        share,
        1 / math.sqrt(width),
        CAUSAL=causal,
        MASKED=mask is not None,
        TILE=TILE,
        WIDTH=_side(width),
        VALUE_WIDTH=_side(value_width),
    )
    return out.to(q.dtype).reshape(shape), sums.reshape(q.shape[:-1])


def _side(width: int) -> int:
    """Return the power of two that a matrix of this width is padded to."""
    return max(LEAST, 1 << (width - 1).bit_length())
