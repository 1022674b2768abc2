"""The operations with Python loops where others have one operation: slow, and the same result."""

from __future__ import annotations

from .transformer_layer import run_training_step, run_transformer_layer

__all__ = ["run_training_step", "run_transformer_layer"]
