"""The `bolt` marker: what a test says of its own benchmark."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from pytest_bolt.core.expectation import Expectation, parse_all
from pytest_bolt.core.timing import Clock
from pytest_bolt.core.verdict import MARGIN_NOTES
from pytest_bolt.errors import BoltError
from pytest_bolt.settings import CLOCKS, MEMORY, FailOn, Settings, parse_fail_on, parse_margin, unknown

KEYS = (
    "margin",
    "fail_on",
    "expect",
    "hypothesis",
    "operation",
    "baseline",
    "dtypes",
    "clock",
    "threads",
    "interleave",
    "memory",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Marked:
    """The settings of one test: its markers over those of the run.

    `clock` is None where the rounds choose it, `threads` where those of the run apply; `parallel` says that
    several are asked for. `own_gate` says that `fail_on` is of a marker.
    """

    margin: float
    fail_on: FailOn
    expect: tuple[str, ...] = ()
    hypothesis: str = ""
    operation: str = ""
    baseline: str = ""
    clock: Clock | None = None
    threads: int | None = None
    parallel: bool = False
    interleave: bool = True
    memory: bool = False
    own_gate: bool = False

    def margin_of(self, direction: str) -> float:
        """Return the margin for "slower" or "faster": the smaller of the general and the failing one."""
        own = self.fail_on.margins.get(direction, 0.0)
        return min(self.margin, own) if own else self.margin

    def looks_at_memory(self, expectations: Iterable[Expectation], node_id: str) -> bool:
        """Return whether memory is asked for, by itself, by a gate or by what is expected of this test."""
        named = {each.metric for each in expectations if each.matches(node_id)}
        return self.memory or not MEMORY.isdisjoint(named | self.fail_on.metrics.keys())

    def notes(self) -> dict[str, str]:
        """Return what a reader should know of how this test was measured."""
        told = {"clock": self.clock and f"{self.clock}, as asked for", "threads": self.threads}
        apart = {} if self.interleave else {"interleave": "no, one side after the other"}
        own = {
            note: f"{self.margin_of(name):g}"
            for name, note in MARGIN_NOTES.items()
            if self.margin_of(name) != self.margin
        }
        return {**{name: str(value) for name, value in told.items() if value is not None}, **apart, **own}


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
    typed_threads = settings.threads if "threads" in settings.typed else None
    expect = _texts(keys.get("expect", ()))
    parse_all(expect)  # only to refuse here, with the name of the test, what cannot be read
    return Marked(
        margin=settings.margin if "margin" in settings.typed else margin,
        fail_on=_fail_on(keys["fail_on"]) if "fail_on" in keys else settings.fail_on,
        expect=expect,
        hypothesis=str(keys.get("hypothesis", "")),
        operation=str(keys.get("operation", "")),
        baseline=str(keys.get("baseline", "")),
        clock=_clock(settings.clock if "clock" in settings.typed else keys.get("clock", settings.clock)),
        threads=_threads(keys, settings),
        parallel="threads" in keys and (typed_threads or keys["threads"]) > 1,
        interleave=_switch("interleave", keys.get("interleave", True)),
        memory=_switch("memory", keys.get("memory", settings.memory)),
        own_gate="fail_on" in keys,
    )


def _fail_on(value: Any) -> FailOn:
    if isinstance(value, Mapping):
        value = [name if margin is None else f"{name}:{margin}" for name, margin in value.items()]
    gate = parse_fail_on(_texts(value))
    if gate.margins.keys() == {"missing"} and not gate.metrics:
        raise BoltError(
            "fail_on='missing' could never fail: a test with a marker is there",
            advice="use --bolt-fail-on=missing, which is about the tests that only the base has",
        )
    return gate


def _clock(name: Any) -> Clock | None:
    if name not in CLOCKS:
        raise unknown("clock", str(name), CLOCKS)
    return None if name == "auto" else Clock(name)


def _threads(keys: Mapping[str, Any], settings: Settings) -> int | None:
    """Return the threads that only processes of their own can have, None where those of the run will do."""
    if "threads" not in keys:
        return None
    value = keys["threads"]
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise BoltError(f"{value!r} is not a number of threads", advice="write a whole number from 1 on")
    usual = settings.threads or (1 if settings.env == "pin" else None)
    return None if "threads" in settings.typed or value == usual else value


def _switch(name: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise BoltError(f"{name} is True or False, not {value!r}")
    return value


def _texts(value: Any) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)
