"""Attention."""

from __future__ import annotations

import torch

from ...scaled_dot_product import attention, grouped_attention
from ...tiled_attention import TiledAttention


def run_scaled_dot_product_attention(
    Q: torch.Tensor,
    K: torch.Tensor,
    V: torch.Tensor,
    mask: torch.Tensor | None = None,
) -> torch.Tensor:
    """Return attention of `Float[..., T, D]`; `mask` `Bool[..., Tq, Tk]` is True for a key to see."""
    return attention(Q, K, V, mask=mask)


def run_attention(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, *, causal: bool) -> torch.Tensor:
    """Return attention of `Float[B, H, T, D]`, causal or not."""
    return attention(q, k, v, causal=causal)


def run_grouped_attention(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, *, causal: bool) -> torch.Tensor:
    """Return attention of `q` `Float[B, Hq, Tq, D]` whose heads share those of `k` and `v` in turn."""
    return grouped_attention(q, k, v, causal=causal)


def get_flashattention_autograd_function_pytorch() -> type[torch.autograd.Function]:
    """Return attention as an autograd function: `apply(q, k, v, is_causal)` on `Float[B, T, D]`."""
    return TiledAttention
