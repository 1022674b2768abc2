"""What other tools would have said of the same rounds.

Each rule takes the times of single rounds of both sides, in nanoseconds an iteration, and says `slower`,
`faster` or `same`. There are two readings of the same runs: *one comparison* takes both sides from one, whose
rounds are interleaved, which none of these tools does; *separate runs* takes the base from the run before,
as somebody does who compares with saved results.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.stats import mannwhitneyu

from benchmarks.alarm_counts import Share
from benchmarks.run_log import Line
from benchmarks.variants import slowdown
from pytest_bolt.core.measurement import RoundTable

Times = npt.NDArray[np.float64]
Rule = Callable[[Times, Times], str]
MOST_ROUNDS = 100
PERCENTS = (2, 3, 5, 10, 20)
HEADINGS = (
    "rule",
    "rounds of",
    "benchmarks",
    "false SLOWER",
    "false FASTER",
    *(f"found, {percent} %" for percent in PERCENTS),
)


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
            said = [(sample.percent, rule(sample.base, sample.head)) for sample in samples]
            untouched = [verdict for percent, verdict in said if percent == 0]
            alarms = [Share(count=untouched.count(v), total=len(untouched)) for v in ("slower", "faster")]
            found = [_found([v for percent, v in said if percent == wanted]) for wanted in PERCENTS]
            yield name, reading, str(len(said)), *map(str, alarms), *map(str, found)


def _found(verdicts: Sequence[str]) -> Share:
    return Share(count=verdicts.count("slower"), total=len(verdicts))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sample:
    """Rounds of both sides, and by how many percent the head was made slower."""

    percent: int
    base: Times
    head: Times


def _paired(lines: Iterable[Line]) -> Iterator[_Sample]:
    for line in lines:
        for benchmark in line["benchmarks"]:
            rounds = benchmark.get("rounds", {})
            if all(rounds.get(side) for side in ("base", "head")):
                yield _sample(line, benchmark, rounds["base"])


def _separate(lines: Sequence[Line]) -> Iterator[_Sample]:
    """Give the rounds of the head with those of the base of the run before, where that base is the same code.

    It is not where a slowdown of the shipped suites is made exact by more work on both sides.
    """
    for before, line in pairwise(lines):
        earlier = {each["id"]: each for each in before["benchmarks"]}
        for benchmark in line["benchmarks"]:
            saved = earlier.get(benchmark["id"], {})
            changed = line["suite"] == "shipped" and (benchmark["slowed"] or saved.get("slowed"))
            base, head = saved.get("rounds", {}).get("base"), benchmark.get("rounds", {}).get("head")
            if base and head and not changed:
                yield _sample(line, benchmark, base)


def _sample(line: Line, benchmark: Mapping[str, Any], base: Sequence[float]) -> _Sample:
    change = slowdown(line["variant"]) if benchmark["slowed"] else None
    head = np.array(benchmark["rounds"]["head"])
    return _Sample(percent=change.percent if change else 0, base=np.array(base), head=head)


def _p_value(base: Times, head: Times) -> float:
    return float(mannwhitneyu(base, head, alternative="two-sided").pvalue)


def _by_factor(ratio: float, factor: float) -> str:
    return "slower" if ratio > factor else "faster" if ratio < 1 / factor else "same"
