"""Tests that put a claim to the proof: the `claim` marker, the fixture, and what the terminal shows."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pytest_bolt.cases import Benchmark, benchmarks_of
from pytest_bolt.core.claims import Judged, experiments, found_metric, judged
from pytest_bolt.core.comparison import Metric
from pytest_bolt.core.expectation import parse_all
from pytest_bolt.core.plain_text import one_line
from pytest_bolt.core.record import Summary
from pytest_bolt.core.ruling import DECIDED
from pytest_bolt.core.statements import Role, Statement, by_function
from pytest_bolt.errors import BoltError
from pytest_bolt.items import CLAIM
from pytest_bolt.settings import OWN_BASELINE, Settings

_USED: pytest.StashKey[dict[str, str]] = pytest.StashKey()
_FOUND: pytest.StashKey[list[Metric]] = pytest.StashKey()
_KEYS = ("experiment", "statement", "expect", "role", "published", "style")


class Claim:
    """What a test gets as `claim`: it says what it found."""

    def __init__(self, item: pytest.Item) -> None:
        self._item = item

    def found(
        self, name: str, value: float | Sequence[float], unit: str = "", *, better: str = "lower"
    ) -> None:
        """Record a value under the name that the marker's expectation uses.

        Arguments:
            name: such as `nan_share`.
            value: a number, or one a repetition of the experiment (a seed): then the interval of their mean
                is judged, 98 % by Student's distribution.
            unit: as in expectations; empty for a plain number.
            better: "lower" or "higher".

        Raises BoltError for what is no number.
        """
        values = [value] if isinstance(value, (int, float)) else list(value)
        numbers = [float(each) for each in values]
        if not numbers or not all(math.isfinite(each) for each in numbers):
            raise BoltError(
                "what a claim is judged by is a number, or several",
                seen={"test": self._item.nodeid, name: values},
                advice="record a count or a share of what is not finite",
            )
        self._item.stash.setdefault(_FOUND, []).append(found_metric(name, numbers, unit, better))

    def used(self, **facts: object) -> None:
        """Say what the value rests on, for the journal: `text="hamlet.md, sha256 ...", seeds="0 to 4"`."""
        self._item.stash.setdefault(_USED, {}).update({name: str(value) for name, value in facts.items()})


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What the test of a claim found by itself: values, and what it used for them."""

    benchmark: Benchmark
    metrics: tuple[Metric, ...]
    used: Mapping[str, str]


def found_by(items: Iterable[pytest.Item], settings: Settings, root: Path) -> list[Found]:
    """Return what the tests of claims found that measure no time, for tests that have run."""
    tests = [item for item in items if _FOUND in item.stash]
    benchmarks = benchmarks_of(tests, settings, root)
    found = []
    for benchmark, item in zip(benchmarks, tests, strict=True):
        metrics, used = item.stash[_FOUND], item.stash.get(_USED, {})
        found.append(Found(benchmark=benchmark, metrics=tuple(metrics), used=used))
    return found


def may_find(item: pytest.Item) -> bool:
    """Return whether a test may find something by itself: it asks for the fixture `claim`."""
    return "claim" in getattr(item, "fixturenames", ())


def has_claim(item: pytest.Item) -> bool:
    """Return whether a test puts a claim to the proof; a marker with nothing but a style makes no claim."""
    return any(marker.args or set(marker.kwargs) - {"style"} for marker in item.iter_markers(CLAIM))


def claim_of(item: pytest.Item) -> Statement | None:
    """Return the claim of a test, None for one without. Raises BoltError for a malformed marker."""
    if not has_claim(item):
        return None
    markers = list(item.iter_markers(CLAIM))
    given: dict[str, Any] = {}
    for marker in reversed(markers):  # the closest last, so that it wins
        given |= {**dict(zip(_KEYS, marker.args, strict=False)), **marker.kwargs}
    missing = [name for name in _KEYS[:3] if not given.get(name)]
    unknown = [name for name in given if name not in _KEYS]
    role = str(given.get("role", Role.EFFECT))
    if missing or unknown or len(markers[0].args) > len(_KEYS) or role not in list(Role):
        raise BoltError(
            "a claim has an experiment, a statement and an expectation",
            seen={
                "test": item.nodeid,
                "missing": ", ".join(missing) or "nothing",
                "unknown": ", ".join(unknown) or "nothing",
                "role": role,
            },
            advice='@pytest.mark.claim("Fused attention", "a step takes 4.5 % less time", '
            'expect="time <= 0.97x base", role="effect")',
        )
    texts = (given["expect"],) if isinstance(given["expect"], str) else tuple(given["expect"])
    parse_all(texts)  # only to refuse here what cannot be read
    return Statement(
        text=str(given["statement"]),
        source="claim",
        role=Role(role),
        expect=texts,
        node_id=item.nodeid,
        experiment=str(given["experiment"]),
        published=str(given.get("published", "")),
        style=str(given.get("style", "")),
    )


def claims_of(items: Iterable[pytest.Item], settings: Settings) -> tuple[Statement, ...]:
    """Return the claims that a run puts to the proof: those of its tests, where each names its own baseline.

    Raises BoltError for a malformed marker.
    """
    if settings.baseline != OWN_BASELINE:
        return ()
    return tuple(claim for item in items if (claim := claim_of(item)) is not None)


def stated_by(benchmarks: Iterable[Benchmark]) -> tuple[Statement, ...]:
    """Return what the markers of benchmarks state; parametrised tests of one function say it once."""
    return by_function(
        Statement(
            text=each.marked.hypothesis,
            source="marker",
            expect=tuple(each.marked.expect),
            node_id=each.item.nodeid,
        )
        for each in benchmarks
        if each.marked.hypothesis or each.marked.expect
    )


def claim_lines(summary: Summary) -> Iterator[str]:
    """Yield what became of the hypothesis, or of each claim: its title, then each part with the reason."""
    found = judged(summary)
    own = tuple(part for part in found if not part.statement.experiment)
    for title, parts in {**({"hypothesis": own} if own else {}), **experiments(found)}.items():
        yield one_line(title)
        for each in parts:
            part = each.statement
            words = one_line(part.text) or "(no words)"
            yield f"  {each.ruled.ruling!s:<14} {part.role}: {words}{_published(each)}"
            reasons = [conclusion.reason for conclusion in each.conclusions]
            for reason in reasons if each.ruled.ruling in DECIDED else [each.ruled.reason]:
                yield f"  {'':<14} {one_line(reason)}"


def _published(part: Judged) -> str:
    if not part.statement.published:
        return ""
    grades = dict.fromkeys(str(grade) for grade in part.grades if grade is not None)
    return f" ({', '.join([f'stated: {one_line(part.statement.published)}', *grades])})"
