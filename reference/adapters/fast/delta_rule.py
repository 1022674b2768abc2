"""The gated delta rule on one thread: a compiled step, which reads and writes the state once, and chunks."""

from __future__ import annotations

import ctypes
from typing import Any

import torch

from ...delta_rule import Pair, gated_delta_decode, gated_delta_gates, gated_delta_prefill
from ...delta_rule_chunks import chunked
from .building import library

CHUNK = 64


def run_gdn_decode(  # noqa: PLR0913, PLR0917 - the order of the published definition
    q: torch.Tensor,
    k: torch.Tensor,
    v: torch.Tensor,
    state: torch.Tensor | None,
    A_log: torch.Tensor,
    a: torch.Tensor,
    dt_bias: torch.Tensor,
    b: torch.Tensor,
    scale: float | None,
) -> Pair:
    """Return what one more token of each of B sequences reads, and their states after it.

    The reference takes what is float64, lies on another device or needs gradients.

    Arguments:
        q: `Float[B, 1, Hq, K]`.
        k: `Float[B, 1, Hq, K]`, of norm one.
        v: `Float[B, 1, Hv, V]`.
        state: `Float32[B, Hv, V, K]`, zeros where None.
        A_log: `Float[Hv]`.
        a: `Float[B, 1, Hv]`.
        dt_bias: `Float[Hv]`.
        b: `Float[B, 1, Hv]`.
        scale: of the output; 1 / sqrt(K) where None or 0.
    """
    given = [each for each in (q, k, v, state, A_log, a, dt_bias, b) if each is not None]
    if any(each.dtype == torch.float64 or each.device.type != "cpu" or each.requires_grad for each in given):
        return gated_delta_decode(q, k, v, state, A_log, a, dt_bias, b, scale)
    log_decay, beta = gated_delta_gates(A_log, a, dt_bias, b)
    batch, _, heads, rows = v.shape
    query_heads, columns = q.shape[2:]
    start = torch.zeros(batch, heads, rows, columns) if state is None else state.float().contiguous()
    after, output = torch.empty_like(start), torch.empty(v.shape)
    own = [_plain(each) for each in (q, k, v, log_decay.exp(), beta)]
    library("delta_rule").gated_delta_step(
        *(ctypes.c_void_p(each.data_ptr()) for each in (*own, start, after, output)),
        *(ctypes.c_int64(each) for each in (batch, heads, query_heads, rows, columns)),
        ctypes.c_float(scale or columns**-0.5),
    )
    return output.to(q.dtype), after


def run_gdn_prefill(*args: Any) -> Pair:
    """Return what the tokens of N sequences read, and the states after their last ones, in chunks.

    Takes the arguments of the reference's `gated_delta_prefill`.
    """
    return gated_delta_prefill(*args, form=chunked(CHUNK))


def _plain(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.float().contiguous()
