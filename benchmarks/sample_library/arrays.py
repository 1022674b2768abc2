"""Operations on small and middle-sized arrays."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


def roots(items: Floats) -> float:
    """Return the sum of square roots of `Float[N]`: one pass over memory."""
    values = np.sqrt(items[:100_000])
    return float(values.sum())


def norms(items: Floats) -> float:
    """Return the sum of squared norms of the rows of `Float[N, 8]`: many small calls."""
    total = 0.0
    for row in items[:100]:
        total += float(row @ row)
    return total


def chained(items: Floats) -> float:
    """Return the sum of the matrix products `a a` over `Float[N, 32, 32]`."""
    total = 0.0
    for matrix in items[:200]:
        product = matrix @ matrix
        total += float(product[0, 0])
    return total


def wide(items: Floats) -> float:
    """Return the sum of corners of the matrix products `a a` over `Float[N, 64, 64]`."""
    total = 0.0
    for matrix in items[:100]:
        product = matrix @ matrix
        total += float(product[-1, -1])
    return total


def ordered(items: Floats) -> float:
    """Return the sum of the row medians of `Float[N, 128]`, by sorting."""
    rows = np.sort(items[:200], axis=1)
    return float(rows[:, 64].sum())


def histogram(items: Integers) -> int:
    """Return the size of the largest of 64 classes of `Int[N]`."""
    counts = np.bincount(items[:5000], minlength=64)
    return int(counts.max())
