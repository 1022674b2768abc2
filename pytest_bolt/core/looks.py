"""Judge the cases between pairs: decided, a candidate to confirm, or in need of more."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from pytest_bolt.core import judgement
from pytest_bolt.core.control import Control
from pytest_bolt.core.judgement import Margins, PairRatio
from pytest_bolt.core.measurement import Clock
from pytest_bolt.core.progress import PlanSettings, Progress
from pytest_bolt.core.shared_variance import SharedVariance, shared_variance
from pytest_bolt.core.steps import BOTH, Decide
from pytest_bolt.core.timing import Side
from pytest_bolt.core.verdict import Verdict

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
    _spreads: dict[str, tuple[float, int]] = field(default_factory=dict)
    _shared: SharedVariance | None = None

    def judge(self, cases: Iterable[Progress]) -> list[Decide]:
        """Judge the cases of a pair; return what is decided of those that need no more."""
        if not self.settings.paired:
            done = (progress for progress in cases if progress.pairs >= self.settings.screening_pairs)
            return [self._conclude(progress, _read(progress), None, "") for progress in done]
        read = [(progress, _read(progress)) for progress in cases]
        for progress, reading in read:
            if _shares(progress) and len(reading.ratios) > 1:
                self._spreads[progress.case.key] = judgement.spread(reading.ratios)
        self._shared = shared_variance(list(self._spreads.values()))
        looks = (self._look(progress, reading) for progress, reading in read)
        return [decision for decision in looks if decision]

    def _look(self, progress: Progress, reading: _Reading) -> Decide | None:
        """Judge a case; None while it needs more."""
        settings, margins = self.settings, progress.case.margins
        if len(reading.ratios) < settings.screening_pairs:
            return None
        found = judgement.estimate(reading.ratios, shared=self._shared_with(progress))
        verdict = judgement.judge(found, margins)
        if progress.candidate:
            verdict = self._confirmed(reading, margins)
        elif verdict in _EFFECTS:
            if judgement.judge(judgement.estimate(reading.ratios), margins) is verdict:
                progress.candidate = True
                progress.first_pair = int(progress.table(Side.HEAD)["pair"].max()) + 1
                return None
            verdict = Verdict.INCONCLUSIVE
        limit = settings.most_pairs + (progress.first_pair - 1 if progress.candidate else 0)
        if verdict is Verdict.INCONCLUSIVE and progress.pairs < limit:
            return None
        if not verdict.judged:
            why = f"still undecided after {settings.most_pairs} process pairs"
            return self._conclude(progress, reading, verdict, why)
        doubt = self.control.doubt(verdict, found, margins)
        return self._conclude(progress, reading, Verdict.INCONCLUSIVE if doubt else verdict, doubt)

    def give_up(self, progress: Progress) -> Decide:
        """Return what can be said of a case for which there is no time left."""
        reading = _read(progress)
        if not self.settings.paired and progress.pairs:
            return self._conclude(progress, reading, None, "")
        what = "confirmed" if progress.candidate else "decided"
        reason = f"the time budget ended before it could be {what}"
        return self._conclude(progress, reading, Verdict.INCONCLUSIVE, reason)

    def _shared_with(self, progress: Progress) -> SharedVariance | None:
        """Return what other cases say; nothing for an effect, which has to show by itself."""
        return self._shared if _shares(progress) else None

    def _confirmed(self, reading: _Reading, margins: Margins) -> Verdict:
        """Return the verdict on fresh pairs, INCONCLUSIVE between looks.

        Each look is another chance for equal code to seem different: looks are few, and an effect has to
        show in a wider interval than the one that is reported.
        """
        if len(reading.ratios) not in {self.settings.confirming_pairs, *self.settings.confirming_looks}:
            return Verdict.INCONCLUSIVE
        return judgement.confirmed(reading.ratios, margins)

    def _conclude(
        self, progress: Progress, reading: _Reading, verdict: Verdict | None, reason: str
    ) -> Decide:
        base, head = (progress.judged_table(side) for side in BOTH)
        shared = self._shared_with(progress)
        # One pair has no spread.
        found = judgement.estimate(reading.ratios, shared=shared) if len(reading.ratios) > 1 else None
        return Decide(
            case=progress.case.key,
            verdict=verdict,
            estimate=found,
            shared=shared if found else None,
            ratios=reading.ratios if found else (),
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


def _read(progress: Progress) -> _Reading:
    base, head = (progress.judged_table(side) for side in BOTH)
    clock = progress.clock(base, head)
    return _Reading(clock=clock, ratios=progress.ratios(base, head, clock))
