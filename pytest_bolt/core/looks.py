"""Judge a case between pairs: decided, a candidate to confirm, or in need of more."""

from __future__ import annotations

from pytest_bolt.core import judgement
from pytest_bolt.core.control import Control
from pytest_bolt.core.judgement import PairRatio
from pytest_bolt.core.progress import PlanSettings, Progress
from pytest_bolt.core.steps import BOTH, Decide
from pytest_bolt.core.timing import Side
from pytest_bolt.core.verdict import Verdict

CONFIRMING = 0.9975  # on either side, for an effect to be confirmed


def look(progress: Progress, settings: PlanSettings, control: Control) -> Decide | None:
    """Judge a case after a pair; None while it needs more."""
    if not settings.paired:
        return _conclude(progress, None, "") if progress.pairs >= settings.screening_pairs else None
    base, head = (progress.judged_table(side) for side in BOTH)
    ratios = judgement.pair_ratios(base, head, judgement.choose_clock(base, head))
    if len(ratios) < settings.screening_pairs:
        return None
    found = judgement.estimate(ratios)
    verdict = judgement.judge(found, progress.case.margins)
    if progress.candidate:
        verdict = _confirmed(verdict, ratios, progress, settings)
    elif verdict in {Verdict.SLOWER, Verdict.FASTER}:
        progress.candidate = True
        progress.first_pair = int(progress.table(Side.HEAD)["pair"].max()) + 1
        return None
    limit = settings.most_pairs + (progress.first_pair - 1 if progress.candidate else 0)
    if verdict is Verdict.INCONCLUSIVE and progress.pairs < limit:
        return None
    if not verdict.judged:
        return _conclude(progress, verdict, _undecided(settings))
    doubt = control.doubt(verdict, found, progress.case.margins)
    return _conclude(progress, Verdict.INCONCLUSIVE if doubt else verdict, doubt)


def _confirmed(
    verdict: Verdict, ratios: tuple[PairRatio, ...], progress: Progress, settings: PlanSettings
) -> Verdict:
    """Return the verdict on fresh pairs, INCONCLUSIVE between looks.

    Each look is another chance for equal code to seem different: looks are few, and an effect has to show
    in a wider interval than the one that is reported.
    """
    if len(ratios) not in {settings.confirming_pairs, *settings.confirming_looks}:
        return Verdict.INCONCLUSIVE
    strict = judgement.judge(judgement.estimate(ratios, probability=CONFIRMING), progress.case.margins)
    return verdict if verdict in {strict, Verdict.SAME} else Verdict.INCONCLUSIVE


def give_up(progress: Progress, settings: PlanSettings) -> Decide:
    """Return what can be said of a case for which there is no time left."""
    if not settings.paired and progress.pairs:
        return _conclude(progress, None, "")
    what = "confirmed" if progress.candidate else "decided"
    return _conclude(progress, Verdict.INCONCLUSIVE, f"the time budget ended before it could be {what}")


def _undecided(settings: PlanSettings) -> str:
    return f"still undecided after {settings.most_pairs} process pairs"


def _conclude(progress: Progress, verdict: Verdict | None, reason: str) -> Decide:
    rounds = {side: progress.table(side) for side in BOTH}
    base, head = (progress.judged_table(side) for side in BOTH)
    clock = judgement.choose_clock(base, head)
    ratios = judgement.pair_ratios(base, head, clock)
    return Decide(
        case=progress.case.key,
        verdict=verdict,
        estimate=judgement.estimate(ratios) if len(ratios) > 1 else None,  # one pair has no spread
        clock=clock,
        times={
            side: judgement.typical_time(table, clock)
            for side, table in ((Side.BASE, base), (Side.HEAD, head))
            if len(table)
        },
        quads=sum(ratio.quads for ratio in ratios),
        reason=reason,
        warnings=judgement.quality(base, head, ratios, clock),
        rounds=rounds,
    )
