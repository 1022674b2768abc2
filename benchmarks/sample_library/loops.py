"""Plain loops over numbers."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice


def squares(items: Sequence[int]) -> int:
    """Return the sum of squares."""
    result = 0
    for item in islice(items, 100):
        result += item * item
    return result


def collatz(items: Sequence[int]) -> int:
    """Return the steps that the numbers take down to one."""
    steps = 0
    for item in islice(items, 100):
        number = item
        while number != 1:
            number = number // 2 if number % 2 == 0 else 3 * number + 1
            steps += 1
    return steps


def polynomial(items: Sequence[float]) -> float:
    """Return the sum of a polynomial's values by Horner's rule."""
    coefficients = (0.5, -1.25, 2.0, -0.75, 1.5)
    total = 0.0
    for item in islice(items, 100):
        value = 0.0
        for coefficient in coefficients:
            value = value * item + coefficient
        total += value
    return total


def divisors(items: Sequence[tuple[int, int]]) -> int:
    """Return the sum of greatest common divisors by Euclid's algorithm."""
    total = 0
    for first, second in islice(items, 200):
        larger, smaller = first, second
        while smaller:
            larger, smaller = smaller, larger % smaller
        total += larger
    return total


def digits(items: Sequence[int]) -> int:
    """Return the sum of decimal digits."""
    total = 0
    for item in islice(items, 1000):
        rest = item
        while rest:
            rest, digit = divmod(rest, 10)
            total += digit
    return total


def products(items: Sequence[list[list[int]]]) -> int:
    """Return the sum of the traces of squared matrices, in lists of lists."""
    trace = 0
    for matrix in islice(items, 100):
        width = len(matrix)
        for row in range(width):
            trace += sum(matrix[row][inner] * matrix[inner][row] for inner in range(width))
    return trace
