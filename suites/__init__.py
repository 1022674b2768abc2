"""Correctness and speed suites, one folder an operation.

In the source tree this package is `suites` and the references are `reference`; installed, both carry
the project's name.
"""

from __future__ import annotations

import importlib

reference = importlib.import_module("reference" if __package__ == "suites" else "pytest_bolt_reference")
