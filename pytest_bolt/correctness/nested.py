"""Tensors inside arguments and outputs: tuples, lists and dictionaries of them, any depth."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias

import torch

Change: TypeAlias = Callable[[torch.Tensor], torch.Tensor]


def each_tensor(value: Any) -> Iterator[torch.Tensor]:
    """Yield every tensor in `value`, in order."""
    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from each_tensor(item)
    elif isinstance(value, (tuple, list)):
        for item in value:
            yield from each_tensor(item)


def map_tensors(value: Any, change: Change) -> Any:
    """Return `value` with every tensor replaced by `change(tensor)`; named tuples become tuples."""
    if isinstance(value, torch.Tensor):
        return change(value)
    if isinstance(value, Mapping):
        return {key: map_tensors(item, change) for key, item in value.items()}
    if isinstance(value, list):
        return [map_tensors(item, change) for item in value]
    if isinstance(value, tuple):
        return tuple(map_tensors(item, change) for item in value)
    return value


def as_float64(tensor: torch.Tensor) -> torch.Tensor:
    """Return a float64 copy of a floating-point tensor, a plain copy of any other.

    The copy lies on the CPU where the tensor's device knows no float64.
    """
    copy = tensor.detach().clone()
    if not copy.is_floating_point():
        return copy
    return copy.cpu().double() if copy.device.type == "mps" else copy.double()


def own_copy(tensor: torch.Tensor) -> torch.Tensor:
    """Return a copy that shares no memory and no graph with `tensor`."""
    return tensor.detach().clone()
