"""One token of the gated delta rule, wrong and right."""

from __future__ import annotations

from benchmarks.mutants.gdn_decode import calls, right, steps
from benchmarks.mutants.gdn_decode.parts import VARIANTS

__all__ = ["VARIANTS", "calls", "right", "steps"]
