"""Rows of a matrix chosen or weighed: embedding and linear map."""

from __future__ import annotations

import torch

from .precision import widened


def linear(x: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """Return `x W^T`, without a bias.

    Arguments:
        x: `Float[..., Din]`, any floating-point dtype.
        weight: `Float[Dout, Din]`.

    Returns:
        `Float[..., Dout]`, the dtype of `x`.
    """
    return (widened(x) @ widened(weight).transpose(0, 1)).to(x.dtype)


def embedding(weight: torch.Tensor, token_ids: torch.Tensor) -> torch.Tensor:
    """Return for each token the row of `weight` that its id names, unchanged.

    Arguments:
        weight: `Float[V, D]`.
        token_ids: `Int[...]`, each in [0, V).

    Returns:
        `Float[..., D]`, the dtype of `weight`.
    """
    return weight[token_ids]
