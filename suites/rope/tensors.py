"""Features and positions, and how far right float32 code may lie from what float64 makes of them."""

from __future__ import annotations

from typing import Any

import torch

from pytest_bolt.correctness import inputs

from .. import reference

LONGEST = 2048


def features(*shape: int, distribution: str = "blocks", seed: int = 0, **place: Any) -> torch.Tensor:
    """Return `Float[..., D]` whose rows follow a distribution, a name of `inputs.DISTRIBUTIONS`."""
    rows = torch.Size(shape[:-1]).numel()
    return inputs.DISTRIBUTIONS[distribution](rows, shape[-1], seed=seed, **place).reshape(shape)


def scattered(
    *shape: int, device: torch.device | str = "cpu", seed: int = 0, longest: int = LONGEST
) -> torch.Tensor:
    """Return positions `Int[...]` in no order, the last possible and the first among them."""
    places = torch.randint(longest, shape, generator=torch.Generator().manual_seed(seed))
    places.reshape(-1)[:2] = torch.tensor([longest - 1, 0])[: places.numel()]
    return places.to(device)


def unsure(positions: torch.Tensor) -> torch.Tensor:
    """Return positions two units of float32 too large, `Float[...]`.

    Right code computes frequencies as powers, as exponentials of logarithms, or in float64. Which errors
    of a unit or two it makes is chance, and the position multiplies them: this is what they may come to.
    """
    return positions.double().mul(1 + 2.0**-22).float()


def rope(x: torch.Tensor, positions: torch.Tensor, *, theta: float) -> torch.Tensor:
    """Return what float32 code may give for `rope`."""
    turned: torch.Tensor = reference.rope(x, unsure(positions), theta=theta)
    return turned
