"""Causal self-attention with several heads."""

from __future__ import annotations

import torch

from .precision import widened
from .rotary import rope
from .scaled_dot_product import attention


def multihead_self_attention(
    x: torch.Tensor,
    q_proj: torch.Tensor,
    k_proj: torch.Tensor,
    v_proj: torch.Tensor,
    o_proj: torch.Tensor,
    *,
    heads: int,
    theta: float | None = None,
    positions: torch.Tensor | None = None,
) -> torch.Tensor:
    """Return `concat(head_1, ..., head_h) W_O^T`, each head attending causally to its own projections.

    Source: Vaswani et al., "Attention is all you need", 2017, section 3.2.2. A head is a contiguous block
    of rows of the projections. With `theta`, queries and keys are turned by their positions first.

    Arguments:
        x: `Float[..., T, D]`.
        q_proj: `Float[D, D]`, out by in, as the next three.
        k_proj: as `q_proj`.
        v_proj: as `q_proj`.
        o_proj: as `q_proj`.
        heads: divides D.
        theta: base of the frequencies of `rope`; no positions without it.
        positions: `Int[..., T]`; 0 to T - 1 where None.

    Returns:
        `Float[..., T, D]`, the dtype of `x`.
    """
    wide = widened(x)
    q, k, v = (_split(wide @ widened(weight).T, heads) for weight in (q_proj, k_proj, v_proj))
    if theta is not None:
        places = torch.arange(x.shape[-2], device=x.device) if positions is None else positions
        q, k = (rope(each, places[..., None, :], theta=theta) for each in (q, k))
    joined = attention(q, k, v, causal=True).transpose(-3, -2).flatten(-2)
    return (joined @ widened(o_proj).T).to(x.dtype)


def _split(x: torch.Tensor, heads: int) -> torch.Tensor:
    """Return `Float[..., H, T, D / H]` of `Float[..., T, D]`."""
    return x.reshape(*x.shape[:-1], heads, -1).transpose(-3, -2)
