"""Encoding and decoding, wrong and right."""

from __future__ import annotations

from benchmarks.mutants.tokenizer import honest, wrong_encoding, wrong_streams
from benchmarks.mutants.tokenizer.parts import VARIANTS

__all__ = ["VARIANTS", "honest", "wrong_encoding", "wrong_streams"]
