"""Statements judged one by one: what each was about, what was found, and what became of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from pytest_bolt.core.comparison import Comparison, Metric
from pytest_bolt.core.conclusion import Conclusion, Outcome, conclude, overall
from pytest_bolt.core.grade import Grade, grade
from pytest_bolt.core.record import Summary
from pytest_bolt.core.ruling import Ruled, rule
from pytest_bolt.core.statements import Statement


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A statement with what was found: its outcome follows from the intervals, its ruling from all there is.

    `grades` holds one for each conclusion, None where the sizes cannot be set against each other.
    """

    statement: Statement
    conclusions: tuple[Conclusion, ...]
    outcome: Outcome
    ruled: Ruled
    grades: tuple[Grade | None, ...] = ()


def judged(summary: Summary) -> tuple[Judged, ...]:
    """Return every statement of a run with what became of it, in the order in which they were stated."""
    return tuple(_judged(summary, statement) for statement in summary.run.statements)


def experiments(parts: Iterable[Judged]) -> Mapping[str, tuple[Judged, ...]]:
    """Return title -> parts of the claims among them, in the order in which the titles first occur."""
    found: dict[str, list[Judged]] = {}
    for part in parts:
        if part.statement.experiment:
            found.setdefault(part.statement.experiment, []).append(part)
    return {title: tuple(members) for title, members in found.items()}


def of_experiment(summary: Summary, parts: Iterable[Judged]) -> Summary:
    """Return the run as if it held the statements and comparisons of one experiment only."""
    own = tuple(part.statement for part in parts)
    node_ids = {statement.node_id for statement in own}
    compared = tuple(each for each in summary.comparisons if each.case.case_id.node_id in node_ids)
    return replace(summary, run=replace(summary.run, statements=own), comparisons=compared)


def found_metric(name: str, values: Sequence[float], unit: str = "", better: str = "lower") -> Metric:
    """Return what a test found: one value, or one a repetition (such as a seed).

    The value shown is their mean.
    """
    mean = sum(values) / len(values)
    samples = tuple(values) if len(values) > 1 else ()
    return Metric(name=name, unit=unit, better=better, base=None, head=mean, samples=samples)


def _judged(summary: Summary, statement: Statement) -> Judged:
    expectations = statement.expectations()
    conclusions = tuple(conclude(each, summary.comparisons) for each in expectations)
    about = [
        comparison
        for comparison in summary.comparisons
        if _is_about(statement, comparison)
        and (not expectations or any(e.matches(comparison.case.case_id.node_id) for e in expectations))
    ]
    return Judged(
        statement=statement,
        conclusions=conclusions,
        outcome=overall(each.outcome for each in conclusions),
        ruled=rule(summary.run, about, conclusions, stated=True),
        grades=tuple(grade(statement, each) for each in conclusions),
    )


def _is_about(statement: Statement, comparison: Comparison) -> bool:
    node_id = comparison.case.case_id.node_id
    return statement.node_id in {"", node_id, node_id.partition("[")[0]}
