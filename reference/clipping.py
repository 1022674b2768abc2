"""Gradient clipping by the norm of all gradients together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import torch

from .precision import widened

EPS = 1e-6


def clipped(gradients: Sequence[torch.Tensor], max_norm: float) -> tuple[torch.Tensor, ...]:
    """Return `g * max_norm / (|g| + 1e-6)` where `|g| > max_norm`, else the gradients as they are.

    `|g|` is the Euclidean norm over the elements of all gradients: Pascanu, Mikolov and Bengio, "On the
    difficulty of training recurrent neural networks", 2013, algorithm 1; the 1e-6 is PyTorch's.

    Arguments:
        gradients: `Float[...]` each, any shapes and dtypes.
        max_norm: the largest norm that is left alone.

    Returns:
        One tensor a gradient, of its shape and dtype.
    """
    squares = [widened(gradient).square().sum().double() for gradient in gradients]
    norm = float(torch.stack(squares).sum().sqrt()) if squares else 0.0
    if norm <= max_norm:
        return tuple(gradients)
    scale = max_norm / (norm + EPS)
    return tuple((widened(gradient) * scale).to(gradient.dtype) for gradient in gradients)


def clip_gradients(parameters: Iterable[torch.Tensor], max_norm: float) -> None:
    """Clip the gradients of `parameters` in place; see `clipped`.

    Arguments:
        parameters: read once, so a generator will do; those without a gradient take no part.
        max_norm: the largest norm that is left alone.
    """
    gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
    with torch.no_grad():
        for gradient, new in zip(gradients, clipped(gradients, max_norm), strict=True):
            if new is not gradient:
                gradient.copy_(new)
