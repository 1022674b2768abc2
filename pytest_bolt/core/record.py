"""What is stored: revisions, records of one case on one side, and the run that made them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from pytest_bolt.core.case import Case
from pytest_bolt.core.comparison import Comparison, NullControl
from pytest_bolt.core.environment import Environment
from pytest_bolt.core.measurement import Clock, Measurement
from pytest_bolt.core.statements import Statement
from pytest_bolt.core.units import IterationTime
from pytest_bolt.core.verdict import SEVERITY, Verdict

BASELINE_MODE = "baseline"


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """A commit and the state of its tree.

    `commit` is the full hash. `diff_hash` is empty for a clean tree, else a hash of what differs
    from the commit; a dirty revision never becomes a baseline. `name` is what the user called it
    (`main`, `HEAD~3`), `branch` the branch checked out, `subject` the first line of the commit
    message, `trailers` its trailers (`Hypothesis`, `Expect`).
    """

    commit: str
    name: str = ""
    branch: str = ""
    subject: str = ""
    diff_hash: str = ""
    trailers: Mapping[str, str] = field(default_factory=dict)

    @property
    def dirty(self) -> bool:
        """Return whether the tree differs from its commit."""
        return bool(self.diff_hash)

    @property
    def short(self) -> str:
        """Return ten digits of the hash, with a plus sign for a dirty tree."""
        return self.commit[:10] + ("+" if self.dirty else "")


class RunState(StrEnum):
    """How far a run came. A run found as RUNNING whose process is gone was killed."""

    RUNNING = "running"
    FINISHED = "finished"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Artifact:
    """A file that belongs to a run: where it is, the SHA-256 of its content, its size in bytes.

    `kind` says what it is: "diff", "log", "figure" or "data". One that is `stored` lies in the store as well.
    """

    kind: str
    path: str
    sha256: str
    size: int
    stored: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What proves a run beside its numbers.

    `files` are the paths that differ between base and head, `same_code` says that none of them differs in
    code: in comments, layout or documents only. `tag` names the version that the head is, empty for none.
    """

    files: tuple[str, ...] = ()
    same_code: bool = False
    tag: str = ""
    artifacts: tuple[Artifact, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Record:
    """One case measured at one revision.

    `time` is the value of one iteration by `clock`; `metrics` holds name -> (value, unit, better)
    as recorded by the test.
    """

    case: Case
    revision: Revision
    measurement: Measurement
    time: IterationTime
    clock: Clock
    metrics: Mapping[str, tuple[float, str, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One session: what was run, where, and against what.

    `run_id` is 12 hexadecimal digits. `started` and `ended` are aware, in UTC. `command` is the
    command line as typed. `mode` is "paired", "stored", "measure", "baseline" or "imported"; under
    "baseline" the base is another implementation in the same tree. `hypothesis` and `expect` are the
    person's words before the run, `statements` the same in parts; they are stored at `started`, before
    `measured`, the time of the first measurement (None where nothing was). `settings` holds every
    setting that could change a result. `control` is None where the base was not compared with itself.
    """

    run_id: str
    started: datetime
    command: tuple[str, ...]
    head: Revision
    base: Revision | None
    environment: Environment
    mode: str
    state: RunState = RunState.RUNNING
    ended: datetime | None = None
    hypothesis: str = ""
    expect: tuple[str, ...] = ()
    settings: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    control: NullControl | None = None
    statements: tuple[Statement, ...] = ()
    measured: datetime | None = None
    evidence: Evidence = field(default_factory=Evidence)


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """A finished run with its comparisons: the one input of every report and journal entry."""

    run: Run
    comparisons: tuple[Comparison, ...]
    collected: int

    @property
    def timed(self) -> tuple[Comparison, ...]:
        """Return the comparisons without those that hold only what a test found by itself."""
        return tuple(comparison for comparison in self.comparisons if comparison.timed)

    def counted(self) -> dict[str, int]:
        """Return verdict -> number of benchmarks, verdicts that occur only, most severe first."""
        counts = {str(v): sum(c.verdict is v for c in self.timed) for v in SEVERITY}
        return {name: count for name, count in counts.items() if count}

    def coverage(self) -> str:
        """Return `38 of 40 judged, 1 new, 1 incomparable`; without a base, how many were measured.

        Of a run that was stopped it says also how many benchmarks were left.
        """
        timed = self.timed
        if self.run.base is None:
            measured = sum(c.head_time is not None for c in timed)
            return ", ".join([f"{measured} of {len(timed)} measured", *self._left()])
        judged = sum(c.verdict.judged for c in timed)
        counts = self.counted()
        rest = [f"{counts[v]} {v}" for v in SEVERITY if not v.judged and v in counts]
        found = len(self.comparisons) - len(timed)
        rest += [f"{found} without a time"] if found else []
        return ", ".join([f"{judged} of {len(timed)} judged", *rest, *self._left()])

    def _left(self) -> list[str]:
        found = sum(c.verdict is not Verdict.MISSING for c in self.timed)
        left = self.collected - found if self.run.state is RunState.INTERRUPTED else 0
        return [f"{left} without a verdict"] if left > 0 else []
