"""Hypothesis strategies for tensors; what is drawn prints as the call that makes the tensor again."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from hypothesis import strategies as st

LAYOUTS = ("contiguous", "reversed", "gaps")
SCALES = (1.0, 1e-3, 30.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """A tensor to be: N(0, 1) times `scale`, with `firsts` in place of the first elements.

    `layout` is its memory: `contiguous`, `reversed` (dimensions in opposite order) or `gaps` (every
    second element of a wider last dimension).
    """

    shape: tuple[int, ...]
    layout: str = "contiguous"
    scale: float = 1.0
    firsts: tuple[float, ...] = ()
    seed: int = 0

    def tensor(self, *, device: torch.device | str, dtype: torch.dtype) -> torch.Tensor:
        """Return the tensor, rounded to `dtype`."""
        values = torch.randn(self.shape, generator=torch.Generator().manual_seed(self.seed)) * self.scale
        flat = values.reshape(-1)
        flat[: len(self.firsts)] = torch.tensor(self.firsts)[: flat.numel()]
        return self._laid_out(flat.reshape(self.shape).to(device=device, dtype=dtype))

    def _laid_out(self, values: torch.Tensor) -> torch.Tensor:
        if self.layout == "reversed":
            order = tuple(reversed(range(values.ndim)))
            return values.permute(order).contiguous().permute(order)
        if self.layout == "gaps":
            return torch.stack([values, torch.full_like(values, math.nan)], -1)[..., 0]
        return values


@st.composite
def drawn(
    draw: st.DrawFn, *, least_dimensions: int = 1, most_dimensions: int = 3, most_elements: int = 128
) -> Drawn:
    """Draw the shape, memory layout and values of a floating-point tensor."""
    left = most_elements
    shape = []
    for _ in range(draw(st.integers(least_dimensions, most_dimensions))):
        shape.append(draw(st.integers(1, min(left, 48))))
        left //= shape[-1]
    finite = st.floats(-100.0, 100.0, width=16)
    return Drawn(
        shape=tuple(draw(st.permutations(shape))),
        layout=draw(st.sampled_from(LAYOUTS)),
        scale=draw(st.sampled_from(SCALES)),
        firsts=tuple(draw(st.lists(finite, max_size=4))),
        seed=draw(st.integers(0, 2**16)),
    )
