"""Judge the cases between pairs: decided, a candidate to confirm, or in need of more."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from statistics import median

from pytest_bolt.core import judgement
from pytest_bolt.core.control import Control
from pytest_bolt.core.judgement import PairRatio
from pytest_bolt.core.measurement import Clock
from pytest_bolt.core.progress import PlanSettings, Progress
from pytest_bolt.core.shared_variance import SharedVariance, shared_variance
from pytest_bolt.core.steps import BOTH, Decide
from pytest_bolt.core.timing import Side
from pytest_bolt.core.verdict import Verdict

CONFIRMING = 0.9975  # on either side, for an effect to be confirmed
_EFFECTS = frozenset({Verdict.SLOWER, Verdict.FASTER})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reading:
    """What may be judged of a case: one log-ratio a process pair, by the clock that suits it."""

    clock: Clock
    ratios: tuple[PairRatio, ...]


@dataclass(slots=True, kw_only=True)
class Looks:
    """Judges cases from what has been measured; what all of them say about noise counts for each."""

    settings: PlanSettings
    control: Control
    _readings: dict[str, _Reading] = field(default_factory=dict)
    _spreads: dict[str, tuple[float, int]] = field(default_factory=dict)
    _shared: SharedVariance | None = None

    def take(self, cases: Iterable[Progress]) -> None:
        """Read what was measured of these cases since they were looked at."""
        if not self.settings.paired:
            return
        for progress in cases:
            reading = self._readings[progress.case.key] = _read(progress)
            progress.quad_noise = _quad_noise(reading.ratios) or progress.quad_noise
            if _shares(progress) and len(reading.ratios) > 1:
                self._spreads[progress.case.key] = judgement.spread(reading.ratios)
        self._shared = shared_variance(list(self._spreads.values()))

    def look(self, progress: Progress) -> Decide | None:
        """Judge a case after a pair; None while it needs more."""
        settings = self.settings
        if not settings.paired:
            done = progress.pairs >= settings.screening_pairs
            return self._conclude(progress, None, "") if done else None
        ratios = self._readings[progress.case.key].ratios
        if len(ratios) < settings.screening_pairs:
            return None
        found = judgement.estimate(ratios, shared=self._shared_with(progress))
        verdict = judgement.judge(found, progress.case.margins)
        if progress.candidate:
            verdict = self._confirmed(verdict, ratios, progress)
        elif verdict in _EFFECTS and self._alone(ratios, progress) is verdict:
            progress.candidate = True
            progress.first_pair = int(progress.table(Side.HEAD)["pair"].max()) + 1
            return None
        elif verdict in _EFFECTS:
            verdict = Verdict.INCONCLUSIVE
        limit = settings.most_pairs + (progress.first_pair - 1 if progress.candidate else 0)
        if verdict is Verdict.INCONCLUSIVE and progress.pairs < limit:
            return None
        if not verdict.judged:
            why = f"still undecided after {settings.most_pairs} process pairs"
            return self._conclude(progress, verdict, why)
        doubt = self.control.doubt(verdict, found, progress.case.margins)
        return self._conclude(progress, Verdict.INCONCLUSIVE if doubt else verdict, doubt)

    def give_up(self, progress: Progress) -> Decide:
        """Return what can be said of a case for which there is no time left."""
        if not self.settings.paired and progress.pairs:
            return self._conclude(progress, None, "")
        what = "confirmed" if progress.candidate else "decided"
        reason = f"the time budget ended before it could be {what}"
        return self._conclude(progress, Verdict.INCONCLUSIVE, reason)

    def _shared_with(self, progress: Progress) -> SharedVariance | None:
        """Return what other cases say; nothing for an effect, which has to show by itself."""
        return self._shared if _shares(progress) else None

    def _alone(self, ratios: tuple[PairRatio, ...], progress: Progress) -> Verdict:
        return judgement.judge(judgement.estimate(ratios), progress.case.margins)

    def _confirmed(self, verdict: Verdict, ratios: tuple[PairRatio, ...], progress: Progress) -> Verdict:
        """Return the verdict on fresh pairs, INCONCLUSIVE between looks.

        Each look is another chance for equal code to seem different: looks are few, and an effect has to
        show in a wider interval than the one that is reported.
        """
        if len(ratios) not in {self.settings.confirming_pairs, *self.settings.confirming_looks}:
            return Verdict.INCONCLUSIVE
        strict = judgement.judge(judgement.estimate(ratios, probability=CONFIRMING), progress.case.margins)
        return verdict if verdict in {strict, Verdict.SAME} else Verdict.INCONCLUSIVE

    def _conclude(self, progress: Progress, verdict: Verdict | None, reason: str) -> Decide:
        base, head = (progress.judged_table(side) for side in BOTH)
        reading = _read(progress)
        shared = self._shared_with(progress)
        # One pair has no spread.
        found = judgement.estimate(reading.ratios, shared=shared) if len(reading.ratios) > 1 else None
        return Decide(
            case=progress.case.key,
            verdict=verdict,
            estimate=found,
            shared=shared if found else None,
            clock=reading.clock,
            times={
                side: judgement.typical_time(table, reading.clock)
                for side, table in ((Side.BASE, base), (Side.HEAD, head))
                if len(table)
            },
            quads=sum(ratio.quads for ratio in reading.ratios),
            first_pair=progress.first_pair,
            reason=reason,
            warnings=(*judgement.quality(base, head, reading.ratios, reading.clock), *progress.remarks),
            rounds={side: progress.table(side) for side in BOTH},
        )


def _shares(progress: Progress) -> bool:
    """Return whether what others say of noise counts for a case, and the other way round.

    An effect has to show by itself, and sides that run one after the other differ by more than sides in turn.
    """
    return not progress.candidate and progress.case.interleave


def _quad_noise(ratios: Sequence[PairRatio]) -> float:
    return median([ratio.error * math.sqrt(ratio.quads) for ratio in ratios]) if ratios else 0.0


def _read(progress: Progress) -> _Reading:
    base, head = (progress.judged_table(side) for side in BOTH)
    clock = progress.clock(base, head)
    return _Reading(clock=clock, ratios=progress.ratios(base, head, clock))
