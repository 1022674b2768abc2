"""Overwrite right answers before their memory is freed.

Allocators hand out what was freed last. After a check that would be the expected answer, and code that
allocates its output and never writes to it would be found right.
"""

from __future__ import annotations

import sys

import torch


def scrub(tensors: tuple[torch.Tensor, ...]) -> None:
    """Fill with NaN, or zero, every tensor that nothing but this tuple refers to.

    An oracle may return a tensor that it keeps, or a view of one: such memory is left alone.
    """
    for place in range(len(tensors)):
        kept = _references(tensors, place) > _ALONE
        tensor = tensors[place]
        if not kept and tensor.layout == torch.strided and _uses(tensor) == _ONE_TENSOR:
            tensor.fill_(float("nan") if tensor.is_floating_point() else 0)


def _uses(tensor: torch.Tensor) -> int:
    """Return how many tensors share the memory, and one for the handle that asks."""
    count = getattr(torch._C, "_storage_Use_Count", None)  # noqa: SLF001 - nothing public tells
    return int(count(tensor.untyped_storage()._cdata)) if count else 0  # noqa: SLF001 - as above


def _references(objects: tuple[object, ...], place: int) -> int:
    return sys.getrefcount(objects[place])


_ONE_TENSOR = 2
_ALONE = _references((object(),), 0)
