"""How wrong an output may be: five rules, all of which must hold.

The error of an output is judged as a ratio to the error that the framework's own operation makes in
the same dtype on the same inputs, both against a float64 reference. Comparisons are written
`observed <= cap`, so that a NaN on either side is a failure.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
import numpy.typing as npt

Float64s = npt.NDArray[np.float64]

_SINGLE_SLACK = 1e-6
_DOUBLE_SLACK = 1e-12
# Of a spacing: what float64 arithmetic may have moved a number by that the format holds.
_HELD = 1e-6


class Tier(StrEnum):
    """How much wider than `strict` every cap is."""

    STRICT = "strict"
    RELAXED = "relaxed"  # casts before it multiplies, or works in bfloat16 throughout
    GRADIENT = "gradient"  # of a backward pass, whose sums have longer chains
    INTERPRETER = "interpreter"  # Triton's interpreter truncates when it stores bfloat16

    @property
    def factor(self) -> float:
        """Return the number that multiplies every cap."""
        return _FACTORS[self]


_FACTORS = {Tier.STRICT: 1.0, Tier.RELAXED: 2.2, Tier.GRADIENT: 3.0, Tier.INTERPRETER: 3.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Precision:
    """What a floating-point format resolves: `eps` as in `finfo`, `tiny` its smallest normal number."""

    eps: float
    tiny: float

    @property
    def slack(self) -> float:
        """Return the relative error that is always allowed.

        It is 1e-6 for float32 and narrower formats. In float64 that would let float32 arithmetic
        pass, so there it is 1e-12.
        """
        return _SINGLE_SLACK if self.eps > _SINGLE_SLACK / 100 else _DOUBLE_SLACK


@dataclass(frozen=True, slots=True, kw_only=True)
class Errors:
    """The error of one array: in units `u = eps * max|reference row|`, and as RMS ratios of rows.

    `worst` is the index of the largest error; empty where there is no element.
    """

    max_units: float
    mean_units: float
    mean_rms: float
    max_rms: float
    worst: tuple[int, ...] = ()


_NO_ERRORS = Errors(max_units=0.0, mean_units=0.0, mean_rms=0.0, max_rms=0.0)
_MEASURED = ("max_units", "mean_units", "mean_rms", "max_rms")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """One observed quantity beside its cap."""

    name: str
    observed: float
    cap: float

    @property
    def ok(self) -> bool:
        """Return whether the cap is a number and the observed quantity does not exceed it."""
        return math.isfinite(self.cap) and self.observed <= self.cap

    @property
    def share(self) -> float:
        """Return observed / cap: above 1 it fails; infinite for a NaN."""
        if not self.ok:
            return self.observed / self.cap if self.observed > self.cap > 0 else math.inf
        return self.observed / self.cap if self.cap else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Tolerance:
    """The caps on four errors; built from the framework's own errors by `Tolerance.against`."""

    max_units: float
    mean_units: float
    mean_rms: float
    max_rms: float
    tier: Tier = Tier.STRICT

    @classmethod
    def against(cls, framework: Errors, precision: Precision, tier: Tier = Tier.STRICT) -> Tolerance:
        """Return the caps that follow from the framework's errors.

        The factor 2 on the largest error is flash-attention's rule; the others were tried on softmax
        and RMSNorm, in three dtypes, up to 262,144 columns and over seven input distributions.
        """
        eps, slack, wide = precision.eps, precision.slack, tier.factor
        return cls(
            max_units=wide * (2.0 * framework.max_units + 2.0 + slack / eps),
            mean_units=wide * (1.5 * framework.mean_units + 0.01 + slack / eps),
            mean_rms=wide * (1.3 * framework.mean_rms + 0.05 * eps + slack),
            max_rms=wide * (1.5 * framework.max_rms + 0.05 * eps + slack),
            tier=tier,
        )

    def limits(self, observed: Errors) -> tuple[Limit, ...]:
        """Return every observed error beside its cap."""
        return (
            Limit(name="largest error / u", observed=observed.max_units, cap=self.max_units),
            Limit(name="mean error / u", observed=observed.mean_units, cap=self.mean_units),
            Limit(name="mean RMS ratio", observed=observed.mean_rms, cap=self.mean_rms),
            Limit(name="largest RMS ratio", observed=observed.max_rms, cap=self.max_rms),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """What comparing one output found.

    `subject` names the output with its dtype and shape. `mismatch` says how type, shape, dtype, device
    or non-finite values differ; where it is not empty nothing else was compared. `limits` holds each
    observed quantity beside its cap, `worst` the index of the largest error with the value `got`
    there and the value `wanted`.
    """

    subject: str
    tier: Tier = Tier.STRICT
    mismatch: str = ""
    limits: tuple[Limit, ...] = ()
    worst: tuple[int, ...] = ()
    got: float = math.nan
    wanted: float = math.nan

    @property
    def ok(self) -> bool:
        """Return whether every rule holds."""
        return not self.mismatch and all(limit.ok for limit in self.limits)

    @property
    def share(self) -> float:
        """Return the largest observed / cap: how much of the tolerance is used up."""
        if self.mismatch:
            return math.inf
        return max((limit.share for limit in self.limits), default=0.0)

    def explain(self) -> str:
        """Return a few lines: each rule with what was observed and allowed, and the worst element."""
        if self.mismatch:
            return f"{self.subject}: {self.mismatch}"
        verb = "agrees" if self.ok else "disagrees"
        lines = [f"{self.subject} {verb} with its float64 reference (tier {self.tier})"]
        if self.limits:
            lines.append(f"  {'':<18}{'observed':>11}{'allowed':>11}")
        for limit in self.limits:
            mark = "" if limit.ok else "  exceeded"
            lines.append(f"  {limit.name:<18}{limit.observed:>11.3g}{limit.cap:>11.3g}{mark}")
        if self.worst:
            place = ", ".join(str(index) for index in self.worst)
            lines.append(f"  worst at [{place}]: got {self.got:.9g}, expected {self.wanted:.9g}")
        return "\n".join(lines)


def errors_of(values: Float64s, reference: Float64s, precision: Precision) -> Errors:
    """Return the errors of `values` against `reference`, row by row over the last dimension.

    Elements that are not finite on either side take no part: rule 1 compares them as masks. The unit
    of a row is never below the spacing of subnormal numbers.

    Arguments:
        values: float64 `[..., columns]`, the output converted without rounding.
        reference: float64, the same shape.
        precision: of the dtype that the output had.
    """
    if not reference.size:
        return _NO_ERRORS
    columns = reference.shape[-1] if reference.ndim else 1
    got, wanted = values.reshape(-1, columns), reference.reshape(-1, columns)
    finite = np.isfinite(got) & np.isfinite(wanted)
    wanted = np.where(finite, wanted, 0.0)
    scale = np.maximum(np.abs(wanted).max(axis=1, keepdims=True), precision.tiny)
    relative = np.abs(np.where(finite, got, 0.0) - wanted) / scale
    rms = _rms(relative) / _nonzero(_rms(wanted / scale))
    worst = np.unravel_index(int(relative.argmax()), reference.shape)
    return Errors(
        max_units=float(relative.max()) / precision.eps,
        mean_units=float(relative.sum() / max(int(finite.sum()), 1)) / precision.eps,
        mean_rms=float(rms.mean()),
        max_rms=float(rms.max()),
        worst=tuple(int(index) for index in worst),
    )


def rounding_errors(reference: Float64s, precision: Precision) -> Errors:
    """Return the errors that an exact answer may have once it is rounded to the format.

    The error of a rounded number is taken as uniform within half a spacing: its absolute value is a quarter
    of a spacing on average, its root mean square a spacing over the root of 12. Of n numbers the mean may
    be larger by 1/sqrt(n) and the root mean square by (sqrt(3) - 1)/sqrt(n) of that: for one number the
    most that there is, for many about their 95 % points. Where spacings differ, n is Kish's effective
    number (Kish 1965, Survey Sampling, section 11.7). A number that the format holds is not rounded.

    Arguments:
        reference: float64 `[..., columns]`.
        precision: of the format.
    """
    if not reference.size:
        return _NO_ERRORS
    rows = reference.reshape(-1, reference.shape[-1] if reference.ndim else 1)
    rows = np.where(np.isfinite(rows), rows, 0.0)
    scale = np.maximum(np.abs(rows).max(axis=1, keepdims=True), precision.tiny)
    spacing = precision.eps * np.exp2(np.floor(np.log2(np.maximum(np.abs(rows), precision.tiny))))
    held = np.abs(rows / spacing - np.rint(rows / spacing)) < _HELD
    spacings = np.where(held, 0.0, spacing) / scale
    squares, most = np.square(spacings), math.sqrt(3) - 1
    rms = _rms(spacings) / math.sqrt(12) / _nonzero(_rms(rows / scale))
    mean = spacings.mean() / 4 * (1 + 1 / np.sqrt(_effective(spacings.reshape(1, -1))))
    mean_rms = rms.mean() * (1 + most / np.sqrt(_effective(squares.reshape(1, -1))))
    max_rms = rms * (1 + most / np.sqrt(_effective(squares)))
    return Errors(
        max_units=float(spacings.max()) / 2 / precision.eps,
        mean_units=float(mean[0]) / precision.eps,
        mean_rms=float(mean_rms[0]),
        max_rms=float(max_rms.max()),
    )


def largest(errors: Sequence[Errors]) -> Errors:
    """Return the largest of each error among several honest answers to one question; at least one."""
    most = {name: max(getattr(each, name) for each in errors) for name in _MEASURED}
    return replace(errors[0], **most)


def _effective(weights: Float64s) -> Float64s:
    """Return for each row how many numbers of equal weight count as much as its own; at least one."""
    squares = np.square(weights.sum(axis=1)) / _nonzero(np.square(weights).sum(axis=1))
    return np.asarray(np.maximum(squares, 1.0), dtype=np.float64)


def _rms(rows: Float64s) -> Float64s:
    return np.asarray(np.sqrt(np.mean(np.square(rows), axis=1)), dtype=np.float64)


def _nonzero(values: Float64s) -> Float64s:
    return np.where(values > 0.0, values, 1.0)
