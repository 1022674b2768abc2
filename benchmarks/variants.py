"""The names of changes: what the head does otherwise, in how many functions, and by how much."""

from __future__ import annotations

import re
from dataclasses import dataclass

from benchmarks.source_changes import HARMLESS

IDENTICAL = "identical"
SLOWER, COPY, ALGORITHM = "slower", "copy", "algorithm"
CAUSES = (SLOWER, COPY, ALGORITHM)
_SLOWER = re.compile(rf"({'|'.join(CAUSES)})-(100|[1-9]\d?)(?:-in-([1-9]\d?))?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Slowdown:
    """By how many percent `count` functions become slower, and what takes the time."""

    cause: str
    percent: int
    count: int


def harmless_names() -> tuple[str, ...]:
    """Return the names of changes that cannot matter, no change among them."""
    return (IDENTICAL, *HARMLESS)


def standard_names() -> tuple[str, ...]:
    """Return the names that are run where none are asked for."""
    return (*harmless_names(), f"{SLOWER}-20")


def slowdown(variant: str) -> Slowdown | None:
    """Return what a variant makes slower, or None where it cannot matter.

    Raises ValueError for a variant that does not exist.
    """
    if variant in harmless_names():
        return None
    found = _SLOWER.fullmatch(variant)
    if found is None:
        causes = ", ".join(f"{cause}-N" for cause in CAUSES)
        known = f"{', '.join(harmless_names())}, {causes} from 1 to 100, and e.g. {SLOWER}-N-in-M for several"
        raise ValueError(f"unknown variant {variant!r}; known: {known}")
    return Slowdown(cause=found[1], percent=int(found[2]), count=int(found[3] or 1))
