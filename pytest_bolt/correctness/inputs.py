"""Inputs on which wrong code is caught: every distribution is a function of shape and seed alone.

Values are drawn on the CPU and moved, so that every device sees the same ones. With `normal` alone a
gate misses mistakes that `blocks` and `tailheavy` show: the distribution matters as much as the
tolerance.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Protocol

import torch

BLOCK = 64


class Distribution(Protocol):
    """Make a `[rows, columns]` tensor."""

    def __call__(
        self,
        rows: int,
        columns: int,
        /,
        *,
        device: torch.device | str = "cpu",
        dtype: torch.dtype = torch.float32,
        seed: int = 0,
    ) -> torch.Tensor:
        """Return values of `dtype` on `device` that depend on shape and seed only."""
        ...


_Draw = Callable[[int, int, torch.Generator], torch.Tensor]


def _seeded(draw: _Draw) -> Distribution:
    def distribution(
        rows: int,
        columns: int,
        /,
        *,
        device: torch.device | str = "cpu",
        dtype: torch.dtype = torch.float32,
        seed: int = 0,
    ) -> torch.Tensor:
        generator = torch.Generator().manual_seed(seed)
        return draw(rows, columns, generator).to(dtype=dtype, device=device)

    distribution.__name__ = distribution.__qualname__ = draw.__name__
    distribution.__doc__ = draw.__doc__
    return distribution


def _normal(rows: int, columns: int, generator: torch.Generator) -> torch.Tensor:
    return torch.randn(rows, columns, generator=generator)


def _uniform(low: float, high: float, shape: tuple[int, ...], generator: torch.Generator) -> torch.Tensor:
    return low + (high - low) * torch.rand(shape, generator=generator)


@_seeded
def normal(rows: int, columns: int, generator: torch.Generator) -> torch.Tensor:
    """N(0, 1)."""
    return _normal(rows, columns, generator)


@_seeded
def blocks(rows: int, columns: int, generator: torch.Generator) -> torch.Tensor:
    """N(0, 1) with a scale 2^U(-2, 2) and an offset U(-2, 2) for each row and block of 64 columns."""
    count = -(-columns // BLOCK)
    scale = torch.exp2(_uniform(-2, 2, (rows, count), generator)).repeat_interleave(BLOCK, 1)
    offset = _uniform(-2, 2, (rows, count), generator).repeat_interleave(BLOCK, 1)
    return _normal(rows, columns, generator) * scale[:, :columns] + offset[:, :columns]


@_seeded
def tailheavy(rows: int, columns: int, generator: torch.Generator) -> torch.Tensor:
    """N(0, 1) times a log-normal factor: a few elements decide each row."""
    return _normal(rows, columns, generator) * torch.exp(_normal(rows, columns, generator))


@_seeded
def row_scale(rows: int, columns: int, generator: torch.Generator) -> torch.Tensor:
    """N(0, 1) with a scale 10^U(-3, 3) for each row."""
    return _normal(rows, columns, generator) * torch.pow(10.0, _uniform(-3, 3, (rows, 1), generator))


@_seeded
def row_offset(rows: int, columns: int, generator: torch.Generator) -> torch.Tensor:
    """N(0, 1) with an offset U(-50, 50) for each row."""
    return _normal(rows, columns, generator) + _uniform(-50, 50, (rows, 1), generator)


@_seeded
def constant_rows(rows: int, columns: int, generator: torch.Generator) -> torch.Tensor:
    """One value N(0, 1) for each row."""
    return _normal(rows, 1, generator).expand(rows, columns).clone()


@_seeded
def spike(rows: int, columns: int, generator: torch.Generator) -> torch.Tensor:
    """N(0, 1) with one element of each row 1,000 times larger."""
    values = _normal(rows, columns, generator)
    if rows and columns:
        place = torch.randint(columns, (rows, 1), generator=generator)
        values.scatter_(1, place, values.gather(1, place) * 1000.0)
    return values


@_seeded
def nonfinite(rows: int, columns: int, generator: torch.Generator) -> torch.Tensor:
    """N(0, 1); of every five rows one holds inf, one -inf, one NaN and one -inf only."""
    values = _normal(rows, columns, generator)
    if columns:
        for kind, value in enumerate((float("inf"), float("-inf"), float("nan"))):
            values[kind::5, columns // 2] = value
        values[3::5] = float("-inf")
    return values


@_seeded
def denormals(rows: int, columns: int, generator: torch.Generator) -> torch.Tensor:
    """N(0, 1) times 1e-39: below the smallest normal float32."""
    return (_normal(rows, columns, generator).double() * 1e-39).float()


def transposed(
    rows: int,
    columns: int,
    /,
    *,
    device: torch.device | str = "cpu",
    dtype: torch.dtype = torch.float32,
    seed: int = 0,
) -> torch.Tensor:
    """Return the values of `blocks` as a transposed view: neighbours in a row lie `rows` apart."""
    return blocks(rows, columns, device=device, dtype=dtype, seed=seed).t().contiguous().t()


def strided(
    rows: int,
    columns: int,
    /,
    *,
    device: torch.device | str = "cpu",
    dtype: torch.dtype = torch.float32,
    seed: int = 0,
) -> torch.Tensor:
    """Return every second column of a wider tensor; NaN lies in the columns between."""
    wide = torch.full((rows, 2 * columns), float("nan"), dtype=dtype, device=device)
    view = wide[:, ::2]
    return view.copy_(blocks(rows, columns, device=device, dtype=dtype, seed=seed))


def sliced(
    rows: int,
    columns: int,
    /,
    *,
    device: torch.device | str = "cpu",
    dtype: torch.dtype = torch.float32,
    seed: int = 0,
) -> torch.Tensor:
    """Return the middle columns of a wider tensor: rows are dense but not adjacent; NaN lies beside them."""
    wide = torch.full((rows, columns + 7), float("nan"), dtype=dtype, device=device)
    view = wide[:, 3 : 3 + columns]
    return view.copy_(blocks(rows, columns, device=device, dtype=dtype, seed=seed))


DISTRIBUTIONS: Mapping[str, Distribution] = MappingProxyType(
    {
        "normal": normal,
        "blocks": blocks,
        "tailheavy": tailheavy,
        "row_scale": row_scale,
        "row_offset": row_offset,
        "constant_rows": constant_rows,
        "spike": spike,
        "nonfinite": nonfinite,
        "denormals": denormals,
        "transposed": transposed,
        "strided": strided,
        "sliced": sliced,
    }
)
MANDATORY = ("blocks", "tailheavy")
SIZES = (1, 2, 31, 64, 127, 257, 1000)
