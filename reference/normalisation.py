"""Operations that divide a row by something computed from that row."""

from __future__ import annotations

import torch

from .precision import widened


def softmax(x: torch.Tensor, dim: int) -> torch.Tensor:
    """Return `exp(x - max x) / sum exp(x - max x)` along `dim`.

    The maximum is subtracted so that nothing overflows: Milakov and Gimelshein, "Online normalizer
    calculation for softmax", 2018, algorithm 2. A slice that holds NaN or inf, or -inf only, is NaN.

    Arguments:
        x: `Float[..., dim, ...]`, any floating-point dtype.
        dim: the dimension that sums to one.

    Returns:
        `Float[..., dim, ...]`, the dtype of `x`.
    """
    if not x.numel():
        return torch.empty_like(x)
    wide = widened(x)
    exponentials = torch.exp(wide - wide.amax(dim, keepdim=True))
    return (exponentials / exponentials.sum(dim, keepdim=True)).to(x.dtype)


def rms_norm(x: torch.Tensor, weight: torch.Tensor, *, eps: float) -> torch.Tensor:
    """Return `x / sqrt(mean(x^2) + eps) * weight` along the last dimension.

    Source: Zhang and Sennrich, "Root Mean Square Layer Normalization", 2019, equation 4; `eps` inside
    the root.

    Arguments:
        x: `Float[..., D]`, any floating-point dtype.
        weight: `Float[D]`.
        eps: added to the mean square.

    Returns:
        `Float[..., D]`, the dtype of `x`.
    """
    wide = widened(x)
    mean_square = wide.square().mean(-1, keepdim=True)
    return (wide * torch.rsqrt(mean_square + eps) * widened(weight)).to(x.dtype)


def layer_norm(
    x: torch.Tensor, weight: torch.Tensor | None = None, bias: torch.Tensor | None = None, *, eps: float
) -> torch.Tensor:
    """Return `(x - mean x) / sqrt(var x + eps) * weight + bias` along the last dimension.

    Source: Ba, Kiros and Hinton, "Layer Normalization", 2016, equation 4; the variance is the mean of
    squares, divided by D, and `eps` stands inside the root.

    Arguments:
        x: `Float[..., D]`, any floating-point dtype.
        weight: `Float[D]`; one where None.
        bias: `Float[D]`; zero where None.
        eps: added to the variance.

    Returns:
        `Float[..., D]`, the dtype of `x`.
    """
    wide = widened(x)
    centred = wide - wide.mean(-1, keepdim=True)
    normal = centred * torch.rsqrt(centred.square().mean(-1, keepdim=True) + eps)
    scaled = normal if weight is None else normal * widened(weight)
    return (scaled if bias is None else scaled + widened(bias)).to(x.dtype)
