"""Sequences of the gated delta rule, wrong and right."""

from __future__ import annotations

from benchmarks.mutants.gdn_prefill import right, wrong
from benchmarks.mutants.gdn_prefill.parts import VARIANTS

__all__ = ["VARIANTS", "right", "wrong"]
