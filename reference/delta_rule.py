"""The gated delta rule: a state that forgets, corrects itself, and is asked, token by token.

Source: Yang, Kautz and Hatamizadeh, "Gated Delta Networks: Improving Mamba2 with Delta Rule", 2024;
the gate of the decay as in Dao and Gu, "Transformers are SSMs", 2024.

Value heads come in equal groups, and group j reads query and key head j. The keys are taken as they
are: the recurrence stays bounded only for keys whose Euclidean norm is at most about one.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import NamedTuple, TypeAlias

import torch
import torch.nn.functional as F

from .precision import widened

Pair: TypeAlias = tuple[torch.Tensor, torch.Tensor]


class Tokens(NamedTuple):
    """What each token brings, every tensor in the dtype that is computed in.

    `q` and `k` are `Float[..., Hv, K]`, `v` is `Float[..., Hv, V]`; `log_decay` and `beta` are
    `Float[..., Hv]`, the logarithm of what is kept of the state and the share of the error corrected.
    """

    q: torch.Tensor
    k: torch.Tensor
    v: torch.Tensor
    log_decay: torch.Tensor
    beta: torch.Tensor


Form: TypeAlias = Callable[[Tokens, torch.Tensor, float], Pair]


def gated_delta_gates(A_log: torch.Tensor, a: torch.Tensor, dt_bias: torch.Tensor, b: torch.Tensor) -> Pair:
    """Return `-exp(A_log) softplus(a + dt_bias)` and `sigmoid(b)`: the logarithm of the decay, and beta.

    Arguments:
        A_log: `Float[Hv]`.
        a: `Float[..., Hv]`.
        dt_bias: `Float[Hv]`.
        b: `Float[..., Hv]`.

    Returns:
        Two `Float[..., Hv]`, float32 or wider.
    """
    log_decay = -widened(A_log).exp() * F.softplus(widened(a) + widened(dt_bias))
    return log_decay, torch.sigmoid(widened(b))


def gated_delta_step(token: Tokens, state: torch.Tensor, scale: float) -> Pair:
    """Return what one token reads, `Float[..., Hv, V]`, and the state after it, `Float[..., Hv, V, K]`.

    ```
    S = exp(log_decay) S
    S = S + beta (v - S k) k^T
    o = scale S q
    ```
    """
    q, k, v, log_decay, beta = token
    kept = log_decay.exp()[..., None, None] * state
    error = beta[..., None] * (v - (kept @ k[..., None])[..., 0])
    corrected = kept + error[..., None] * k[..., None, :]
    return scale * (corrected @ q[..., None])[..., 0], corrected


def recurrent(tokens: Tokens, state: torch.Tensor, scale: float) -> Pair:
    """Return what T tokens of one sequence read, one after the other, and the state after the last."""
    read = []
    for token in zip(*tokens, strict=True):
        output, state = gated_delta_step(Tokens(*token), state, scale)
        read.append(output)
    return torch.stack(read) if read else tokens.v, state


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
) -> Pair:
    """Return what one more token of each of B sequences reads, and their states after it.

    Arguments:
        q: `Float[B, 1, Hq, K]`.
        k: `Float[B, 1, Hq, K]`, of norm one.
        v: `Float[B, 1, Hv, V]`; Hv is a multiple of Hq.
        state: `Float[B, Hv, V, K]`, zeros where None; left as it is.
        A_log: `Float[Hv]`.
        a: `Float[B, 1, Hv]`.
        dt_bias: `Float[Hv]`.
        b: `Float[B, 1, Hv]`.
        scale: of the output; 1 / sqrt(K) where None or 0.

    Returns:
        `Float[B, 1, Hv, V]` in the dtype of `q`, and `Float[B, Hv, V, K]` in float32 or wider.

    Raises:
        ValueError: Hv is no multiple of Hq, or there is not exactly one token.
    """
    if q.shape[1] != 1:
        msg = f"decoding takes one token a sequence, not {q.shape[1]}"
        raise ValueError(msg)
    token = Tokens(*(each[:, 0] for each in _tokens(q, k, v, gated_delta_gates(A_log, a, dt_bias, b))))
    start = _start(state, token, q.shape[0])
    output, after = gated_delta_step(token, start, _scale(scale, q))
    return output[:, None].to(q.dtype), after


def gated_delta_prefill(  # noqa: PLR0913, PLR0917 - the order of the published definition
    q: torch.Tensor,
    k: torch.Tensor,
    v: torch.Tensor,
    state: torch.Tensor | None,
    A_log: torch.Tensor,
    a: torch.Tensor,
    dt_bias: torch.Tensor,
    b: torch.Tensor,
    cu_seqlens: torch.Tensor,
    scale: float | None = None,
    *,
    form: Form = recurrent,
) -> Pair:
    """Return what the tokens of N sequences, laid end to end, read, and the states after their last ones.

    The state of a sequence without tokens is handed on unchanged.

    Arguments:
        q: `Float[T, Hq, K]`.
        k: `Float[T, Hq, K]`, of norm one.
        v: `Float[T, Hv, V]`; Hv is a multiple of Hq.
        state: `Float[N, Hv, V, K]`, zeros where None; left as it is.
        A_log: `Float[Hv]`.
        a: `Float[T, Hv]`.
        dt_bias: `Float[Hv]`.
        b: `Float[T, Hv]`.
        cu_seqlens: `Int[N + 1]`: sequence n is tokens `cu_seqlens[n]` up to `cu_seqlens[n + 1]`.
        scale: of the output; 1 / sqrt(K) where None or 0.
        form: how a sequence is computed: `recurrent`, or chunk by chunk.

    Returns:
        `Float[T, Hv, V]` in the dtype of `q`, and `Float[N, Hv, V, K]` in float32 or wider.

    Raises:
        ValueError: Hv is no multiple of Hq, or `cu_seqlens` does not run from 0 to T without going back.
    """
    bounds = [int(bound) for bound in cu_seqlens.tolist()]
    if bounds[:1] != [0] or bounds[-1] != len(q) or bounds != sorted(bounds):
        msg = f"cu_seqlens has to rise from 0 to the number of tokens, {len(q)}, and is {bounds}"
        raise ValueError(msg)
    tokens = _tokens(q, k, v, gated_delta_gates(A_log, a, dt_bias, b))
    states = _start(state, tokens, len(bounds) - 1)
    factor = _scale(scale, q)
    ran = [
        form(Tokens(*(each[first:last] for each in tokens)), start, factor)
        for start, (first, last) in zip(states, pairwise(bounds), strict=True)
    ]
    output = torch.cat([each for each, _ in ran]) if ran else tokens.v
    after = torch.stack([each for _, each in ran]) if ran else states.clone()
    return output.to(q.dtype), after


def _tokens(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, gates: Pair) -> Tokens:
    """Give every value head the query and the key that it reads, in the dtype that is computed in."""
    groups, rest = divmod(v.shape[-2], q.shape[-2])
    if rest:
        msg = f"{v.shape[-2]} value heads are no multiple of {q.shape[-2]} query heads"
        raise ValueError(msg)
    read_q, read_k = (widened(each).repeat_interleave(groups, -2) for each in (q, k))
    log_decay, beta = gates
    return Tokens(read_q, read_k, widened(v), log_decay, beta)


def _start(state: torch.Tensor | None, tokens: Tokens, sequences: int) -> torch.Tensor:
    if state is not None:
        return state.to(torch.promote_types(state.dtype, tokens.v.dtype))
    heads, width = tokens.v.shape[-2:]
    return tokens.v.new_zeros(sequences, heads, width, tokens.k.shape[-1])


def _scale(scale: float | None, q: torch.Tensor) -> float:
    return scale or float(q.shape[-1] ** -0.5)
