"""The transformer block and language model, wrong and right."""

from __future__ import annotations

from benchmarks.mutants.transformer import right, wrong
from benchmarks.mutants.transformer.student import VARIANTS

__all__ = ["VARIANTS", "right", "wrong"]
