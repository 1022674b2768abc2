"""What an autograd function of attention is called with, and what it keeps."""

from __future__ import annotations

from typing import Any

import torch

from ..attention.tensors import Tensors, qkv, twin


def small(
    batch: int, queries: int, keys: int, width: int, *, distribution: str = "blocks", **drawn: Any
) -> Tensors:
    """Return q `Float[B, Tq, D]`, k and v `Float[B, Tk, D]`; `drawn` are the seed, the device, the dtype."""
    return qkv((batch, queries, width), keys=keys, distribution=distribution, **drawn)


def by_heads(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, *, causal: bool) -> torch.Tensor:
    """Return the framework's own attention, whose quick forms take a dimension of heads."""
    return twin(q[:, None], k[:, None], v[:, None], causal=causal)[:, 0]


def kept(output: torch.Tensor) -> list[torch.Tensor]:
    """Return the tensors that the node of an output keeps: saved ones, and attributes of its context."""
    node: Any = output.grad_fn
    return _tensors([node.saved_tensors, vars(node)])


def nodes(output: torch.Tensor) -> list[str]:
    """Return the names of the nodes of a graph, but for those of its leaves."""
    names, left, seen = [], [output.grad_fn], set()
    while left:
        node = left.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        if type(node).__name__ != "AccumulateGrad":
            names.append(type(node).__name__)
        left += [following for following, _ in node.next_functions]
    return names


def _tensors(values: Any) -> list[torch.Tensor]:
    if isinstance(values, torch.Tensor):
        return [values]
    if isinstance(values, dict):
        values = list(values.values())
    return [each for value in values for each in _tensors(value)] if isinstance(values, list | tuple) else []
