"""A call in words: what a failure shows of the function, its arguments and what it gave back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch

_LONGEST = 60
_MOST_ITEMS = 4


def name_of(fn: Callable[..., Any]) -> str:
    """Return the name of a function, or of the type of what is called."""
    return str(getattr(fn, "__name__", None) or type(fn).__name__)


def call_text(fn: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any] | None = None) -> str:
    """Return `run_softmax(float32[12, 257], -1)`: dtype and shape of tensors, other values in short."""
    words = [
        *map(value_text, args),
        *(f"{name}={value_text(value)}" for name, value in (kwargs or {}).items()),
    ]
    return f"{name_of(fn)}({', '.join(words)})"


def value_text(value: Any) -> str:
    """Return a value in a few words: a tensor by dtype, shape, device and strides where they are unusual."""
    if type(value) is torch.Tensor:
        return _tensor_text(value)
    if isinstance(value, Mapping):
        shown = [f"{key!r}: {value_text(each)}" for key, each in list(value.items())[:_MOST_ITEMS]]
        return f"{{{', '.join(shown + _more(len(value)))}}}"
    if isinstance(value, (list, tuple)):
        shown = [value_text(each) for each in value[:_MOST_ITEMS]]
        opening, closing = "[]" if isinstance(value, list) else "()"
        return f"{opening}{', '.join(shown + _more(len(value)))}{closing}"
    text = repr(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def _tensor_text(tensor: torch.Tensor) -> str:
    text = f"{str(tensor.dtype).removeprefix('torch.')}{list(tensor.shape)}"
    if tensor.device.type != "cpu":
        text += f" on {tensor.device}"
    return text if tensor.is_contiguous() else f"{text} with strides {list(tensor.stride())}"


def _more(count: int) -> list[str]:
    return [f"{count - _MOST_ITEMS} more"] if count > _MOST_ITEMS else []
