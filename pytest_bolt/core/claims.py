"""Claims as experiments: what somebody stated, in parts that are judged one by one, and what came of it.

That something happened and why it happened are two claims: the effect may be confirmed, the reason refuted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from pytest_bolt.core.comparison import Comparison, Metric
from pytest_bolt.core.conclusion import Conclusion, Outcome, conclude, overall
from pytest_bolt.core.expectation import Expectation
from pytest_bolt.core.record import Summary


class Role(StrEnum):
    """What a part of a claim is about: that something is so, or why."""

    EFFECT = "effect"
    ATTRIBUTION = "attribution"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One statement with one test: `experiment` is the title of the claim that it is a part of.

    `published` is the figure that was stated, in its author's words. The expectations were written before the
    run and name this test.
    """

    node_id: str
    experiment: str
    statement: str
    role: Role
    expectations: tuple[Expectation, ...]
    published: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A part with what was found: its outcome follows from the intervals."""

    part: Part
    conclusions: tuple[Conclusion, ...]
    outcome: Outcome


def judged_parts(parts: Iterable[Part], comparisons: Sequence[Comparison]) -> tuple[Judged, ...]:
    """Return every part of a run with its outcome, in the order given."""
    found = []
    for part in parts:
        mine = [each for each in comparisons if each.case.case_id.node_id == part.node_id]
        conclusions = tuple(conclude(expectation, mine) for expectation in part.expectations)
        outcome = overall(each.outcome for each in conclusions)
        found.append(Judged(part=part, conclusions=conclusions, outcome=outcome))
    return tuple(found)


def experiments(judged: Iterable[Judged]) -> Mapping[str, tuple[Judged, ...]]:
    """Return title -> parts, in the order in which the titles first occur."""
    found: dict[str, list[Judged]] = {}
    for each in judged:
        found.setdefault(each.part.experiment, []).append(each)
    return {title: tuple(parts) for title, parts in found.items()}


def of_experiment(summary: Summary, parts: Iterable[Judged]) -> tuple[Comparison, ...]:
    """Return the comparisons of an experiment's tests."""
    node_ids = {each.part.node_id for each in parts}
    return tuple(each for each in summary.comparisons if each.case.case_id.node_id in node_ids)


def found_metric(name: str, values: Sequence[float], unit: str = "", better: str = "lower") -> Metric:
    """Return what a test found: one value, or one a repetition (such as a seed).

    The value shown is their mean.
    """
    mean = sum(values) / len(values)
    samples = tuple(values) if len(values) > 1 else ()
    return Metric(name=name, unit=unit, better=better, base=None, head=mean, samples=samples)
