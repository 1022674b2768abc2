"""From the text of a foreign file to checked plain values; what is damaged is named once and plainly."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any, TypeAlias

from pytest_bolt.core.plain_text import one_line
from pytest_bolt.errors import BoltError

Json: TypeAlias = Any  # what `json.loads` returns
_SHOWN = 60
_KINDS = {dict: "an object", list: "a list", str: "a text", int: "a whole number"}


def parse_json(text: str) -> dict[str, Json]:
    """Return the JSON object in a text; NaN and infinities are read as Python writes them.

    Raises BoltError where it is empty, damaged, cut off, nested too deeply, or no object.
    """
    if not text.strip():
        raise BoltError("The file is empty", advice="write it again with the tool that it comes from")
    try:
        document = json.loads(text)
    except RecursionError:
        raise BoltError("The file is nested too deeply to be a list of results") from None
    except json.JSONDecodeError as error:
        raise BoltError(
            "The file is not whole JSON: it is damaged or cut off",
            seen={"error": error.msg, "place": f"line {error.lineno}, column {error.colno}"},
            advice="write it again with the tool that it comes from",
        ) from None
    except ValueError as error:  # a number with thousands of digits
        raise BoltError("The file holds a number that cannot be read", seen={"error": error}) from None
    return dict(checked(document, dict, "the file"))


def checked(value: Json, kind: type, place: str) -> Any:
    """Return the value; raise BoltError, naming its place, where it is not of the type."""
    if isinstance(value, kind) and not (kind is int and isinstance(value, bool)):
        return value
    raise BoltError(
        "The file does not have the form that its format asks for",
        seen={"place": one_line(place), "expected": _KINDS[kind], "found": shortened(value)},
        advice="is it of another format? --format=NAME says which",
    )


def member(mapping: Mapping[str, Json], name: str, kind: type, place: str) -> Any:
    """Return a value of an object; raise BoltError where it is absent or of another type."""
    return checked(mapping.get(name), kind, f"{place}.{name}")


def number(value: Json, place: str) -> float:
    """Return a number, NaN for null; raise BoltError for anything else."""
    if value is None:
        return math.nan
    if isinstance(value, int | float) and not isinstance(value, bool):
        try:
            return float(value)
        except OverflowError:
            return math.inf
    raise BoltError(
        "The file does not have the form that its format asks for",
        seen={"place": one_line(place), "expected": "a number or null", "found": shortened(value)},
        advice="is it of another format? --format=NAME says which",
    )


def words(value: Json) -> str:
    """Return a scalar as text, empty for null: what a fact about a machine is kept as."""
    return "" if value is None else value if isinstance(value, str) else json.dumps(value)


def shortened(value: Json) -> str:
    """Return a value as one short line."""
    text = one_line(repr(value))
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
