"""Frozen dataclasses to plain JSON values and back, by their type hints; nothing is lost.

Numbers that JSON has no word for are the texts "NaN", "Infinity" and "-Infinity"; inside free-form
values, where a text could be a text, they are `{"$number": "NaN"}`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache
from numbers import Integral, Real
from types import UnionType
from typing import Any, TypeAlias, Union, get_args, get_origin, get_type_hints

Json: TypeAlias = bool | int | float | str | list["Json"] | dict[str, "Json"] | None
_NUMBER = "$number"
_NO_WORD = frozenset({"NaN", "Infinity", "-Infinity"})


def encode(hint: Any, value: Any) -> Json:
    """Return the JSON value of `value`, which has the type `hint`; keys of mappings are sorted."""
    origin = get_origin(hint)
    if value is None:
        return None
    if hint is object:
        return _free(value)
    if origin in {Union, UnionType}:
        return encode(_without_none(hint), value)
    if origin is tuple:
        return [encode(kind, item) for kind, item in zip(_kinds(hint, len(value)), value, strict=True)]
    if origin is not None:
        return {key: encode(get_args(hint)[1], value[key]) for key in sorted(value)}
    if isinstance(hint, type) and is_dataclass(hint):
        return {name: encode(kind, getattr(value, name)) for name, kind in _hints(hint).items()}
    if hint is float:
        return _number(float(value))
    return _scalar(hint, value)


def _scalar(hint: Any, value: Any) -> Json:
    if hint is datetime:
        return str(value.isoformat())
    return str(value) if issubclass(hint, str) else bool(value) if hint is bool else int(value)


def decode(hint: Any, value: Any, place: str = "$") -> Any:
    """Return the value of type `hint` that was encoded; what an older report lacks has its default.

    Raises:
        ValueError: naming the place, if the value does not fit the type.
    """
    origin = get_origin(hint)
    if hint is object:
        return _freed(value)
    if origin in {Union, UnionType}:
        return None if value is None else decode(_without_none(hint), value, place)
    if origin is tuple:
        items = _checked(list, value, place)
        kinds = _kinds(hint, len(items))
        if len(kinds) != len(items):
            raise ValueError(f"{place} has {len(items)} items, not {len(kinds)}")
        return tuple(
            decode(kind, item, f"{place}[{at}]")
            for at, (kind, item) in enumerate(zip(kinds, items, strict=True))
        )
    if origin is not None:
        kind = get_args(hint)[1]
        return {
            key: decode(kind, item, f"{place}.{key}") for key, item in _checked(dict, value, place).items()
        }
    if isinstance(hint, type) and is_dataclass(hint):
        return _decode_dataclass(hint, _checked(dict, value, place), place)
    return _decode_scalar(hint, value, place)


def _decode_dataclass(hint: Any, value: dict[str, Any], place: str) -> Any:
    hints = _hints(hint)
    missing = [field.name for field in fields(hint) if field.name not in value and _required(field)]
    if missing:
        raise ValueError(f"{place} lacks {', '.join(missing)}")
    return hint(
        **{name: decode(hints[name], value[name], f"{place}.{name}") for name in hints if name in value}
    )


def _decode_scalar(hint: Any, value: Any, place: str) -> Any:
    if hint is float:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return _as_float(value, place)
        if isinstance(value, str) and value in _NO_WORD:
            return float(value)
        raise ValueError(f"{place} is not a number: {value!r:.80}")
    if hint is datetime:
        return datetime.fromisoformat(_checked(str, value, place))
    if issubclass(hint, StrEnum):
        return hint(_checked(str, value, place))
    if hint is int and isinstance(value, bool):
        raise ValueError(f"{place} is not of type int: {value!r}")
    return _checked(hint, value, place)


def _as_float(value: float, place: str) -> float:
    try:
        return float(value)
    except OverflowError as error:
        raise ValueError(f"{place} is too large a number") from error


def _checked(kind: type, value: Any, place: str) -> Any:
    if not isinstance(value, kind):
        raise ValueError(f"{place} is not of type {kind.__name__}: {value!r:.80}")  # noqa: TRY004 - of a file
    return value


def _required(field: Field[Any]) -> bool:
    return field.default is MISSING and field.default_factory is MISSING


@cache
def _hints(kind: type) -> dict[str, Any]:
    found = get_type_hints(kind)
    return {field.name: found[field.name] for field in fields(kind)}


def _without_none(hint: Any) -> Any:
    (kind,) = (argument for argument in get_args(hint) if argument is not type(None))
    return kind


def _kinds(hint: Any, length: int) -> tuple[Any, ...]:
    arguments = get_args(hint)
    return (arguments[0],) * length if arguments[-1] is Ellipsis else arguments


def _number(value: float) -> Json:
    if math.isfinite(value):
        return float(value)
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def _free(value: Any) -> Json:
    """Return a value that a test left in `extra_info`: what JSON does not know becomes its text."""
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, Integral):
        return int(value)
    if isinstance(value, Real):
        return float(value) if math.isfinite(value) else {_NUMBER: _number(float(value))}
    if isinstance(value, Mapping):
        return {str(key): _free(value[key]) for key in sorted(value, key=str)}
    if isinstance(value, list | tuple):
        return [_free(item) for item in value]
    return str(value)


def _freed(value: Any) -> Any:
    if isinstance(value, dict):
        number = value.get(_NUMBER) if len(value) == 1 else None
        known = isinstance(number, str) and number in _NO_WORD
        return float(str(number)) if known else {k: _freed(v) for k, v in value.items()}
    return [_freed(item) for item in value] if isinstance(value, list) else value
