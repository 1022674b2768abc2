"""Attention, wrong and right: under a mask, causal, and with heads that share keys."""

from __future__ import annotations

from benchmarks.mutants.attention import causal, masked, memory, right
from benchmarks.mutants.attention.steps import VARIANTS

__all__ = ["VARIANTS", "causal", "masked", "memory", "right"]
