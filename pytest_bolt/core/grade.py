"""How the size that was found stands to the size that was claimed, within the claim's own rounding."""

from __future__ import annotations

import re
from enum import StrEnum

from pytest_bolt.core.comparison import Interval
from pytest_bolt.core.conclusion import Conclusion
from pytest_bolt.core.expectation import Expectation, Relation, parse
from pytest_bolt.core.statements import Statement
from pytest_bolt.errors import BoltError

_ABOUT = re.compile(r"^(?:~|about |approx\.? |around |\u2248)\s*", re.IGNORECASE)


class Grade(StrEnum):
    """What was found beside what was claimed; of an effect, larger is further from no change at all."""

    MATCHED = "matched"
    LARGER = "larger"
    SMALLER = "smaller"


def grade(statement: Statement, conclusion: Conclusion) -> Grade | None:
    """Return how what was found compares with the figure of the statement, None where that cannot be said.

    The figure is the published one, else the bound of the expectation. Of an expectation about several
    benchmarks all must agree. An interval that holds the figure and no change at all says nothing.
    """
    claimed = _claimed(statement, conclusion.expectation)
    if claimed is None:
        return None
    grades = {
        _graded(claimed, finding.observed) for finding in conclusion.findings if finding.observed is not None
    }
    return grades.pop() if len(grades) == 1 else None


def _claimed(statement: Statement, expectation: Expectation) -> Expectation | None:
    if not statement.published:
        return expectation if expectation.relation is not Relation.EQUAL else None
    figure = _ABOUT.sub("", statement.published.strip())
    try:
        claimed = parse(f"{expectation.metric} {Relation.EQUAL} {figure}")
    except BoltError:  # words, or a figure of something else
        return None
    same = (claimed.relative, claimed.unit) == (expectation.relative, expectation.unit)
    return claimed if same else None


def _graded(claimed: Expectation, observed: Interval) -> Grade | None:
    bound, rounding = claimed.bound, claimed.rounding
    met = observed.low <= bound + rounding and observed.high >= bound - rounding
    if not claimed.relative:
        if met:
            return Grade.MATCHED
        return Grade.LARGER if observed.low > bound else Grade.SMALLER
    if bound == 1.0 or (met and observed.low <= 1.0 <= observed.high):
        return None
    if met:
        return Grade.MATCHED
    beyond = observed.low > bound if bound > 1.0 else observed.high < bound
    return Grade.LARGER if beyond else Grade.SMALLER
