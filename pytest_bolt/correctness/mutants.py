"""The mutation self-test: a gate may be used on a workload only if it rejects wrong answers there.

A *mutant* is an output that a broken implementation could give. If one is accepted, the workload is
vacuous: passing on it says nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode

from pytest_bolt.core.tolerance import Tier
from pytest_bolt.correctness.gate import Judge, Operation, Outputs, beside, expected, tier_named
from pytest_bolt.correctness.nested import as_float64, each_tensor, map_tensors
from pytest_bolt.correctness.structure import outputs_of


class Vacuous(AssertionError):
    """The gate accepted wrong answers on this workload; `report` names them."""

    def __init__(self, report: VacuousReport) -> None:
        self.report = report
        super().__init__(report.explain())


@dataclass(frozen=True, slots=True, kw_only=True)
class VacuousReport:
    """Which mutants were rejected, which survived, and which do not exist for this workload."""

    workload: str
    tier: Tier
    rejected: tuple[str, ...]
    survived: tuple[str, ...]
    skipped: tuple[str, ...]

    def explain(self) -> str:
        """Return two lines: what survived, and what that means."""
        if not self.survived:
            return f"{self.workload}: all {len(self.rejected)} mutants rejected (tier {self.tier})"
        return (
            f"vacuous workload {self.workload} (tier {self.tier}): the gate accepts "
            f"{', '.join(self.survived)}\n"
            f"  {len(self.rejected)} mutants were rejected; try other inputs, a larger shape, a stricter tier"
        )


def self_test(
    args: Sequence[Any],
    *,
    oracle: Operation,
    kwargs: Mapping[str, Any] | None = None,
    twin: Operation | None = None,
    tier: Tier | str = Tier.STRICT,
    axis: int | None = -1,
    also: Sequence[Sequence[Any]] = (),
    extra: Mapping[str, Operation] | None = None,
) -> VacuousReport:
    """Require that the gate rejects every mutant of this workload.

    Arguments:
        args: the workload; its first floating-point tensor counts as the input that is mutated.
        oracle: the specification, composed of several operations (in one fused operation no
            intermediate can be rounded, and then that mutant is skipped for half precision).
        kwargs: keyword arguments.
        twin: the framework's own operation; the oracle by default.
        tier: `strict`, `relaxed` or `interpreter`.
        axis: the dimension of the input over which the operation reduces; None where it works element by
            element, so that subsampling the input is no mutation.
        also: the same workload with values of other distributions; a mutant has to be rejected on one.
        extra: more wrong versions of the oracle by name, called with float64 arguments.

    Raises:
        Vacuous: a mutant was accepted; the message names it.
    """
    accepted: dict[str, bool | None] = {}
    first = _workload(oracle, args, kwargs, twin, axis)
    for each in (first, *(_workload(oracle, more, kwargs, twin, axis) for more in also)):
        for name, verdict in _verdicts(each, tier_named(tier), extra or {}):
            earlier = accepted.get(name)
            accepted[name] = verdict if earlier is None else earlier and verdict is not False
    report = VacuousReport(
        workload=first.described(),
        tier=tier_named(tier),
        rejected=tuple(name for name, verdict in accepted.items() if verdict is False),
        survived=tuple(name for name, verdict in accepted.items() if verdict),
        skipped=tuple(name for name, verdict in accepted.items() if verdict is None),
    )
    if report.survived:
        raise Vacuous(report)
    return report


@dataclass(frozen=True, slots=True)
class _Workload:
    oracle: Operation
    twin: Operation
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    reference64: Outputs
    framework: Outputs
    axis: int | None

    def described(self) -> str:
        """Return the dtype and the shapes of all tensors."""
        shapes = " ".join(str(list(tensor.shape)) for tensor in each_tensor(self.args))
        return f"{str(self.framework[0].dtype).removeprefix('torch.')} {shapes}"

    def answer(self, change: Callable[[torch.Tensor], torch.Tensor] | None = None) -> Outputs:
        """Return the oracle's float64 answer, the input replaced by `change(input)`."""
        given, named = map_tensors(self.args, as_float64), map_tensors(self.kwargs, as_float64)
        if change is not None:
            place = _main(given)
            given = (*given[:place], change(given[place]), *given[place + 1 :])
        with torch.no_grad():
            return outputs_of(self.oracle(*given, **named))


def _workload(
    oracle: Operation,
    args: Sequence[Any],
    kwargs: Mapping[str, Any] | None,
    twin: Operation | None,
    axis: int | None,
) -> _Workload:
    named = dict(kwargs or {})
    reference64, framework = expected(oracle=oracle, args=args, kwargs=named, twin=twin)
    return _Workload(oracle, twin or oracle, tuple(args), named, reference64, framework, axis)


def _verdicts(
    work: _Workload, tier: Tier, extra: Mapping[str, Operation]
) -> Iterator[tuple[str, bool | None]]:
    """Yield for each mutant whether the gate accepts it; None where it does not exist."""
    further = beside(work.twin, work.args, work.kwargs)
    judge = Judge(reference64=work.reference64, framework=work.framework, tier=tier, further=further)
    for name, mutant in _mutants(work, tier, extra):
        if mutant is None:
            yield name, None
            continue
        output = tuple(value.to(model) for value, model in zip(mutant, work.framework, strict=True))
        yield name, judge.judge(output).ok


def _mutants(
    work: _Workload, tier: Tier, extra: Mapping[str, Operation]
) -> Iterator[tuple[str, Outputs | None]]:
    right = work.reference64
    yield "zeros", tuple(torch.zeros_like(value) for value in right)
    yield "NaN", tuple(torch.full_like(value, float("nan")) for value in right)
    yield "sign flipped", tuple(-value for value in right)
    for name, change, by_row in _RESHUFFLED:
        possible = all(value.ndim and (not by_row or _rows(value).shape[0] > 1) for value in right)
        yield name, tuple(change(value) for value in right) if possible else None
    yield "half the columns subsampled", _subsampled(work)
    yield "the previous input's answer", work.answer(_shuffled)
    yield "a copy of the input", _copied(work)
    for lower in _lower(work.framework[0].dtype, tier):
        yield f"{str(lower).removeprefix('torch.')} inside", _rounded(work, lower)
    for name, wrong in extra.items():
        given = map_tensors(work.args, as_float64), map_tensors(work.kwargs, as_float64)
        with torch.no_grad():
            yield name, outputs_of(wrong(*given[0], **given[1]))


def _subsampled(work: _Workload) -> Outputs | None:
    """Compute even places from the even half of the input and odd places from the odd half."""
    axis = work.axis
    if axis is None or not all(value.ndim for value in work.reference64):
        return None

    def doubled(start: int) -> Callable[[torch.Tensor], torch.Tensor]:
        def change(value: torch.Tensor) -> torch.Tensor:
            size = value.shape[axis]
            index = torch.arange(size, device=value.device) // 2 * 2 + start
            return value.index_select(axis, index.clamp(max=size - 1))

        return change

    even, odd = work.answer(doubled(0)), work.answer(doubled(1))
    return tuple(_interleaved(*both, axis) for both in zip(even, odd, strict=True))


def _interleaved(even: torch.Tensor, odd: torch.Tensor, axis: int) -> torch.Tensor:
    parity = torch.arange(even.shape[axis], device=even.device) % 2
    shape = [1] * even.ndim
    shape[axis] = -1
    return torch.where(parity.reshape(shape).bool(), odd, even)


def _copied(work: _Workload) -> Outputs | None:
    value = as_float64(work.args[_main(work.args)])
    fits = all(value.shape == right.shape for right in work.reference64)
    return tuple(value for _ in work.reference64) if fits else None


def _rounded(work: _Workload, lower: torch.dtype) -> Outputs | None:
    with _Rounding(lower) as rounding:
        outputs = work.answer()
    return outputs if rounding.steps > len(outputs) else None


class _Rounding(TorchDispatchMode):
    """Round the result of every operation to a narrower dtype; `steps` counts those that it changed."""

    def __init__(self, lower: torch.dtype) -> None:
        super().__init__()
        self.lower = lower
        self.steps = 0

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        """Run the operation and round what it returns."""
        del types
        output = func(*args, **dict(kwargs or {}))
        narrow = self.narrowed_in_place if func._schema.is_mutable else self.narrowed  # noqa: SLF001 - no other way
        return map_tensors(output, narrow)

    def narrowed_in_place(self, value: torch.Tensor) -> torch.Tensor:
        """Round what an operation wrote to."""
        return value.copy_(self.narrowed(value))

    def narrowed(self, value: torch.Tensor) -> torch.Tensor:
        """Return the value rounded; never written in place, for it may be a view of anything."""
        if not value.is_floating_point():
            return value
        limit = torch.finfo(self.lower).max
        rounded = value.clamp(-limit, limit).to(self.lower).to(value.dtype)
        if not bool(((rounded != value) & ~value.isnan()).any()):
            return value
        self.steps += 1
        return rounded


def _lower(dtype: torch.dtype, tier: Tier) -> tuple[torch.dtype, ...]:
    """Return the dtypes that arithmetic inside must not have fallen to.

    A half-precision answer may use half precision inside where the tier is not strict; there the next
    lower format is eight bits wide.
    """
    if dtype == torch.float64:
        return (torch.float32, torch.float16)
    if dtype == torch.float32:
        return (torch.float16, torch.bfloat16)
    return (dtype,) if tier is Tier.STRICT else (torch.float8_e4m3fn,)


def _shuffled(value: torch.Tensor) -> torch.Tensor:
    order = torch.randperm(value.numel(), generator=torch.Generator().manual_seed(1))
    return value.reshape(-1)[order.to(value.device)].reshape_as(value)


def _without_tail(value: torch.Tensor) -> torch.Tensor:
    wrong = value.clone()
    columns = wrong.shape[-1]
    wrong[..., columns - max(1, min(128, columns // 8)) :] = 0.0
    return wrong


def _without_last_row(value: torch.Tensor) -> torch.Tensor:
    rows = _rows(value).clone()
    rows[-1] = 0.0
    return rows.reshape_as(value)


def _finite(value: torch.Tensor) -> torch.Tensor:
    return torch.nan_to_num(value, nan=0.0, posinf=0.0, neginf=0.0)


def _row_mean(value: torch.Tensor) -> torch.Tensor:
    return _finite(value).mean(-1, keepdim=True).expand_as(value)


def _one_value(value: torch.Tensor) -> torch.Tensor:
    return _finite(value).mean().expand_as(value)


def _permuted(value: torch.Tensor) -> torch.Tensor:
    return _rows(value).roll(1, 0).reshape_as(value)


def _shifted(value: torch.Tensor) -> torch.Tensor:
    return value.roll(1, -1)


def _rows(value: torch.Tensor) -> torch.Tensor:
    return value.reshape(-1, value.shape[-1])


_RESHUFFLED: tuple[tuple[str, Callable[[torch.Tensor], torch.Tensor], bool], ...] = (
    ("mean of each row", _row_mean, False),
    ("one uniform value", _one_value, False),
    ("columns shifted", _shifted, False),
    ("last tile of columns missing", _without_tail, False),
    ("rows permuted", _permuted, True),
    ("last row missing", _without_last_row, True),
)


def _main(args: Sequence[Any]) -> int:
    for place, value in enumerate(args):
        if isinstance(value, torch.Tensor) and value.is_floating_point():
            return place
    msg = "a workload for the self-test has a floating-point tensor among its positional arguments"
    raise TypeError(msg)
