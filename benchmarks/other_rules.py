"""What other tools would have said of the same rounds.

Each rule takes the times of single rounds of both sides, in nanoseconds an iteration, and says `slower`,
`faster` or `same`. There are two readings of the same runs: *one comparison* takes both sides from one, whose
rounds are interleaved, which none of these tools does; *separate runs* takes the base from the run before,
as somebody does who compares with saved results.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from scipy.stats import mannwhitneyu

from benchmarks.alarm_counts import Share
from benchmarks.run_log import Line
from pytest_bolt.core.measurement import RoundTable

Times = npt.NDArray[np.float64]
Rule = Callable[[Times, Times], str]
MOST_ROUNDS = 100
HEADINGS = ("rule", "rounds of", "benchmarks", "false SLOWER", "false FASTER", "found")


def thinned(rounds: RoundTable) -> list[float]:
    """Return the time of an iteration in at most `MOST_ROUNDS` rounds, spread over all pairs; four digits."""
    times = rounds["wall_ns"] / rounds["iterations"]
    chosen = np.linspace(0, len(times) - 1, min(len(times), MOST_ROUNDS)).astype(int)
    return [float(f"{value:.4g}") for value in times[chosen]]


def threshold(statistic: Callable[[Times], float], percent: float) -> Rule:
    """Return the rule of `--benchmark-compare-fail=mean:5%` and its like, in both directions."""

    def rule(base: Times, head: Times) -> str:
        return _by_factor(float(statistic(head) / statistic(base)), 1 + percent / 100)

    return rule


def mann_whitney(base: Times, head: Times) -> str:
    """Return which side's rounds are longer by the Mann-Whitney U test at 1 %."""
    return (
        _by_factor(float(np.median(head) / np.median(base)), 1.0) if _p_value(base, head) < 0.01 else "same"
    )


def asv(base: Times, head: Times) -> str:
    """Return asv's rule: Mann-Whitney at 0.2 %, and medians that differ by its default factor of 1.1."""
    return (
        _by_factor(float(np.median(head) / np.median(base)), 1.1) if _p_value(base, head) < 0.002 else "same"
    )


RULES: dict[str, Rule] = {
    "pytest-benchmark, mean:5%": threshold(np.mean, 5),
    "pytest-benchmark, median:5%": threshold(np.median, 5),
    "pytest-benchmark, min:5%": threshold(np.min, 5),
    "pytest-benchmark, min:10%": threshold(np.min, 10),
    "Mann-Whitney, 1 %": mann_whitney,
    "asv, factor 1.1": asv,
}


def rows(lines: Sequence[Line]) -> Iterator[tuple[str, ...]]:
    """Return the cells under HEADINGS for the runs of one suite, in the order in which they were made."""
    kept = [line for line in lines if "error" not in line and any("rounds" in b for b in line["benchmarks"])]
    readings = {"one comparison": [*_paired(kept)], "separate runs": [*_separate(kept)]}
    for name, rule in RULES.items():
        for reading, samples in readings.items():
            said = [(slowed, rule(base, head)) for slowed, base, head in samples]
            untouched = [verdict for slowed, verdict in said if not slowed]
            slowed = [verdict for slowed, verdict in said if slowed]
            alarms = [Share(count=untouched.count(v), total=len(untouched)) for v in ("slower", "faster")]
            found = Share(count=slowed.count("slower"), total=len(slowed))
            yield name, reading, str(len(said)), *map(str, alarms), str(found)


def _paired(lines: Iterable[Line]) -> Iterator[tuple[bool, Times, Times]]:
    for line in lines:
        for benchmark in line["benchmarks"]:
            if all(benchmark.get("rounds", {}).get(side) for side in ("base", "head")):
                rounds = benchmark["rounds"]
                yield benchmark["slowed"], np.array(rounds["base"]), np.array(rounds["head"])


def _separate(lines: Sequence[Line]) -> Iterator[tuple[bool, Times, Times]]:
    for before, line in pairwise(lines):
        earlier = {each["id"]: each.get("rounds", {}).get("base") for each in before["benchmarks"]}
        for benchmark in line["benchmarks"]:
            base, head = earlier.get(benchmark["id"]), benchmark.get("rounds", {}).get("head")
            if base and head:
                yield benchmark["slowed"], np.array(base), np.array(head)


def _p_value(base: Times, head: Times) -> float:
    return float(mannwhitneyu(base, head, alternative="two-sided").pvalue)


def _by_factor(ratio: float, factor: float) -> str:
    return "slower" if ratio > factor else "faster" if ratio < 1 / factor else "same"
