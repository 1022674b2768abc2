"""Rule `percentage` and `ratio` in prose: `60 s → 3.5 s, ~20x faster`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from pytest_bolt.journal.document.whole import Document
from pytest_bolt.journal.lint.claim import Claim, Way, candidates, claims_in, verdict
from pytest_bolt.journal.lint.clauses import Clause, clauses
from pytest_bolt.journal.lint.finding import Finding, Severity
from pytest_bolt.journal.lint.interval import Interval
from pytest_bolt.journal.lint.quantity import Quantity
from pytest_bolt.journal.lint.transition import Transition, transitions

_GAP = 60
_TIGHT = re.compile(
    r"(?:\)[ ]{0,3}[=—:]|[ ]{0,3}[,(=—:]{0,2})[ ]{0,4}"
    r"(?:(?:a|an|is|i\.e\.|for|or|about|roughly|by|it is|which is|that is)[ ]){0,2}[( ~≈]{0,4}"
)
_OPENS = re.compile(r"[^.;(]{0,40}[(:=—][ ~≈]{0,3}")
_SAME = re.compile(
    r"\b(?P<word>unchanged|identical|no change|the same)(?: as (?:before|main|the baseline))?"
    r"[ ]?[:(][ ~≈]{0,3}$",
    re.IGNORECASE,
)
_UNCHANGED = 0.02
_OTHER = re.compile(r"\b(?:while|but|whereas|though|although)\b", re.IGNORECASE)
_METRIC = re.compile(
    r"\b(?:loss|ppl|perplexity|accuracy|auc|memory|vram|throughput|latency|param(?:eter)?s|size)\b",
    re.IGNORECASE,
)
_SPEED = re.compile(r"fast|slow|speed|quick", re.IGNORECASE)
_NO_SPEED = re.compile(r"loss|ppl|perplex|acc|score|auc|lr\b|rate|size|memory|params", re.IGNORECASE)
# Further off than this, the claim has digits that the printed figures never had.
_FAR, _TOO_FAR = 1.5, 10.0


def changes(document: Document) -> Iterator[Finding]:
    """Find percentages and factors that the two figures beside them cannot give."""
    for clause in clauses(document):
        if len(clause.found) >= 2:
            yield from _of_clause(clause)


def _of_clause(clause: Clause) -> Iterator[Finding]:
    pairs = list(transitions(clause.text, clause.found))
    if not pairs:
        return
    ends = {one.start for pair in pairs for one in (pair.before, pair.after)}
    told = [claim for claim in claims_in(clause.text, clause.found) if claim.start not in ends]
    partners = [(claim, _partner(clause, claim, pairs)) for claim in told]
    yield from _same(clause, pairs)
    for claim, pair in partners:
        if pair is None or (not _tight(clause, claim, pair) and _has_tighter(clause, pair, partners)):
            continue
        finding = judged(claim, pair.before, pair.after, clause.place(claim.start), ordered=pair.ordered)
        if finding is not None:
            yield finding


def _same(clause: Clause, pairs: Sequence[Transition]) -> Iterator[Finding]:
    """Judge `unchanged: 12 ms → 15 ms` and `the same as before (3.50 s vs 4.20 s)`."""
    for pair in pairs:
        said = _SAME.search(clause.text[max(0, pair.start - 48) : pair.start])
        if said is None or pair.before.range.widened(_UNCHANGED).meets(pair.after.range):
            continue
        line, column = clause.place(pair.start)
        change = (pair.after.value / pair.before.value - 1) * 100 if pair.before.value else float("inf")
        yield Finding(
            line=line,
            column=column,
            rule="percentage",
            seen=said["word"],
            expected=f"{change:+.1f} %",
            message=f"`{said['word']}`: {pair.before.text} and {pair.after.text} differ by {change:+.1f} %",
        )


def judged(
    claim: Claim, before: Quantity, after: Quantity, place: tuple[int, int], *, ordered: bool = True
) -> Finding | None:
    """Return the finding on a claim about two figures, None where it can be right."""
    shares = before.kind == "%"
    points = claim.way is Way.POINTS
    if points and not shares:
        return None
    possible = candidates(claim, before.range, after.range, ordered=ordered, shares=shares)
    result = verdict(claim, possible)
    exact = candidates(claim, _point(before), _point(after), ordered=ordered, shares=points)
    middle = _nearest(claim, exact)
    rule, severity = ("ratio" if claim.what == "x" else "percentage"), Severity.ERROR
    if result == "right":
        finding = _points(claim, before, after, place, shares=shares)
        if finding is not None or not _far(claim, before, after, middle, shares=shares):
            return finding
        rule, severity = "rounding", Severity.ADVICE
    elif result == "truncated":
        rule, severity = "rounding", Severity.ADVICE
    expected = _printed(claim, middle)
    how = {"rounding": "as printed", "ratio": "gives", "percentage": "gives"}[rule]
    return Finding(
        line=place[0],
        column=place[1],
        rule=rule,
        severity=severity,
        seen=claim.text,
        expected=expected,
        message=f"`{claim.text}`: {before.text} and {after.text} {how.replace('gives', 'give')}"
        f"{' give' if rule == 'rounding' else ''} {expected}",
    )


def _partner(clause: Clause, claim: Claim, pairs: list[Transition]) -> Transition | None:
    """Return the pair of figures that the claim speaks of: the one beside it, with nothing between."""
    inside = [one for one in pairs if one.start <= claim.start < one.end]
    if inside and any(_within(clause.text, claim, one) for one in inside):
        return inside[0]
    after = [one for one in pairs if claim.end <= one.start]
    before = [one for one in pairs if one.end <= claim.start]
    choices = []
    if before and _free(clause, before[-1].end, claim.start):
        choices.append((before[-1], clause.text[before[-1].end : claim.start]))
    if after and _free(clause, claim.end, after[0].start):
        choices.append((after[0], clause.text[claim.end : after[0].start]))
    choices = [(pair, gap) for pair, gap in choices if _fits(clause.text, claim, pair)]
    if len(choices) == 2:
        choices = [(pair, gap) for pair, gap in choices if _TIGHT.fullmatch(gap)]
    return choices[0][0] if len(choices) == 1 else None


def _tight(clause: Clause, claim: Claim, pair: Transition) -> bool:
    """Return whether nothing but a sign or `that is a` stands between a claim and its figures."""
    if claim.start >= pair.end:
        return _TIGHT.fullmatch(clause.text[pair.end : claim.start]) is not None
    return _OPENS.fullmatch(clause.text[claim.end : pair.start]) is not None


def _has_tighter(
    clause: Clause, pair: Transition, partners: Sequence[tuple[Claim, Transition | None]]
) -> bool:
    """Return whether another claim stands closer to the same figures."""
    return any(other is pair and _tight(clause, claim, pair) for claim, other in partners)


def _within(text: str, claim: Claim, pair: Transition) -> bool:
    between = pair.before.end <= claim.start and claim.end <= pair.after.start
    return between and text[claim.end : claim.end + 1] != "("


def _free(clause: Clause, start: int, end: int) -> bool:
    gap = clause.text[start:end]
    if not 0 <= end - start <= _GAP or _OTHER.search(gap):
        return False
    return not any(start <= one.start and one.end <= end and one.kind for one in clause.found)


def _fits(text: str, claim: Claim, pair: Transition) -> bool:
    """Return whether a claim of speed stands beside times or rates, and no factor beside other factors."""
    kind = pair.before.kind
    named = _METRIC.search(text[pair.end : claim.start]) if claim.start >= pair.end else None
    if named is not None and named.group().lower() not in text[max(0, pair.start - 40) : pair.start].lower():
        return False
    speaks = text[max(0, claim.start - 24) : claim.end + 24]
    if not _SPEED.search(speaks):
        return True
    if kind in {"bytes", "%", "nats"}:
        return False
    return kind != "" or _NO_SPEED.search(text[max(0, pair.start - 30) : pair.start]) is None


def _points(
    claim: Claim, before: Quantity, after: Quantity, place: tuple[int, int], *, shares: bool
) -> Finding | None:
    """Return the advice to say percentage points, where only those are meant."""
    if claim.what != "%" or not shares or claim.way is Way.POINTS:
        return None
    relative = candidates(claim, before.range, after.range, ordered=False, shares=False)
    if verdict(claim, relative) == "right":
        return None
    apart = f"{abs(after.value - before.value):.4g} percentage points"
    return Finding(
        line=place[0],
        column=place[1],
        rule="percentage",
        severity=Severity.ADVICE,
        seen=claim.text,
        expected=apart,
        message=f"`{claim.text}`: {before.text} and {after.text} are {apart} apart",
    )


def _far(claim: Claim, before: Quantity, after: Quantity, middle: float, *, shares: bool) -> bool:
    """Return whether a figure that can be right is more than a rounding away from what is printed."""
    exact = claim.allowed.high - claim.allowed.low <= claim.ulp * 1.01
    if not exact or shares or before.about or after.about:
        return False
    return _FAR * claim.ulp < abs(middle - abs(claim.value)) < _TOO_FAR * claim.ulp


def _nearest(claim: Claim, exact: Sequence[Interval]) -> float:
    """Return the value nearest to a claim, of factors the one on the same side of one."""
    values = [abs(one.middle) for one in exact]
    if claim.what == "x":
        values = [value for value in values if (value >= 1) is (claim.value >= 1)] or values
    return min(values, key=lambda value: abs(value - abs(claim.value)), default=0.0)


def _point(quantity: Quantity) -> Interval:
    return Interval(quantity.value, quantity.value)


def _printed(claim: Claim, value: float) -> str:
    digits = 0 if claim.ulp >= 1 else 1 if claim.ulp >= 0.1 else 2
    sign = "-" if claim.signed and claim.value < 0 else "+" if claim.signed else ""
    texts = [f"{value:.{digits + more}f}" for more in range(3)]
    text = next((one for one in texts if float(one) != abs(claim.value)), texts[-1])
    unit = " percentage points" if claim.way is Way.POINTS else " %" if claim.what == "%" else "x"
    return f"{sign}{text}{unit}"
