"""The `bolt` marker: what a test says of its own benchmark."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from pytest_bolt.core.expectation import parse_all
from pytest_bolt.errors import BoltError
from pytest_bolt.settings import FailOn, Settings, parse_fail_on, parse_margin, unknown

KEYS = ("margin", "fail_on", "expect", "hypothesis", "operation", "dtypes")


@dataclass(frozen=True, slots=True, kw_only=True)
class Marked:
    """The settings of one test: its markers over those of the run."""

    margin: float
    fail_on: FailOn
    expect: tuple[str, ...] = ()
    hypothesis: str = ""
    operation: str = ""

    def margin_of(self, direction: str) -> float:
        """Return the margin for "slower" or "faster": the smaller of the general and the failing one."""
        own = self.fail_on.margins.get(direction, 0.0)
        return min(self.margin, own) if own else self.margin


def marked(item: pytest.Item, settings: Settings) -> Marked:
    """Return what applies to `item`.

    A margin on the command line wins over the marker, that over the ini file. Of `fail_on` the marker has
    the last word: it is how a test opts out of a gate, or into one.

    Raises BoltError for an unknown or malformed key, naming the test.
    """
    keys: dict[str, Any] = {}
    for marker in reversed(list(item.iter_markers("bolt"))):  # the closest last, so that it wins
        keys.update(marker.kwargs)
    try:
        return _from_keys(keys, settings)
    except BoltError as error:
        raise BoltError(
            f"@pytest.mark.bolt of {item.nodeid}: {error.what}", seen=error.seen, advice=error.advice
        ) from None


def _from_keys(keys: Mapping[str, Any], settings: Settings) -> Marked:
    for key in keys:
        if key not in KEYS:
            raise unknown("key", key, KEYS)
    margin = parse_margin(str(keys["margin"])) if "margin" in keys else settings.margin
    expect = _texts(keys.get("expect", ()))
    parse_all(expect)  # only to refuse here, with the name of the test, what cannot be read
    return Marked(
        margin=settings.margin if "margin" in settings.typed else margin,
        fail_on=parse_fail_on(_texts(keys["fail_on"])) if "fail_on" in keys else settings.fail_on,
        expect=expect,
        hypothesis=str(keys.get("hypothesis", "")),
        operation=str(keys.get("operation", "")),
    )


def _texts(value: Any) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)
