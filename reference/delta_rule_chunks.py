"""The gated delta rule, a chunk of tokens at a time: matrix products in place of a loop over tokens."""

from __future__ import annotations

import functools
import math

import torch

from .delta_rule import Form, Pair, Tokens


def chunked(size: int) -> Form:
    """Return the form of `gated_delta_prefill` that takes `size` tokens at a time, at the end fewer."""
    return functools.partial(_in_chunks, size=size)


def _in_chunks(tokens: Tokens, state: torch.Tensor, scale: float, *, size: int) -> Pair:
    read = []
    for first in range(0, len(tokens.v), size):
        chunk = Tokens(*(each[first : first + size] for each in tokens))
        output, state = gated_delta_chunk(chunk, state, scale)
        read.append(output)
    return torch.cat(read) if read else tokens.v, state


def gated_delta_chunk(chunk: Tokens, state: torch.Tensor, scale: float) -> Pair:
    """Return what C tokens of one sequence read, `Float[C, Hv, V]`, and the state after them.

    With G the running sum of `log_decay` and D[i, j] = exp(G_i - G_j), a head at a time:
    ```
    (I + tril(beta K K^T * D, -1)) E = beta (V - exp(G) K S^T)      each token's correction, one a row
    O = scale (exp(G) Q S^T + tril(Q K^T * D) E)
    S = exp(G_C) S + E^T (exp(G_C - G) K)
    ```
    Source: Yang et al., "Parallelizing Linear Transformers with the Delta Rule over Sequence Length",
    2024, with the decay of Yang, Kautz and Hatamizadeh, "Gated Delta Networks", 2024.
    """
    q, k, v = (each.transpose(0, 1) for each in chunk[:3])
    total, beta = chunk.log_decay.t().cumsum(-1), chunk.beta.t()[..., None]
    # Masked before the exponential: above the diagonal it may overflow, and inf has no gradient.
    later = torch.ones(len(chunk.v), len(chunk.v), dtype=torch.bool, device=v.device).triu(1)
    between = (total[..., :, None] - total[..., None, :]).masked_fill(later, -math.inf).exp()
    reached = total.exp()[..., None]
    system = (beta * (k @ k.mT) * between).tril(-1)
    wanted = beta * (v - reached * (k @ state.mT))
    errors = torch.linalg.solve_triangular(system, wanted, upper=False, unitriangular=True)
    output = scale * (reached * (q @ state.mT) + (q @ k.mT * between) @ errors)
    left = (total[..., -1:] - total).exp()[..., None]
    after = reached[..., -1:, :] * state + errors.mT @ (left * k)
    return output.transpose(0, 1), after
