"""Rotary position embedding: pairs of features turn by an angle that grows with the position."""

from __future__ import annotations

import torch

from .precision import widened


def rope(x: torch.Tensor, positions: torch.Tensor, *, theta: float) -> torch.Tensor:
    """Return `x` with each pair (2i, 2i + 1) of features turned by `position * theta^(-2i / D)`.

    Source: Su et al., "RoFormer: Enhanced transformer with rotary position embedding", 2021, equations
    15 and 34.

    Arguments:
        x: `Float[..., T, D]`, D even.
        positions: `Int[..., T]`, in any order; leading dimensions as those of `x`, or broadcast to them.
        theta: base of the frequencies; 10,000 in the source.

    Returns:
        `Float[..., T, D]`, the dtype of `x`.

    Raises:
        ValueError: D is odd.
    """
    angles = _angles(positions, x.shape[-1], theta, widened(x).dtype)
    return _turned(x, angles.cos(), angles.sin())


def rope_tables(
    length: int,
    width: int,
    *,
    theta: float,
    dtype: torch.dtype = torch.float32,
    device: torch.device | str = "cpu",
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return cosines and sines of the angles of positions 0 to `length` - 1, `Float[length, width / 2]`.

    Raises:
        ValueError: `width` is odd.
    """
    angles = _angles(torch.arange(length, device=device), width, theta, dtype)
    return angles.cos(), angles.sin()


def rope_from_tables(
    x: torch.Tensor, positions: torch.Tensor, cosines: torch.Tensor, sines: torch.Tensor
) -> torch.Tensor:
    """Return what `rope` returns, with what `rope_tables` has computed once.

    Arguments:
        x: `Float[..., T, D]`.
        positions: `Int[..., T]`, below the length of the tables.
        cosines: `Float[length, D / 2]`.
        sines: `Float[length, D / 2]`.
    """
    return _turned(x, cosines[positions], sines[positions])


def _angles(positions: torch.Tensor, width: int, theta: float, dtype: torch.dtype) -> torch.Tensor:
    """Return `Float[..., T, width / 2]`."""
    if width % 2:
        msg = f"features turn in pairs, and {width} is odd"
        raise ValueError(msg)
    exponents = torch.arange(0, width, 2, dtype=dtype, device=positions.device) / width
    return positions[..., None].to(dtype) * torch.pow(theta, -exponents)


def _turned(x: torch.Tensor, cosines: torch.Tensor, sines: torch.Tensor) -> torch.Tensor:
    even, odd = widened(x)[..., ::2], widened(x)[..., 1::2]
    pairs = even * cosines - odd * sines, even * sines + odd * cosines
    return torch.stack(pairs, -1).flatten(-2).to(x.dtype)
