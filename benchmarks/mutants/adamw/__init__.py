"""AdamW, wrong and right."""

from __future__ import annotations

from benchmarks.mutants.adamw import honest, wrong_conduct, wrong_formula
from benchmarks.mutants.adamw.parts import VARIANTS

__all__ = ["VARIANTS", "honest", "wrong_conduct", "wrong_formula"]
