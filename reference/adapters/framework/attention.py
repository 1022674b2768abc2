"""Attention."""

from __future__ import annotations

import torch
from torch.nn import functional


def run_scaled_dot_product_attention(
    Q: torch.Tensor,
    K: torch.Tensor,
    V: torch.Tensor,
    mask: torch.Tensor | None = None,
) -> torch.Tensor:
    """Return fused attention of `Float[..., T, D]`; `mask` `Bool[..., Tq, Tk]` is True for a key to see."""
    return functional.scaled_dot_product_attention(Q, K, V, attn_mask=mask)


def run_attention(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, *, causal: bool) -> torch.Tensor:
    """Return fused attention of `Float[B, H, T, D]`, causal or not."""
    return functional.scaled_dot_product_attention(q, k, v, is_causal=causal)


def run_grouped_attention(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, *, causal: bool) -> torch.Tensor:
    """Return fused attention of `q` `Float[B, Hq, Tq, D]` whose heads share those of `k` and `v` in turn."""
    return functional.scaled_dot_product_attention(q, k, v, is_causal=causal, enable_gqa=True)
