"""The language between the plan, which decides, and the executor, which owns processes and clocks."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from pytest_bolt.core.judgement import Margins, PairRatio
from pytest_bolt.core.measurement import Clock, RoundTable, Side, Timing, empty_rounds
from pytest_bolt.core.shared_variance import SharedVariance
from pytest_bolt.core.stats import Estimate
from pytest_bolt.core.units import IterationTime
from pytest_bolt.core.verdict import Verdict

BOTH = (Side.BASE, Side.HEAD)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedCase:
    """A case as the plan sees it.

    `group` orders the shuffle: cases that share a prefix of it stay together, so that the fixtures of a
    module or class are set up once. `clock` is the one that decides, None where the rounds choose it.
    `threads` are those that its processes start with, None for those of the run; `parallel` says that the
    test asks for several. Without `interleave` one side runs to its end before the other begins. With
    `memory`, one call a side and pair is looked at for it.
    """

    key: str
    group: tuple[str, ...] = ()
    margins: Margins = field(default_factory=Margins)
    clock: Clock | None = None
    threads: int | None = None
    parallel: bool = False
    interleave: bool = True
    memory: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenPair:
    """Start one process a side. `paddings` displace each side's heap, in `sides` order.

    With `check`, the tests' own checks run on the way; in the other pairs they are left out. With
    `control`, both processes run the base's tree. `threads` are those that they start with, None for those of
    the run.
    """

    pair: int
    order: tuple[str, ...]
    paddings: tuple[int, ...]
    head_first: bool
    check: bool = False
    control: bool = False
    threads: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenCase:
    """Run the test on these sides up to its benchmark call, warmed up, and hold it there.

    `clock` is the one that was asked for, None where any will do.
    """

    case: str
    following: str | None
    sides: tuple[Side, ...] = BOTH
    clock: Clock | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeRound:
    """Time `parts` sub-batches of `iterations` calls each on one side. `padding` > 0 moves the heap."""

    case: str
    side: Side
    iterations: int
    parts: int
    padding: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeMemory:
    """Look at the memory of a call on one side, after all timing; the executor keeps what it finds."""

    case: str
    side: Side


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseCase:
    """Let the test run to its end on the sides where it is held."""

    case: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosePair:
    """End both processes."""


class FailureKind(StrEnum):
    """How a test failed to deliver a time."""

    FAILED = "failed"  # the test raised or a check was red
    CRASHED = "crashed"  # its process ended
    TIMEOUT = "timeout"
    COLLECTION = "collection"  # the test could not even be imported or collected
    UNMEASURED = "unmeasured"  # it ended without a benchmark call: skipped, or a plain test


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """What went wrong on which side; `message` is one line, `detail` the whole text."""

    side: Side
    kind: FailureKind
    message: str
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decide:
    """The last word on a case: the verdict, what it rests on, all rounds measured.

    `times` are those of the rounds that were judged, without the screening rounds of a candidate: those are
    of pairs before `first_pair`. `shared` is what other benchmarks said about the spread, where it is part of
    `estimate`, `ratios` what it is an estimate of.
    """

    case: str
    verdict: Verdict | None
    estimate: Estimate | None = None
    shared: SharedVariance | None = None
    ratios: tuple[PairRatio, ...] = ()
    clock: Clock = Clock.FILTERED
    quads: int = 0
    first_pair: int = 1
    times: dict[Side, IterationTime] = field(default_factory=dict)
    failure: Failure | None = None
    reason: str = ""
    warnings: tuple[str, ...] = ()
    rounds: dict[Side, RoundTable] = field(
        default_factory=lambda: {Side.BASE: empty_rounds(), Side.HEAD: empty_rounds()}
    )


Step = OpenPair | OpenCase | TimeRound | TakeMemory | CloseCase | ClosePair | Decide


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What a step came to: how long it took, what was read, what failed.

    `lost` says that the pair's processes are gone: the plan opens a new pair for what is left.
    """

    spent_ns: int = 0
    timings: tuple[Timing, ...] = ()
    failure: Failure | None = None
    lost: bool = False
