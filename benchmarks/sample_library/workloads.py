"""What each function is called with: twice as many items as it takes, every one as much work as another."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any

import numpy as np

from . import arrays, containers, encodings, loops, texts

LINE = "the quick brown fox, jumps over, the lazy dog, and runs away, alpha=12 beta=345 gamma=6"


def floats(*shape: int) -> Any:
    """Return `Float[shape]` in [0, 1)."""
    return np.random.default_rng(1).random(shape)


def shuffles(count: int, length: int) -> list[list[int]]:
    """Return one shuffled list of numbers, `count` times."""
    order = list(range(length))
    random.Random(1).shuffle(order)  # noqa: S311 - a workload, not a secret
    return [list(order) for _ in range(count)]


def words(count: int) -> list[str]:
    """Return words out of fifty."""
    return [f"word{number % 50:02d}" for number in range(count)]


def blocks(count: int, size: int) -> list[bytes]:
    """Return one block of bytes that compresses a little, `count` times, each in memory of its own."""
    block = bytes(byte % 48 for byte in random.Random(1).randbytes(size))  # noqa: S311 - as above
    return [bytes(bytearray(block)) for _ in range(count)]


def documents(count: int) -> list[str]:
    """Return one JSON document, `count` times."""
    document = {"name": "entry", "values": [1, 2.5, None, True], "nested": {"text": "abc", "number": 12345}}
    return [json.dumps(document) for _ in range(count)]


WORKLOADS: dict[str, tuple[Callable[[Any], Any], Callable[[], Any]]] = {
    "squares": (loops.squares, lambda: list(range(1000, 1200))),
    "collatz": (loops.collatz, lambda: [97] * 200),
    "polynomial": (loops.polynomial, lambda: [0.75] * 200),
    "divisors": (loops.divisors, lambda: [(10946, 6765)] * 400),
    "digits": (loops.digits, lambda: list(range(10_000, 12_000))),
    "products": (
        loops.products,
        lambda: [[list(range(row, row + 5)) for row in range(5)] for _ in range(200)],
    ),
    "word_counts": (containers.word_counts, lambda: words(400)),
    "grouped": (containers.grouped, lambda: list(zip(words(2000), range(2000), strict=True))),
    "overlaps": (containers.overlaps, lambda: [frozenset(range(n % 2, 12)) for n in range(200)]),
    "medians": (containers.medians, lambda: shuffles(600, 32)),
    "smallest": (containers.smallest, lambda: shuffles(200, 64)),
    "flattened": (containers.flattened, lambda: [[[1, 2], [3], [4, 5, 6]] for _ in range(200)]),
    "settings": (texts.settings, lambda: [LINE] * 200),
    "fields": (texts.fields, lambda: [LINE] * 400),
    "padded": (texts.padded, lambda: list(range(10_000, 11_000))),
    "edits": (texts.edits, lambda: [("slower", "lower")] * 200),
    "capitals": (texts.capitals, lambda: [LINE] * 200),
    "roots": (arrays.roots, lambda: floats(200_000)),
    "norms": (arrays.norms, lambda: floats(200, 8)),
    "chained": (arrays.chained, lambda: floats(400, 32, 32)),
    "wide": (arrays.wide, lambda: floats(200, 64, 64)),
    "ordered": (arrays.ordered, lambda: floats(400, 128)),
    "histogram": (arrays.histogram, lambda: np.arange(10_000) % 64),
    "json_lengths": (encodings.json_lengths, lambda: documents(400)),
    "digests": (encodings.digests, lambda: blocks(200, 1024)),
    "compressed": (encodings.compressed, lambda: blocks(200, 512)),
    "packed": (encodings.packed, lambda: [(number, 0.5, 7) for number in range(400)]),
    "armoured": (encodings.armoured, lambda: blocks(200, 300)),
}
