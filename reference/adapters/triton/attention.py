"""Attention."""

from __future__ import annotations

import torch

from ...kernels.attention import KernelAttention


def run_scaled_dot_product_attention(
    Q: torch.Tensor,
    K: torch.Tensor,
    V: torch.Tensor,
    mask: torch.Tensor | None = None,
) -> torch.Tensor:
    """Return attention of `Float[..., T, D]`; `mask` `Bool[..., Tq, Tk]` is True for a key to see."""
    return _attend(Q, K, V, False, mask)  # noqa: FBT003 - as autograd takes it


def run_attention(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, *, causal: bool) -> torch.Tensor:
    """Return attention of `Float[B, H, T, D]`, causal or not."""
    return _attend(q, k, v, causal)


def run_grouped_attention(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, *, causal: bool) -> torch.Tensor:
    """Return attention of `q` `Float[B, Hq, Tq, D]` whose heads share those of `k` and `v` in turn."""
    return _attend(q, k, v, causal, None, q.shape[-3] // k.shape[-3])


def get_flashattention_autograd_function_triton() -> type[torch.autograd.Function]:
    """Return attention as an autograd function: `apply(q, k, v, is_causal)` on `Float[B, T, D]`."""
    return KernelAttention


def _attend(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, *rest: object) -> torch.Tensor:
    output: torch.Tensor = KernelAttention.apply(q, k, v, *rest)  # type: ignore[no-untyped-call]  # as torch's
    return output
