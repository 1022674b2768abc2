"""The eight verdicts, in order of severity: correctness, comparability, speed."""

from __future__ import annotations

from enum import StrEnum


class Verdict(StrEnum):
    """What is said of one benchmark."""

    INCORRECT = "incorrect"  # the correctness gate is red: no speed is shown
    INCOMPARABLE = "incomparable"  # the base cannot run it; the reason is its own error
    MISSING = "missing"  # the base has it, the head does not
    NEW = "new"  # the head has it, the base does not
    SLOWER = "slower"
    FASTER = "faster"
    SAME = "same"  # the interval lies inside the margin
    INCONCLUSIVE = "inconclusive"  # the interval straddles the margin

    @property
    def judged(self) -> bool:
        """Return whether a statement about speed or correctness was possible."""
        return self in _JUDGED


class MetricVerdict(StrEnum):
    """What is said of one metric beside the time; which direction is worse, the metric knows."""

    WORSE = "worse"
    BETTER = "better"
    SAME = "same"  # the interval lies inside the margin
    INCONCLUSIVE = "inconclusive"  # the interval straddles it, or there is one process pair only

    @property
    def judged(self) -> bool:
        """Return whether a statement was possible."""
        return self is not MetricVerdict.INCONCLUSIVE


# In a comparison's notes: the margin of an effect, where it is not that of the comparison.
MARGIN_NOTES = {Verdict.SLOWER: "margin slower", Verdict.FASTER: "margin faster"}
_JUDGED = frozenset({Verdict.INCORRECT, Verdict.SLOWER, Verdict.FASTER, Verdict.SAME})
SEVERITY = tuple(Verdict)
