"""Checkpoints, wrong and right."""

from __future__ import annotations

from benchmarks.mutants.checkpoint import honest, wrong_loading, wrong_saving
from benchmarks.mutants.checkpoint.parts import VARIANTS

__all__ = ["VARIANTS", "honest", "wrong_loading", "wrong_saving"]
