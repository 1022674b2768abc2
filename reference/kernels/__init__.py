"""Triton kernels: each loads, converts to float32 at once, and computes in float32.

Importing this package decides how they run, before Triton is imported anywhere in it.
"""

from __future__ import annotations

from .mode import choose

choose()
