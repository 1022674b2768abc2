"""One expected output: what its errors may be, and how an output compares with it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from pytest_bolt.core.tolerance import (
    Agreement,
    Errors,
    Float64s,
    Precision,
    Tier,
    Tolerance,
    errors_of,
    largest,
    rounding_errors,
)
from pytest_bolt.correctness.structure import inexact_difference, nonfinite_difference, refusal

_MOST_UNITS = 4096

_detach = torch.Tensor.detach
_interpreted: ContextVar[bool] = ContextVar("interpreted", default=False)


class Expectation:
    """One expected output with its tolerance."""

    def __init__(
        self,
        name: str,
        reference64: torch.Tensor,
        model: torch.Tensor,
        tier: Tier,
        *,
        by_row: bool,
    ) -> None:
        dtype = str(model.dtype).removeprefix("torch.")
        self.name, self.tier, self.by_row = name, _tier_here(tier, model.dtype), by_row
        self.subject = f"{name} {dtype}{list(model.shape)} on {model.device}"
        self.reference64, self.model = reference64, model
        if model.is_floating_point():
            self.precision = precision_of(model.dtype)
            self.wanted = _array(reference64)
            self.honest = self._errors(_array(model))
            self.tolerance = Tolerance.against(self.honest, self.precision, self.tier)

    def allow(self, output: torch.Tensor) -> None:
        """Let the errors of another honest output set the tolerance where they are larger.

        One that is off by thousands of units is no measure: there the formula jumps, as where a number is
        rounded to an index, or has lost most of its digits. Nor is one of a wider dtype: it was not rounded.
        """
        if not self.model.is_floating_point() or output.dtype != self.model.dtype:
            return
        found = self._errors(_array(output))
        if found.max_units <= _MOST_UNITS:
            self._allow(found)

    def allow_rounding(self) -> None:
        """Let what rounding the exact answer may lose set the tolerance: the framework may be lucky."""
        if self.model.is_floating_point():
            wanted = self.wanted if self.by_row else self.wanted.reshape(1, -1)
            self._allow(rounding_errors(wanted, self.precision))

    def _allow(self, errors: Errors) -> None:
        self.honest = largest([self.honest, errors])
        self.tolerance = Tolerance.against(self.honest, self.precision, self.tier)

    def judge(self, output: Any) -> Agreement:
        """Return how one output agrees: rule 1 first, and the other rules where it holds."""
        mismatch = refusal(output, self.model)
        if mismatch:
            return Agreement(subject=self.name, tier=self.tier, mismatch=mismatch)
        if not self.model.is_floating_point():
            exact = self.reference64.to(device=self.model.device, dtype=self.model.dtype)
            return Agreement(subject=self.subject, tier=self.tier, mismatch=inexact_difference(output, exact))
        mismatch = nonfinite_difference(output, self.reference64)
        if mismatch:
            return Agreement(subject=self.subject, tier=self.tier, mismatch=mismatch)
        return self._measured(_array(output))

    def _errors(self, got: Float64s) -> Errors:
        if self.by_row or not got.size:
            return errors_of(got, self.wanted, self.precision)
        found = errors_of(got.reshape(1, -1), self.wanted.reshape(1, -1), self.precision)
        worst = np.unravel_index(found.worst[-1], got.shape)
        return replace(found, worst=tuple(int(index) for index in worst))

    def _measured(self, got: Float64s) -> Agreement:
        observed = self._errors(got)
        seen = bool(got.size)
        return Agreement(
            subject=self.subject,
            tier=self.tier,
            limits=self.tolerance.limits(observed),
            worst=observed.worst,
            got=float(got[observed.worst]) if seen else 0.0,
            wanted=float(self.wanted[observed.worst]) if seen else 0.0,
        )


@contextlib.contextmanager
def of_interpreted_kernels() -> Iterator[None]:
    """Judge bfloat16 outputs in here by the tier `interpreter` where their own is stricter."""
    before = _interpreted.set(True)
    try:
        yield
    finally:
        _interpreted.reset(before)


def _tier_here(tier: Tier, dtype: torch.dtype) -> Tier:
    stricter = tier.factor < Tier.INTERPRETER.factor
    return Tier.INTERPRETER if stricter and dtype == torch.bfloat16 and _interpreted.get() else tier


def precision_of(dtype: torch.dtype) -> Precision:
    """Return what a floating-point dtype resolves."""
    info = torch.finfo(dtype)
    return Precision(eps=info.eps, tiny=info.tiny)


def _array(tensor: torch.Tensor) -> Float64s:
    array: Float64s = torch.resolve_neg(_detach(tensor).to("cpu").to(torch.float64)).numpy()
    return array
