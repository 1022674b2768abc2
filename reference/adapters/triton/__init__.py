"""Triton kernels; without a GPU Triton's interpreter runs them, which says nothing about their speed."""

from __future__ import annotations

from ...kernels.mode import interpreted
from .delta_rule import run_gdn_decode
from .elements import run_rmsnorm, run_softmax

INTERPRETED = interpreted()

__all__ = ["run_gdn_decode", "run_rmsnorm", "run_softmax"]
