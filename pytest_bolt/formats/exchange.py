"""What passes between our types and the formats: an imported run, and one side of a stored run.

What our types do not hold is kept as the file had it: of the run in `settings["original"]`, as JSON text, and
of a benchmark in the `extra_info` of its record under `ORIGINAL`. Exported to the same format it comes back.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from pytest_bolt.core.case import Case, CaseId
from pytest_bolt.core.comparison import Comparison, Metric
from pytest_bolt.core.environment import Environment
from pytest_bolt.core.measurement import Clock, Measurement, RoundTable, Side, empty_rounds
from pytest_bolt.core.record import Record, Revision, Run, RunState
from pytest_bolt.core.units import IterationTime
from pytest_bolt.core.verdict import Verdict
from pytest_bolt.formats.reading import Json, words

MODE = "imported"
ORIGINAL = "pytest-bolt original"
UNKNOWN_COMMIT = "unknown"
_LONGEST = 9.2e9  # seconds; more nanoseconds than that are no 64-bit number
_LONGEST_COMMIT = 128
_FROM = "imported from"
_DOCUMENT = "original"
Metrics = Mapping[str, tuple[float, str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where an imported run comes from: the id it gets, the command line, and when it was imported."""

    run_id: str
    command: tuple[str, ...]
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreign:
    """One benchmark of a foreign file.

    `seconds` is the time of one iteration, NaN where there is none; `reason` says why. `original` is what the
    file has of it.
    """

    case: Case
    original: Mapping[str, Json]
    seconds: float = math.nan
    rounds: RoundTable = field(default_factory=empty_rounds)
    clock: Clock = Clock.WALL
    reason: str = ""
    warnings: tuple[str, ...] = ()
    metrics: Metrics = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """A run made from a foreign file, with what is stored of each benchmark."""

    run: Run
    entries: tuple[tuple[Comparison, Record], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """One side of a stored run, in the order of its benchmarks."""

    run: Run
    side: Side
    records: tuple[Record, ...]

    @property
    def revision(self) -> Revision:
        """Return the revision that was measured."""
        return self.run.base if self.side is Side.BASE and self.run.base else self.run.head


def imported_run(
    source: Source,
    *,
    tool: str,
    document: Json,
    head: Revision,
    facts: Mapping[str, str],
    started: datetime | None,
    found: Sequence[Foreign],
) -> Imported:
    """Return the run that stands for a foreign file.

    The system's name in the fingerprint says where the run comes from, so that it never equals the
    fingerprint of a machine that pytest-bolt measured on: an imported value is no baseline that a gate uses.
    """
    moment = started or source.now
    system = ", ".join(filter(None, [facts.get("system", ""), f"imported from {tool}"]))
    run = Run(
        run_id=source.run_id,
        started=moment,
        command=source.command,
        head=head,
        base=None,
        environment=Environment(facts={**facts, "system": system}),
        mode=MODE,
        state=RunState.FINISHED,
        ended=moment,
        settings={_FROM: tool, _DOCUMENT: json.dumps(document)},
        notes=(f"imported from {tool}: never used as a baseline",),
    )
    return Imported(run=run, entries=tuple(_entry(one, head) for one in _distinct(found)))


def document_of(run: Run, tool: str) -> Json | None:
    """Return what an imported run keeps of a file of this tool, None for any other run."""
    return json.loads(run.settings[_DOCUMENT]) if run.settings.get(_FROM) == tool else None


def original_of(record: Record) -> Mapping[str, Json]:
    """Return what the file had of an imported benchmark."""
    kept = record.case.extra_info.get(ORIGINAL, {})
    return kept if isinstance(kept, Mapping) else {}


def told_by_test(record: Record) -> dict[str, object]:
    """Return the test's own `extra_info`, as JSON can hold it."""
    return {name: _plain(value) for name, value in record.case.extra_info.items() if name != ORIGINAL}


def moment_of(milliseconds: Json) -> datetime | None:
    """Return the time of a JavaScript time stamp, None where it is none."""
    if isinstance(milliseconds, bool) or not isinstance(milliseconds, int | float):
        return None
    try:
        return datetime.fromtimestamp(milliseconds / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def commit_of(name: Json) -> str:
    """Return what a file calls its commit, cut to what a database indexes; `unknown` for nothing."""
    return words(name)[:_LONGEST_COMMIT] or UNKNOWN_COMMIT


def usable(seconds: float) -> bool:
    """Return whether a number can be the time of one iteration: no NaN, not negative, below 300 years."""
    return 0.0 <= seconds < _LONGEST


def _plain(value: object) -> Json:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else str(value)


def _entry(one: Foreign, head: Revision) -> tuple[Comparison, Record]:
    time = IterationTime(one.seconds * 1e9) if usable(one.seconds) else None
    metrics = tuple(
        Metric(name=name, unit=unit, better=better, base=None, head=value)
        for name, (value, unit, better) in one.metrics.items()
    )
    comparison = Comparison(
        case=one.case,
        verdict=Verdict.NEW if time or metrics else Verdict.INCOMPARABLE,
        margin=0.0,
        head_time=time,
        clock=one.clock,
        mode="measure",
        reason=one.reason,
        warnings=one.warnings,
        metrics=metrics,
    )
    record = Record(
        case=replace(one.case, extra_info={**one.case.extra_info, ORIGINAL: dict(one.original)}),
        revision=head,
        measurement=Measurement(side=Side.HEAD, rounds=one.rounds, warnings=one.warnings),
        time=time or IterationTime(math.nan),
        clock=one.clock,
        metrics=one.metrics,
    )
    return comparison, record


def _distinct(found: Iterable[Foreign]) -> list[Foreign]:
    """Return the benchmarks with ids that differ: a store holds each id once a run."""
    seen: set[str] = set()
    counts: Counter[str] = Counter()
    result = []
    for one in found:
        case_id, node_id = one.case.case_id, one.case.case_id.node_id
        while case_id.key in seen:
            counts[node_id] += 1
            case_id = CaseId(node_id=f"{node_id} #{counts[node_id] + 1}", source_hash=case_id.source_hash)
        seen.add(case_id.key)
        result.append(replace(one, case=replace(one.case, case_id=case_id)))
    return result
