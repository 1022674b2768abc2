"""Attention as an autograd function, wrong and right."""

from __future__ import annotations

from benchmarks.mutants.flash_attention import right, wrong
from benchmarks.mutants.flash_attention.student import VARIANTS

__all__ = ["VARIANTS", "right", "wrong"]
