"""BPE training, wrong and right."""

from __future__ import annotations

from benchmarks.mutants.bpe import honest, wrong_merges, wrong_texts
from benchmarks.mutants.bpe.parts import VARIANTS

__all__ = ["VARIANTS", "honest", "wrong_merges", "wrong_texts"]
