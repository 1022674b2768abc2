"""The operations with Python loops where others have one operation: slow, and the same result."""

from __future__ import annotations

from .transformer_layer import run_bolt_layer, run_bolt_training_step

__all__ = ["run_bolt_layer", "run_bolt_training_step"]
