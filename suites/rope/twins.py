"""How far the angles of right float32 code may lie from those of float64."""

from __future__ import annotations

import torch

from .. import reference


def nudged(theta: float) -> float:
    """Return a base two units of float32 away from `theta`.

    Right code computes frequencies as powers, as exponentials of logarithms, or in float64; an error of
    one unit of a frequency is multiplied by the position, and which of them it makes is chance.
    """
    return theta * (1 + 2.0**-22)


def rope(x: torch.Tensor, positions: torch.Tensor, *, theta: float) -> torch.Tensor:
    """Return what float32 code may give for `rope`, frequencies a unit off."""
    turned: torch.Tensor = reference.rope(x, positions, theta=nudged(theta))
    return turned
