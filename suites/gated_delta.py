"""Inputs of the gated delta rule: keys of norm one, gates that forget at once, slowly or as they like."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import torch
import torch.nn.functional as F

from pytest_bolt.correctness import check, inputs, verify

from . import reference


@dataclass(frozen=True, slots=True)
class Spread:
    """The mean and the deviation of each gate: of `A_log` and `b` around 0, of `a` around `shift`."""

    A_log: float
    a: float
    shift: float
    dt_bias: float
    b: float


GATES = {
    "published": Spread(A_log=0.05, a=0.1, shift=0.0, dt_bias=0.1, b=0.1),  # half is forgotten each token
    "long": Spread(A_log=0.5, a=1.0, shift=-4.0, dt_bias=0.5, b=1.0),  # about 2 % is
    "varied": Spread(A_log=1.0, a=2.0, shift=-1.0, dt_bias=1.0, b=2.0),
}
STATE = 3  # the place of the state among the arguments
PUBLISHED: dict[str, Any] = {"query_heads": 4, "value_heads": 8, "width": 128}

Args = tuple[Any, ...]


def decode_args(batch: int, *, scale: float | None = None, fresh: bool = False, **drawn: Any) -> Args:
    """Return the arguments of a decode step of `batch` sequences, in the published order.

    Arguments:
        batch: how many sequences.
        scale: of the output.
        fresh: there is no state yet.
        drawn: as in `draw`.
    """
    q, k, v, state, A_log, a, dt_bias, b = draw(batch, batch, **drawn)
    alone = q[:, None], k[:, None], v[:, None]
    return (*alone, None if fresh else state, A_log, a[:, None], dt_bias, b[:, None], scale)


def prefill_args(
    lengths: Sequence[int], *, scale: float | None = None, fresh: bool = False, **drawn: Any
) -> Args:
    """Return the arguments of a prefill of sequences of these lengths, in the published order.

    The other arguments are those of `decode_args`.
    """
    q, k, v, state, A_log, a, dt_bias, b = draw(sum(lengths), len(lengths), **drawn)
    bounds = torch.tensor([0, *accumulate(lengths)], dtype=torch.int64, device=q.device)
    return q, k, v, None if fresh else state, A_log, a, dt_bias, b, bounds, scale


def draw(
    tokens: int,
    sequences: int,
    *,
    query_heads: int = 2,
    value_heads: int = 4,
    width: int = 16,
    values: str = "normal",
    gates: str = "long",
    seed: int = 0,
    device: torch.device | str = "cpu",
    dtype: torch.dtype = torch.float32,
) -> tuple[torch.Tensor, ...]:
    """Return q, k, v, state, A_log, a, dt_bias and b; the state and what belongs to a head in float32.

    Keys are normalised and then rounded: with others the state would grow without bound. Each query has a
    part along its key, or what a token reads of an empty state, v (k q), would be whatever is lost in k q.

    Arguments:
        tokens: T, of all sequences together.
        sequences: how many states.
        query_heads: heads of q and k.
        value_heads: heads of v.
        width: of the keys and of the values.
        values: the distribution of q, k, v and the state, one of `inputs.DISTRIBUTIONS`.
        gates: one of `GATES`.
        seed: decides all of them.
        device: of all of them.
        dtype: of what belongs to a token.
    """
    make, spread = inputs.DISTRIBUTIONS[values], GATES[gates]
    q, k = (
        make(tokens * query_heads, width, seed=8 * seed + place).reshape(tokens, query_heads, width)
        for place in range(2)
    )
    v = make(tokens * value_heads, width, seed=8 * seed + 2).reshape(tokens, value_heads, width)
    state = 0.1 * make(sequences * value_heads * width, width, seed=8 * seed + 3)
    a, b = (inputs.normal(tokens, value_heads, seed=8 * seed + place) for place in (4, 5))
    A_log, dt_bias = (inputs.normal(1, value_heads, seed=8 * seed + place)[0] for place in (6, 7))
    k = F.normalize(k, dim=-1)
    q = q + q.norm(dim=-1, keepdim=True) * torch.where((q * k).sum(-1, keepdim=True) < 0, -k, k) / 2
    of_token = (q, k, v, spread.a * a + spread.shift, spread.b * b)
    q, k, v, a, b = (each.to(device=device, dtype=dtype) for each in of_token)
    of_head = (
        state.reshape(sequences, value_heads, width, width),
        spread.A_log * A_log,
        spread.dt_bias * dt_bias,
    )
    state, A_log, dt_bias = (each.to(device=device) for each in of_head)
    return q, k, v, state, A_log, a, dt_bias, b


def in_wide_rows(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the function with the heads of its output, and all of a state, in one row.

    A row is judged by its largest element. That of a narrow head may be what two large numbers leave over.
    """

    @functools.wraps(function)
    def widened(*args: Any) -> Any:
        outputs = function(*args)
        if type(outputs) not in (tuple, list) or len(outputs) != len(_ROWS):
            return outputs
        return tuple(_row(each, axes) for each, axes in zip(outputs, _ROWS, strict=True))

    return widened


_ROWS = (2, 3)  # how many dimensions of the output, and of the state, make a row


def _row(value: Any, axes: int) -> Any:
    """Return a plain tensor with its last dimensions as one; anything else is for the gate to refuse."""
    return value.flatten(-axes) if type(value) is torch.Tensor and value.ndim > axes else value


def hold(function: Callable[..., Any], args: Args, *, oracle: Callable[..., Any], twin: Any = None) -> None:
    """Run a function and hold its output and its states to those of the oracle."""
    wide = None if twin is None else in_wide_rows(twin)
    verify(in_wide_rows(function), args, oracle=in_wide_rows(oracle), twin=wide)


def hold_output(output: Any, args: Args, *, oracle: Callable[..., Any], twin: Any = None) -> None:
    """Hold an output and states, however they came about, to those of the oracle."""
    wide = None if twin is None else in_wide_rows(twin)
    check(in_wide_rows(lambda: output)(), oracle=in_wide_rows(oracle), args=args, twin=wide)


def in_chunks(*args: Any) -> tuple[torch.Tensor, torch.Tensor]:
    """Prefill in chunks of 64 tokens, as kernels do: what such a form loses in float32 may be lost.

    Differences of running sums of log decays stand there for products of decays; where a gate forgets all at
    once, they are hundreds of times less exact than a loop over tokens.
    """
    output, state = reference.gated_delta_prefill(*args, form=reference.chunked(64))
    return output, state


def with_state(args: Args, state: torch.Tensor | None) -> Args:
    """Return the arguments with another state."""
    return (*args[:STATE], state, *args[STATE + 1 :])


def changed(args: Args, change: Callable[[torch.Tensor], torch.Tensor], *places: int) -> Args:
    """Return the arguments with those at `places` replaced by `change(argument)`."""
    return tuple(change(each) if place in places else each for place, each in enumerate(args))


def tokens_of(args: Args, first: int, last: int) -> Args:
    """Return the arguments of the prefill of tokens `first` up to `last` as one sequence."""
    q, k, v, state, A_log, a, dt_bias, b, bounds, scale = args
    cut = [each[first:last] for each in (q, k, v, a, b)]
    alone = torch.tensor([0, last - first], dtype=bounds.dtype, device=bounds.device)
    return (*cut[:3], state, A_log, cut[3], dt_bias, cut[4], alone, scale)


def laid_out(layout: str, args: Args) -> Args:
    """Return equal arguments that lie otherwise in memory.

    Arguments:
        layout: `packed` (q, k and v are parts of one tensor), `heads first`, or `state transposed`.
        args: of either operation.
    """
    q, k, v, state, *rest = args
    if layout == "packed":
        q, k, v = torch.cat([q, k, v], -2).split([each.shape[-2] for each in (q, k, v)], -2)
    elif layout == "heads first":
        q, k, v = (each.transpose(0, -2).contiguous().transpose(0, -2) for each in (q, k, v))
    elif layout == "state transposed":
        state = state.mT.contiguous().mT
    else:
        raise KeyError(layout)
    return q, k, v, state, *rest


LAYOUTS = ("packed", "heads first", "state transposed")
