"""Work on strings."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import islice

NUMBER = re.compile(r"(\w+)=(\d+)")


def settings(items: Sequence[str]) -> int:
    """Return the sum of the numbers in lines like `a=1 b=2`, by a regular expression."""
    total = 0
    for line in islice(items, 100):
        for match in NUMBER.finditer(line):
            total += int(match[2])
    return total


def fields(items: Sequence[str]) -> int:
    """Return how many characters the third of the comma-separated fields have."""
    length = 0
    for line in islice(items, 200):
        parts = [part.strip() for part in line.split(",")]
        length += len(parts[2])
    return length


def padded(items: Sequence[int]) -> int:
    """Return the length of a text of formatted numbers."""
    lines = [f"{item:08d}|{item / 7:12.4f}" for item in islice(items, 500)]
    return len("\n".join(lines))


def edits(items: Sequence[tuple[str, str]]) -> int:
    """Return the sum of edit distances, by Wagner and Fischer's table."""
    total = 0
    for source, target in islice(items, 100):
        row = list(range(len(target) + 1))
        for place, letter in enumerate(source, 1):
            corner, row[0] = row[0], place
            for column, other in enumerate(target, 1):
                cost = corner + (letter != other)
                corner = row[column]
                row[column] = min(cost, row[column] + 1, row[column - 1] + 1)
        total += row[-1]
    return total


def capitals(items: Sequence[str]) -> int:
    """Return how many capitals are left after title case and a replacement."""
    capitals_left = 0
    for line in islice(items, 100):
        changed = line.title().replace("The ", "the ")
        capitals_left += sum(1 for letter in changed if letter.isupper())
    return capitals_left
