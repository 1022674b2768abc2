"""The result of comparing one case on two sides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pytest_bolt.core.case import Case
from pytest_bolt.core.measurement import Clock
from pytest_bolt.core.units import IterationTime
from pytest_bolt.core.verdict import MetricVerdict, Verdict

FOUND_MODE = "found"  # of a comparison that holds only what a test found by itself


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A ratio head/base with its confidence interval; below 1 the head is faster."""

    estimate: float
    low: float
    high: float

    def inverted(self) -> Interval:
        """Return the interval of base/head."""
        return Interval(estimate=1 / self.estimate, low=1 / self.high, high=1 / self.low)


@dataclass(frozen=True, slots=True, kw_only=True)
class NullControl:
    """What the base differed by from itself.

    `ratio` is over all values, one a process pair and benchmark. `floor` is the noise floor: the largest
    estimate of a single benchmark (of more than ten, the 90th percentile) as a relative effect, 0.02 is two
    percent. `certain` is the effect that is there for certain, 0 where every interval holds a ratio of 1.
    """

    ratio: Interval
    values: int
    benchmarks: int
    floor: float
    certain: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """A number that a test recorded with `bolt.record`, or that was derived: both sides, one unit.

    `better` is "lower" or "higher". `ratio` is None where only one side has a value, or where a ratio
    means nothing. `values` holds (base, head), one a process pair; `samples` what one test found in several
    repetitions of its own, whose mean is `head`. `verdict` is None where there are not
    two sides to judge, `margin` what it was judged with; `gated` says that the metric may fail its test,
    `failed` that it did.
    """

    name: str
    unit: str
    better: str
    base: float | None
    head: float | None
    ratio: Interval | None = None
    verdict: MetricVerdict | None = None
    margin: float | None = None
    gated: bool = False
    failed: bool = False
    values: tuple[tuple[float, float], ...] = ()
    samples: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Everything that is known about one case after a run.

    `ratio` is the time of one iteration, head/base, with its interval; None where nothing was
    measured. `margin` is the equivalence margin (0.05 is five percent). `detectable` is the smallest
    relative effect this comparison could have seen (0.03 is three percent). `pairs` counts the
    process pairs that the verdict rests on; `pair_ratios` holds the ratio head/base of each, in order, and
    `pair_errors` the standard error inside it as a log-ratio, so that the interval can be worked out again
    when single rounds are gone. Both have six decimals, and are empty where no pairs were measured. `mode` is
    that of the run. `noise_only` says that both trees hold the same code. `reason` says in one line why a
    verdict is not one about speed, or what limits it; `detail` is the full text behind it (a traceback, an
    error of the base).
    """

    case: Case
    verdict: Verdict
    margin: float
    ratio: Interval | None = None
    base_time: IterationTime | None = None
    head_time: IterationTime | None = None
    detectable: float | None = None
    clock: Clock = Clock.FILTERED
    mode: str = "paired"
    method: str = ""
    pairs: int = 0
    pair_ratios: tuple[float, ...] = ()
    pair_errors: tuple[float, ...] = ()
    quads: int = 0
    seed: int = 0
    failed: bool = False
    noise_only: bool = False
    reason: str = ""
    detail: str = ""
    warnings: tuple[str, ...] = ()
    metrics: tuple[Metric, ...] = ()
    notes: Mapping[str, str] = field(default_factory=dict)

    @property
    def timed(self) -> bool:
        """Return whether this is about a time, and not only what a test found by itself."""
        return self.mode != FOUND_MODE
