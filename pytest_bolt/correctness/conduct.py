"""How a function behaves beside its result: inputs left alone, memory of its own, the same bits each time."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch

from pytest_bolt.core.tolerance import Agreement, Tier
from pytest_bolt.correctness.call_text import call_text, name_of
from pytest_bolt.correctness.gate import Incorrect, Operation, check
from pytest_bolt.correctness.nested import each_tensor, map_tensors, own_copy
from pytest_bolt.correctness.structure import outputs_of


class Misbehaved(AssertionError):
    """A function changed its inputs, returned their memory, or gave different bits for equal inputs."""


def unmutated(fn: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any] | None = None) -> Any:
    """Return `fn(*args, **kwargs)`, having made sure that no input was changed and none is returned.

    The whole storage of every tensor is hashed before and after, so a write beside a view counts. What `fn`
    raises has the call in a note.

    Raises:
        Misbehaved: a tensor's memory, shape or strides changed, or an output shares memory with an input.
    """
    __tracebackhide__ = True
    named = dict(kwargs or {})
    tensors = list(each_tensor((list(args), named)))
    before = [_fingerprint(tensor) for tensor in tensors]
    try:
        output = fn(*args, **named)
    except Exception as error:
        error.add_note(f"raised by {call_text(fn, args, named)}")
        raise
    changed = [
        f"tensor {number} {str(tensor.dtype).removeprefix('torch.')}{list(tensor.shape)}"
        for number, (tensor, seen) in enumerate(zip(tensors, before, strict=True))
        if _fingerprint(tensor) != seen
    ]
    if changed:
        msg = f"{name_of(fn)} changed its own input: {', '.join(changed)} (counted from 0)"
        raise Misbehaved(msg)
    _refuse_views(fn, output, tensors)
    return output


def _refuse_views(fn: Callable[..., Any], output: Any, inputs: Sequence[torch.Tensor]) -> None:
    """Raise Misbehaved where an output lies in the memory of an input: whoever changes one changes both."""
    lent = {tensor.untyped_storage().data_ptr(): place for place, tensor in reversed(list(enumerate(inputs)))}
    for number, each in enumerate(outputs_of(output)):
        if type(each) is not torch.Tensor or not each.numel():
            continue
        place = lent.get(each.untyped_storage().data_ptr())
        if place is not None:
            msg = f"{name_of(fn)} returned the memory of its own input: output {number} is tensor {place}"
            raise Misbehaved(f"{msg} (counted from 0)")


def repeated(
    fn: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any] | None = None, *, runs: int = 3
) -> Any:
    """Return the result of `fn`, having made sure that `runs` calls agree bit for bit.

    Raises:
        Misbehaved: a later call returned other bits than the first.
    """
    named = dict(kwargs or {})
    first = fn(*args, **named)
    bits = [_bits(each) for each in outputs_of(first)]
    for run in range(2, runs + 1):
        again = [_bits(each) for each in outputs_of(fn(*args, **named))]
        if again != bits:
            msg = f"{name_of(fn)} is not deterministic: run {run} of {runs} differs from the first"
            raise Misbehaved(msg)
    return first


def verify(
    fn: Callable[..., Any],
    args: Sequence[Any],
    *,
    oracle: Operation,
    oracle_args: Sequence[Any] | None = None,
    kwargs: Mapping[str, Any] | None = None,
    twin: Operation | None = None,
    tier: Tier | str = Tier.STRICT,
    by_row: bool = True,
) -> Agreement:
    """Run `fn` and accept or reject its output.

    What is expected is worked out after `fn` has returned, so that `fn` cannot find it, and from copies of
    the inputs made before, so that a changed input cannot make a wrong answer right.

    Arguments:
        fn: the implementation; called once with `args`.
        args: its arguments.
        oracle: the specification, see `gate.check`; `kwargs` are the oracle's.
        oracle_args: the oracle's arguments, where its order differs from the implementation's.
        kwargs: keyword arguments of the oracle and its twin.
        twin: the framework's own operation; takes the oracle's arguments.
        tier: `strict`, `relaxed`, `gradient` or `interpreter`.
        by_row: as in `gate.check`.

    Raises:
        Incorrect: a rule is broken.
        Misbehaved: `fn` changed its input.
    """
    __tracebackhide__ = True
    given = map_tensors(tuple(args if oracle_args is None else oracle_args), own_copy)
    named = map_tensors(dict(kwargs or {}), own_copy)
    told = call_text(fn, args)
    output = unmutated(fn, args)
    try:
        return check(output, oracle=oracle, args=given, kwargs=named, twin=twin, tier=tier, by_row=by_row)
    except Incorrect as wrong:
        wrong.add_note(f"returned by {told}")
        raise


def _fingerprint(tensor: torch.Tensor) -> tuple[object, ...]:
    storage = tensor.untyped_storage()
    whole = torch.empty(0, dtype=torch.uint8, device=tensor.device).set_(storage)
    digest = hashlib.blake2b(whole.cpu().numpy().data).hexdigest()
    return digest, tuple(tensor.shape), tensor.stride(), tensor.storage_offset()


def _bits(value: Any) -> bytes:
    if type(value) is not torch.Tensor:
        return repr(value).encode()
    flat = torch.Tensor.detach(value).contiguous().reshape(-1).view(torch.uint8)
    return f"{value.dtype}{list(value.shape)}".encode() + flat.cpu().numpy().tobytes()
