"""Python values as JSON text and back, without loss for the values that tests record."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

_TAG = "$"


def to_text(value: object) -> str:
    """Return `value` as ASCII JSON, so that no database can object to a character of it.

    Numbers, text, bytes, None, lists, tuples, sets and mappings come back equal from `from_text`; anything
    else comes back as its `repr`. NaN and infinities are written as Python's `json` writes them.
    """
    return json.dumps(_pack(value), separators=(",", ":"))


def from_text(text: str) -> Any:
    """Return the value that `to_text` was given."""
    return _unpack(json.loads(text))


def _pack(value: object) -> object:
    if isinstance(value, np.generic):
        value = value.item()
    for kind in (bool, str, int, float):
        if isinstance(value, kind):
            return kind(value)
    if value is None:
        return None
    if isinstance(value, list):
        return [_pack(item) for item in value]
    return _pack_mapping(value) if isinstance(value, Mapping) else _pack_other(value)


def _pack_mapping(value: Mapping[Any, object]) -> object:
    if _TAG not in value and all(isinstance(key, str) for key in value):
        return {str(key): _pack(item) for key, item in value.items()}
    return {_TAG: "dict", "v": [[_pack(key), _pack(item)] for key, item in value.items()]}


def _pack_other(value: object) -> object:
    if isinstance(value, tuple):
        return {_TAG: "tuple", "v": [_pack(item) for item in value]}
    if isinstance(value, bytes):
        return {_TAG: "bytes", "v": value.hex()}
    if isinstance(value, (set, frozenset)):
        return {_TAG: type(value).__name__, "v": [_pack(item) for item in sorted(value, key=repr)]}
    return {_TAG: "repr", "v": repr(value)}


_BUILD: Mapping[str, Callable[[Any], object]] = {
    "tuple": lambda items: tuple(_unpack(item) for item in items),
    "dict": lambda pairs: {_unpack(key): _unpack(item) for key, item in pairs},
    "set": lambda items: {_unpack(item) for item in items},
    "frozenset": lambda items: frozenset(_unpack(item) for item in items),
    "bytes": bytes.fromhex,
    "repr": str,
}


def _unpack(value: Any) -> Any:
    if isinstance(value, list):
        return [_unpack(item) for item in value]
    if not isinstance(value, dict):
        return value
    if _TAG in value:
        return _BUILD[value[_TAG]](value["v"])
    return {key: _unpack(item) for key, item in value.items()}
