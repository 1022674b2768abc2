"""Slowdowns of the adapter `manual` whose size is found by timing: an extra copy, a slower algorithm.

Both sides run the same code and look up how much of it to do, by operation, shape and dtype: what costs 5 %
of a small call costs nothing beside a large one.
"""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from benchmarks.source_changes import function_named
from benchmarks.variants import COPY

OPERATIONS = {"run_softmax": "softmax", "run_rmsnorm": "rmsnorm", "run_attention": "attention"}
SHARES = 10_000  # a share of slower calls is counted in these parts
REPEATS = 4  # of the result beside a copy, so that the smallest copy is a small share
_MOST_REPEATS = 16
_INPUTS = {"run_softmax": "in_features", "run_rmsnorm": "in_features", "run_attention": "q"}
_SLOW_CALLS = {
    "run_softmax": "_twice(in_features, dim)",
    "run_rmsnorm": "_wide_mean(in_features, weights, eps)",
    "run_attention": "_wide_rows(q, k, v, causal)",
}
_SHAPES = {
    "softmax": ((64, 512), (8, 8192)),
    "rmsnorm": ((64, 512), (8, 4096)),
    "attention": ((1, 4, 128, 64), (1, 4, 256, 64)),
}
ADAPTER = """
\"\"\"The references of three operations, step by step.\"\"\"

from __future__ import annotations

import torch

from ..normalisation import rms_norm, softmax
from ..scaled_dot_product import attention


def run_softmax(in_features, dim):
    return softmax(in_features, dim)


def run_rmsnorm(d_model, eps, weights, in_features):
    del d_model
    return rms_norm(in_features, weights, eps=eps)


def run_attention(q, k, v, *, causal):
    return attention(q, k, v, causal=causal)
"""
_SUBJECT = re.compile(r"test_(\w+)_speed\[manual-cpu-(\w+)-([\dx]+)(?:-(causal|all-keys))?\]")
# Exponentials that are computed twice, a mean of squares in float64, a softmax of scores in float64.
_SLOW_WAYS = """

def _twice(x, dim):
    wide = x.to(torch.promote_types(x.dtype, torch.float32))
    shifted = wide - wide.amax(dim, keepdim=True)
    return (torch.exp(shifted) / torch.exp(shifted).sum(dim, keepdim=True)).to(x.dtype)


def _wide_mean(x, weight, eps):
    wide = x.to(torch.promote_types(x.dtype, torch.float32))
    mean_square = wide.double().square().mean(-1, keepdim=True).to(wide.dtype)
    return (wide * torch.rsqrt(mean_square + eps) * weight.to(wide.dtype)).to(x.dtype)


def _wide_rows(q, k, v, causal):
    kind = torch.promote_types(q.dtype, torch.float32)
    scores = q.to(kind) @ k.to(kind).transpose(-2, -1) / q.shape[-1] ** 0.5
    if causal:
        earlier = torch.ones(scores.shape[-2:], dtype=torch.bool, device=q.device).tril()
        scores = scores.masked_fill(~earlier, -torch.inf)
    return (softmax(scores.double(), -1).to(kind) @ v.to(kind)).to(q.dtype)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """One benchmark of the adapter `manual`."""

    operation: str
    dtype: str
    shape: tuple[int, ...]
    causal: bool

    @classmethod
    def of(cls, name: str) -> Subject:
        """Return the subject of a test's name; raise ValueError where it is none."""
        found = _SUBJECT.fullmatch(name)
        if found is None:
            raise ValueError(f"{name!r} is no benchmark of the adapter `manual`")
        shape = tuple(map(int, found[3].split("x")))
        return cls(operation=found[1], dtype=found[2], shape=shape, causal=found[4] == "causal")

    @property
    def key(self) -> str:
        """Return the source of what the changed adapter looks it up by."""
        return f"({self.shape}, torch.{self.dtype}, {self.causal})"

    @property
    def elements(self) -> int:
        """Return the number of elements of the input that is copied."""
        return math.prod(self.shape)


def subjects(operation: str) -> tuple[str, ...]:
    """Return the names of the speed tests of an operation, for the adapter `manual` on the CPU."""
    name = OPERATIONS[operation]
    endings = ("-all-keys", "-causal") if name == "attention" else ("",)
    return tuple(
        f"test_{name}_speed[manual-cpu-{dtype}-{'x'.join(map(str, shape))}{ending}]"
        for dtype in ("float32", "bfloat16")
        for shape in _SHAPES[name]
        for ending in endings
    )


def both_sides(
    source: str, cause: str, operations: Iterable[str], amounts: Mapping[str, int]
) -> tuple[str, str]:
    """Return the adapter of the base and of the head.

    Arguments:
        source: of the adapter.
        cause: `copy` or `algorithm`.
        operations: the functions of the adapter that are changed.
        amounts: by name of a test, elements that are copied, or parts of `SHARES` computed the slower way.
    """
    text = source
    for operation in operations:
        text = _looking_up(text, operation, cause)
    return tuple(text + _SLOW_WAYS + _table(cause, amounts, head=head) for head in (False, True))  # type: ignore[return-value]  # two of them


def repeats_and_slow(share: float) -> tuple[int, int]:
    """Return the fewest calls, and how many of them, that make up a share to within a twentieth of it."""
    tries = [(calls, min(calls, max(1, round(share * calls)))) for calls in range(1, _MOST_REPEATS + 1)]
    close = [each for each in tries if abs(each[1] / each[0] - share) <= share / 20]
    return close[0] if close else min(tries, key=lambda each: abs(each[1] / each[0] - share))


def _looking_up(source: str, operation: str, cause: str) -> str:
    lines = source.splitlines(keepends=True)
    statement = function_named(source, operation).body[-1]
    if not isinstance(statement, ast.Return) or statement.value is None:
        raise ValueError(f"{operation} does not end by returning a value")
    value, tensor = ast.get_source_segment(source, statement.value), _INPUTS[operation]
    causal = "causal" if operation == "run_attention" else "False"
    text = (
        f"    key = (tuple({tensor}.shape), {tensor}.dtype, {causal})\n"
        f'    usual, other, count = _AMOUNTS["{OPERATIONS[operation]}"].get(key, (1, 0, 0))\n'
    )
    if cause == COPY:
        text += (
            f"    for _ in range(other):\n        {tensor}.reshape(-1)[:count].clone()\n"
            f"    for _ in range(usual):\n        result = {value}\n    return result\n"
        )
    else:
        text += (
            f"    for _ in range(other):\n        result = {_SLOW_CALLS[operation]}\n"
            f"    for _ in range(usual):\n        result = {value}\n    return result\n"
        )
    lines[statement.lineno - 1 : statement.end_lineno] = [text]
    return "".join(lines)


def _table(cause: str, amounts: Mapping[str, int], *, head: bool) -> str:
    rows: dict[str, list[str]] = {operation: [] for operation in OPERATIONS.values()}
    for name, amount in amounts.items():
        subject = Subject.of(name)
        cell = _copies(subject, amount, head=head) if cause == COPY else _slow_calls(amount, head=head)
        rows[subject.operation].append(f"        {subject.key}: {cell},\n")
    body = "".join(f'    "{name}": {{\n{"".join(cells)}    }},\n' for name, cells in rows.items())
    return f"\n\n_AMOUNTS = {{\n{body}}}\n"


def _copies(subject: Subject, amount: int, *, head: bool) -> tuple[int, int, int]:
    times = max(1, math.ceil(amount / subject.elements))
    return (REPEATS, times, max(1, round(amount / times))) if head else (REPEATS, 0, 0)


def _slow_calls(amount: int, *, head: bool) -> tuple[int, int, int]:
    calls, slow = repeats_and_slow(amount / SHARES)
    return (calls - slow, slow, 0) if head else (calls, 0, 0)
