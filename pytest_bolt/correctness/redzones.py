"""Memory with a fence round it: a write past the end of a tensor is seen, a read past it gives NaN.

A kernel that stores out of bounds usually hits memory of the allocator and nothing happens. Here
every tensor that is allocated while `red_zones` is active lies between two fences.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode

FENCE_BYTES = 4096
_PATTERN = 0xA5
_aten = torch.ops.aten
_ALLOCATIONS = frozenset(
    {
        _aten.empty.memory_format,
        _aten.empty_like.default,
        _aten.empty_strided.default,
        _aten.new_empty.default,
        _aten.new_empty_strided.default,
    }
)


class RedZoneTouched(AssertionError):
    """Something was written outside of a tensor that the code under test allocated."""


@dataclass(slots=True, eq=False)
class _Block:
    memory: torch.Tensor
    size: int
    described: str

    def touched(self) -> str:
        """Return which fence was written to, or an empty text."""
        before, after = self.memory[:FENCE_BYTES], self.memory[FENCE_BYTES + self.size :]
        for fence, where in ((before, "before"), (after, "after")):
            count = int((fence != _PATTERN).sum())
            if count:
                return f"{count} bytes written {where} a tensor {self.described}"
        return ""


@dataclass(slots=True, eq=False)
class _Fences:
    blocks: list[_Block] = field(default_factory=list)

    def allocate(self, model: torch.Tensor) -> torch.Tensor:
        """Return fenced memory with the shape, strides, dtype and device of `model`."""
        size = _span(model) * model.dtype.itemsize
        memory = torch.full((size + 2 * FENCE_BYTES,), _PATTERN, dtype=torch.uint8, device=model.device)
        described = f"{str(model.dtype).removeprefix('torch.')}{list(model.shape)}"
        self.blocks.append(_Block(memory, size, described))
        inside = memory[FENCE_BYTES : FENCE_BYTES + size].view(model.dtype)
        return inside.as_strided(model.shape, model.stride())


class _FencedAllocation(TorchDispatchMode):
    """Serve `empty` and its relatives from fenced memory."""

    def __init__(self, fences: _Fences) -> None:
        super().__init__()
        self.fences = fences

    def __torch_dispatch__(
        self,
        func: Any,
        types: Any,
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Fence a plain allocation of dense memory; pass everything else on."""
        del types
        named = dict(kwargs or {})
        plain = func(*args, **named)
        if func not in _ALLOCATIONS or plain.layout != torch.strided or named.get("pin_memory"):
            return plain
        return self.fences.allocate(plain)


@contextmanager
def red_zones() -> Iterator[None]:
    """Fence every tensor that `torch.empty` and its relatives allocate in this block.

    Raises:
        RedZoneTouched: at the end of the block, if anything was written outside of such a tensor.
    """
    fences = _Fences()
    with torch.no_grad(), _FencedAllocation(fences):
        yield
    found = [text for text in (block.touched() for block in fences.blocks) if text]
    if found:
        raise RedZoneTouched("; ".join(found))


def fenced(tensor: torch.Tensor) -> torch.Tensor:
    """Return a copy, equal in shape, strides and values, with NaN all round it in memory.

    A kernel that reads out of bounds gets NaN; `unmutated` sees one that writes there.

    Arguments:
        tensor: floating-point, any shape, without overlapping elements.
    """
    margin = FENCE_BYTES // tensor.dtype.itemsize
    memory = torch.full((_span(tensor) + 2 * margin,), float("nan"), dtype=tensor.dtype, device=tensor.device)
    inside = memory.as_strided(tensor.shape, tensor.stride(), margin)
    return inside.copy_(tensor.detach())


def _span(tensor: torch.Tensor) -> int:
    """Return how many elements of memory lie between the first and the last element, both counted."""
    if not tensor.numel():
        return 0
    return 1 + sum((size - 1) * step for size, step in zip(tensor.shape, tensor.stride(), strict=True))
