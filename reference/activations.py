"""Activations: SiLU, and the gated feed-forward layer built on it."""

from __future__ import annotations

import torch

from .precision import widened


def silu(x: torch.Tensor) -> torch.Tensor:
    """Return `x / (1 + exp(-x))`, element by element.

    Source: Hendrycks and Gimpel, "Gaussian Error Linear Units", 2016, section 2.

    Arguments:
        x: `Float[...]`, any floating-point dtype.

    Returns:
        `Float[...]`, the dtype of `x`.
    """
    wide = widened(x)
    return (wide * torch.sigmoid(wide)).to(x.dtype)


def swiglu(x: torch.Tensor, w1: torch.Tensor, w2: torch.Tensor, w3: torch.Tensor) -> torch.Tensor:
    """Return `W2 (SiLU(W1 x) * W3 x)`, without biases.

    Source: Shazeer, "GLU Variants Improve Transformer", 2020, equation 6, with beta 1.

    Arguments:
        x: `Float[..., D]`, any floating-point dtype.
        w1: `Float[F, D]`, of the branch that SiLU passes.
        w2: `Float[D, F]`, back to the model's width.
        w3: `Float[F, D]`, of the other branch.

    Returns:
        `Float[..., D]`, the dtype of `x`.
    """
    wide = widened(x)
    gate = silu(wide @ widened(w1).transpose(0, 1))
    return (gate * (wide @ widened(w3).transpose(0, 1)) @ widened(w2).transpose(0, 1)).to(x.dtype)
