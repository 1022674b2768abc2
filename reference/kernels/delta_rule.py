"""One step of the gated delta rule: the state is read once and written once.

A row of the state changes by itself, so one program takes a block of rows of one head.
"""

from __future__ import annotations

import torch
import triton
import triton.language as tl

from .mode import output_like, tile

ROWS = 128


@triton.jit
def _step(  # type: ignore[no-untyped-def]  # noqa: PLR0913, PLR0917 - Triton's types, one pointer a tensor
    q_ptr,
    k_ptr,
    v_ptr,
    state_ptr,
    A_log_ptr,
    a_ptr,
    dt_bias_ptr,
    b_ptr,
    out_ptr,
    after_ptr,
    scale,
    heads,
    groups,
    rows,
    columns,
    FRESH: tl.constexpr,
    ROWS: tl.constexpr,
    TILE: tl.constexpr,
):
    sequence_head = tl.program_id(0).to(tl.int64)
    head = sequence_head % heads
    row = tl.program_id(1) * ROWS + tl.arange(0, ROWS)
    column = tl.arange(0, TILE)
    has_row, has_column = row < rows, column < columns
    # Heads of q and k lie `groups` times closer than those of v, across the sequences too.
    read = sequence_head // groups * columns + column
    q = tl.load(q_ptr + read, mask=has_column, other=0.0).to(tl.float32)
    k = tl.load(k_ptr + read, mask=has_column, other=0.0).to(tl.float32)
    v = tl.load(v_ptr + sequence_head * rows + row, mask=has_row, other=0.0).to(tl.float32)
    open_by = tl.load(a_ptr + sequence_head).to(tl.float32) + tl.load(dt_bias_ptr + head).to(tl.float32)
    softplus = tl.maximum(open_by, 0.0) + tl.log(1.0 + tl.exp(-tl.abs(open_by)))
    decay = tl.exp(-tl.exp(tl.load(A_log_ptr + head).to(tl.float32)) * softplus)
    beta = 1.0 / (1.0 + tl.exp(-tl.load(b_ptr + sequence_head).to(tl.float32)))
    place = (sequence_head * rows + row[:, None]) * columns + column[None, :]
    inside = has_row[:, None] & has_column[None, :]
    state = tl.zeros((ROWS, TILE), tl.float32)
    if not FRESH:
        state = decay * tl.load(state_ptr + place, mask=inside, other=0.0).to(tl.float32)
    error = beta * (v - tl.sum(state * k[None, :], 1))
    state += error[:, None] * k[None, :]
    tl.store(after_ptr + place, state, mask=inside)
    output = scale * tl.sum(state * q[None, :], 1)
    tl.store(out_ptr + sequence_head * rows + row, output, mask=has_row)


def gated_delta_decode(  # noqa: PLR0913, PLR0917 - the order of the published definition
    q: torch.Tensor,
    k: torch.Tensor,
    v: torch.Tensor,
    state: torch.Tensor | None,
    A_log: torch.Tensor,
    a: torch.Tensor,
    dt_bias: torch.Tensor,
    b: torch.Tensor,
    scale: float | None = None,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return what one more token of each sequence reads, and the states after it, computed in float32.

    Arguments:
        q: `Float[B, 1, Hq, K]`, float32, bfloat16 or float16, as all but the state.
        k: `Float[B, 1, Hq, K]`, of norm one.
        v: `Float[B, 1, Hv, V]`.
        state: `Float32[B, Hv, V, K]`, zeros where None.
        A_log: `Float[Hv]`.
        a: `Float[B, 1, Hv]`.
        dt_bias: `Float[Hv]`.
        b: `Float[B, 1, Hv]`.
        scale: of the output; 1 / sqrt(K) where None or 0.
    """
    batch, _, heads, rows = v.shape
    columns = q.shape[-1]
    out, after = output_like(v), torch.empty(batch, heads, rows, columns, device=v.device)
    if not after.numel():
        return out.to(q.dtype), after
    block = min(tile(rows), ROWS)
    given = (q, k, v, after if state is None else state, A_log, a, dt_bias, b)
    _step[(batch * heads, triton.cdiv(rows, block))](
        *(each.contiguous() for each in given),
        out,
        after,
        scale or columns**-0.5,
        heads,
        heads // q.shape[-2],
        rows,
        columns,
        FRESH=state is None,
        ROWS=block,
        TILE=tile(columns),
    )
    return out.to(q.dtype), after
