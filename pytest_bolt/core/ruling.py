"""What became of a statement, by rule and in this order: what stands in the way of a verdict comes first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from pytest_bolt.core.comparison import Comparison, NullControl
from pytest_bolt.core.conclusion import Conclusion, Outcome, overall
from pytest_bolt.core.plain_text import one_line, sentence
from pytest_bolt.core.record import Run, RunState
from pytest_bolt.core.summary import NOISE_ONLY, percent
from pytest_bolt.core.verdict import Verdict

FAILURE_NOTE = "failure"  # in a comparison's notes: how its test failed to deliver a time
_ERRORS = frozenset({"crashed", "timeout", "collection"})
_APART = frozenset({Verdict.INCOMPARABLE, Verdict.NEW, Verdict.MISSING})


class Ruling(StrEnum):
    """What an entry, or one part of its hypothesis, comes to. The first that applies is the one."""

    ERROR = "error"
    INCORRECT = "incorrect"
    NO_OP = "no-op"
    NOT_COMPARABLE = "not comparable"
    TOO_NOISY = "too noisy"
    REFUTED = "refuted"
    INCONCLUSIVE = "inconclusive"
    CONFIRMED = "confirmed"
    NOT_TESTED = "not tested"  # stated without anything that can be computed
    REPORTED = "reported"  # nothing was stated


DECIDED = frozenset({Ruling.CONFIRMED, Ruling.REFUTED, Ruling.INCONCLUSIVE})  # from intervals
_OF_OUTCOME = {
    Outcome.REFUTED: Ruling.REFUTED,
    Outcome.INCONCLUSIVE: Ruling.INCONCLUSIVE,
    Outcome.CONFIRMED: Ruling.CONFIRMED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruled:
    """A ruling with its reason in one line; the reason of one that follows from intervals is theirs.

    `of_whole` says that the reason is about the parts together, and stands with none of them.
    """

    ruling: Ruling
    reason: str = ""
    of_whole: bool = False


def rule(
    run: Run, comparisons: Sequence[Comparison], conclusions: Sequence[Conclusion], *, stated: bool
) -> Ruled:
    """Return what became of a statement.

    Arguments:
        run: the finished run.
        comparisons: those that the statement is about.
        conclusions: one for each of its expectations.
        stated: whether anything was stated at all.
    """
    barred = _barred(run, comparisons, conclusions)
    if barred is not None:
        return barred
    if not stated:
        return Ruled(ruling=Ruling.REPORTED, reason="no hypothesis was stated")
    if not conclusions:
        return Ruled(ruling=Ruling.NOT_TESTED, reason="it came without an expectation that can be computed")
    outcome = overall(each.outcome for each in conclusions)
    deciding = next((each for each in conclusions if each.outcome is outcome), conclusions[0])
    if outcome is Outcome.NOT_APPLICABLE:
        return Ruled(ruling=Ruling.NOT_COMPARABLE, reason=deciding.reason)
    noise = _noise(run.control, comparisons, conclusions) if outcome is Outcome.INCONCLUSIVE else ""
    if noise:
        return Ruled(ruling=Ruling.TOO_NOISY, reason=noise)
    return Ruled(ruling=_OF_OUTCOME[outcome], reason=deciding.reason)


def rule_of_all(ruled: Iterable[Ruled]) -> Ruled:
    """Return the ruling of several parts: the first in the order of `Ruling` that occurs.

    What was not tested leaves a whole undecided: the others alone do not confirm it.
    """
    found = list(ruled)
    if not found:
        return Ruled(ruling=Ruling.REPORTED, reason="no hypothesis was stated")
    order = list(Ruling)
    first = min(found, key=lambda each: order.index(each.ruling))
    untested = sum(each.ruling is Ruling.NOT_TESTED for each in found)
    if first.ruling is Ruling.CONFIRMED and untested:
        reason = f"{untested} of {len(found)} parts came without an expectation that can be computed"
        return Ruled(ruling=Ruling.INCONCLUSIVE, reason=reason, of_whole=True)
    return first


def _barred(run: Run, comparisons: Sequence[Comparison], conclusions: Sequence[Conclusion]) -> Ruled | None:
    """Return what keeps the intervals from being looked at, None where nothing does."""
    if run.state is not RunState.FINISHED:
        return Ruled(ruling=Ruling.ERROR, reason="the run was stopped before its end")
    failed = [each for each in comparisons if each.notes.get(FAILURE_NOTE) in _ERRORS]
    wrong = [each for each in comparisons if each.verdict is Verdict.INCORRECT and each not in failed]
    if failed:
        return Ruled(ruling=Ruling.ERROR, reason=_named(failed, "did not run to its end"))
    if wrong:
        return Ruled(ruling=Ruling.INCORRECT, reason=_named(wrong, "gives a wrong answer"))
    measured = [each for each in comparisons if each.ratio is not None]
    relative = not conclusions or any(each.expectation.relative for each in conclusions)
    if relative and (run.evidence.same_code or (measured and all(each.noise_only for each in measured))):
        return Ruled(ruling=Ruling.NO_OP, reason=NOISE_ONLY)
    timed = [each for each in comparisons if each.timed]
    if relative and run.base is not None and timed and all(each.verdict in _APART for each in timed):
        return Ruled(ruling=Ruling.NOT_COMPARABLE, reason=_named(timed, f"is {timed[0].verdict}"))
    if relative and measured and run.control is not None and run.control.certain > 0:
        certain = percent(run.control.certain)
        reason = (
            f"the base differs from itself by {certain} for certain, so that no difference means anything"
        )
        return Ruled(ruling=Ruling.TOO_NOISY, reason=reason)
    return None


def _noise(
    control: NullControl | None, comparisons: Sequence[Comparison], conclusions: Sequence[Conclusion]
) -> str:
    """Return why the noise of the machine hides what was expected, empty where it does not."""
    effects = [abs(each.expectation.bound - 1) for each in conclusions if each.expectation.relative]
    margins = [each.margin for each in comparisons if each.ratio is not None]
    least = max([*effects, *margins], default=0.0)
    if control is None or not effects or control.floor <= least:
        return ""
    floor = percent(control.floor)
    return f"the base differs from itself by {floor}, more than the {percent(least)} in question"


def _named(comparisons: Sequence[Comparison], what: str) -> str:
    first = comparisons[0]
    why = f": {sentence(first.reason)}" if first.reason else ""
    more = f", and {len(comparisons) - 1} more" if len(comparisons) > 1 else ""
    return f"{one_line(first.case.case_id.node_id)} {what}{why}{more}"
