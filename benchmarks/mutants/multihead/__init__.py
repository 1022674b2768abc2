"""Self-attention with several heads, wrong and right."""

from __future__ import annotations

from benchmarks.mutants.multihead import right, wrong
from benchmarks.mutants.multihead.student import VARIANTS

__all__ = ["VARIANTS", "right", "wrong"]
