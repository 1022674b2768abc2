"""Rule 1: type, layout, shape, dtype, device and non-finite values, compared exactly.

An output is untrusted: it may be an object that agrees with everything, a tensor subclass that
computes when it is looked at, or a tensor with methods replaced on the instance. So its exact type is
settled first, and after that only unbound methods of `torch.Tensor` touch it.
"""

from __future__ import annotations

import math
from typing import Any

import torch

_to = torch.Tensor.to
_detach = torch.Tensor.detach


def outputs_of(output: Any) -> tuple[Any, ...]:
    """Return the elements of a tuple or list of outputs, or the output alone; nothing is called on it."""
    kind = type(output)
    if kind is list or kind is tuple or _is_return_type(kind):
        return tuple(output)
    return (output,)


def _is_return_type(kind: type) -> bool:
    own = getattr(torch.return_types, kind.__name__, None)
    return kind.__module__ == "torch.return_types" and own is kind


def refusal(output: Any, model: torch.Tensor) -> str:
    """Return in one line why `output` cannot stand where `model` stands, or an empty text.

    Arguments:
        output: anything.
        model: the framework's own output: any shape, dtype and device.
    """
    kind = type(output)
    if kind is not torch.Tensor:
        return f"is a {kind.__module__}.{kind.__qualname__}, not exactly a torch.Tensor"
    own: dict[str, Any] = object.__getattribute__(output, "__dict__")
    extra = sorted(name for name, value in own.items() if not _compilers_note(name, value))
    if extra:
        return f"carries attributes of its own: {', '.join(extra)}"
    for name, seen, wanted in (
        ("shape", list(output.shape), list(model.shape)),
        ("dtype", output.dtype, model.dtype),
        ("device", output.device, model.device),
        ("layout", output.layout, torch.strided),
    ):
        if seen != wanted:
            return f"has {name} {seen}, expected {wanted}"
    return ""


def _compilers_note(name: str, value: Any) -> bool:
    """Return whether it is one of the marks that `torch.compile` leaves on outputs: sizes that varied."""
    return name.startswith("_dynamo_") and (
        type(value) in {bool, int}
        or (type(value) in {set, frozenset} and all(type(each) is int for each in value))
    )


def nonfinite_difference(output: torch.Tensor, reference64: torch.Tensor) -> str:
    """Return where NaN, inf or -inf differ from the reference as the output's dtype would hold it.

    The reference is not rounded as a whole: that would leave the right answer in freed memory.
    """
    got = _to(_detach(output), device=reference64.device)
    overflow = _overflow(got.dtype)
    for name, seen, wanted in (
        ("NaN", torch.isnan(got), torch.isnan(reference64)),
        ("inf", torch.isposinf(got), reference64 >= overflow),
        ("-inf", torch.isneginf(got), reference64 <= -overflow),
    ):
        differs = (seen != wanted).reshape(-1)
        count = int(differs.sum())
        if count:
            index = int(differs.nonzero()[0, 0])
            return (
                f"{name} differs from the reference in {count} of {differs.numel()} elements, first at "
                f"{_place(index, got)}: got {got.reshape(-1)[index].item()}, "
                f"expected {reference64.reshape(-1)[index].item()}"
            )
    return ""


def _overflow(dtype: torch.dtype) -> float:
    """Return the smallest number that rounds to infinity: half a unit above the largest finite one."""
    info = torch.finfo(dtype)
    return math.inf if dtype == torch.float64 else info.max * (1.0 + info.eps / (2.0 * (2.0 - info.eps)))


def inexact_difference(output: torch.Tensor, model: torch.Tensor) -> str:
    """Return where two integer or boolean tensors of one shape differ."""
    differs = (_detach(output) != model).reshape(-1)
    count = int(differs.sum())
    if not count:
        return ""
    index = int(differs.nonzero()[0, 0])
    got, wanted = output.reshape(-1)[index].item(), model.reshape(-1)[index].item()
    return (
        f"differs in {count} of {differs.numel()} elements, first at {_place(index, model)}: "
        f"got {got}, expected {wanted}"
    )


def _place(flat: int, tensor: torch.Tensor) -> str:
    index = torch.unravel_index(torch.tensor(flat), tensor.shape)
    return f"[{', '.join(str(int(i)) for i in index)}]"
