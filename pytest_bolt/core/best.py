"""The best known speedup of each benchmark: a run that is worse never takes its place."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from pytest_bolt.core.comparison import Comparison
from pytest_bolt.core.record import Revision
from pytest_bolt.core.speedups import BASELINE_NOTE
from pytest_bolt.core.verdict import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One comparison with a baseline, of which run and revision; `fingerprint` is a machine's digest."""

    comparison: Comparison
    run_id: str
    started: datetime
    revision: Revision
    fingerprint: str

    @property
    def rank(self) -> float:
        """Return the speedup that is certain: the lower end of its interval; 0 for a wrong answer."""
        if self.comparison.ratio is None or self.comparison.verdict is Verdict.INCORRECT:
            return 0.0
        return 1.0 / self.comparison.ratio.high


def best_of(results: Iterable[Result]) -> tuple[Result, ...]:
    """Return the best result of each benchmark, baseline and machine, by benchmark; of equals the oldest.

    Results without a correct, timed comparison take no part.
    """
    found: dict[tuple[str, str, str], Result] = {}
    for result in sorted(results, key=lambda each: each.started):
        comparison = result.comparison
        key = (comparison.case.case_id.key, comparison.notes.get(BASELINE_NOTE, ""), result.fingerprint)
        if result.rank > (found[key].rank if key in found else 0.0):
            found[key] = result
    return tuple(found[key] for key in sorted(found))
