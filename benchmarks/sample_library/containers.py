"""Dictionaries, lists, sets and heaps."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from itertools import islice


def word_counts(items: Sequence[str]) -> dict[str, int]:
    """Return how often each word occurs."""
    counts: dict[str, int] = {}
    for word in islice(items, 200):
        counts[word] = counts.get(word, 0) + 1
    return counts


def grouped(items: Sequence[tuple[str, int]]) -> int:
    """Return the length of the longest group of pairs with one key."""
    groups: dict[str, list[int]] = {}
    for key, value in islice(items, 1000):
        groups.setdefault(key, []).append(value)
    return max(len(group) for group in groups.values())


def overlaps(items: Sequence[frozenset[int]]) -> int:
    """Return how many members neighbouring sets share."""
    shared = 0
    previous: frozenset[int] = frozenset()
    for members in islice(items, 100):
        shared += len(previous & members)
        previous = members
    return shared


def medians(items: Sequence[list[int]]) -> int:
    """Return the sum of the medians, by sorting."""
    total = 0
    for values in islice(items, 300):
        ordered = sorted(values)
        total += ordered[len(ordered) // 2]
    return total


def smallest(items: Sequence[list[int]]) -> int:
    """Return the sum of the four smallest of each, by a heap."""
    total = 0
    for values in islice(items, 100):
        heap = list(values)
        heapq.heapify(heap)
        total += sum(heapq.heappop(heap) for _ in range(4))
    return total


def flattened(items: Sequence[list[list[int]]]) -> int:
    """Return how many numbers lie two levels deep, by building the flat list."""
    flat: list[int] = []
    for outer in islice(items, 100):
        for inner in outer:
            flat.extend(inner)
    return len(flat)
