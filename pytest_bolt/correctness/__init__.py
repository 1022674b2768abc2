"""Tensors in, an Agreement out: the only place that compares tensors.

`check` is the gate, `verify` runs a function and passes its output through the gate, `self_test`
proves that the gate can fail on a workload, `inputs` makes the inputs.
"""

from __future__ import annotations

from pytest_bolt.core.tolerance import Agreement, Tier
from pytest_bolt.correctness import inputs
from pytest_bolt.correctness.conduct import Misbehaved, repeated, unmutated, verify
from pytest_bolt.correctness.gate import Incorrect, check, compare, expected
from pytest_bolt.correctness.gradients import backward, verify_gradients
from pytest_bolt.correctness.mutants import Vacuous, VacuousReport, self_test
from pytest_bolt.correctness.redzones import RedZoneTouched, fenced, red_zones

__all__ = [
    "Agreement",
    "Incorrect",
    "Misbehaved",
    "RedZoneTouched",
    "Tier",
    "Vacuous",
    "VacuousReport",
    "backward",
    "check",
    "compare",
    "expected",
    "fenced",
    "inputs",
    "red_zones",
    "repeated",
    "self_test",
    "unmutated",
    "verify",
    "verify_gradients",
]
