"""One journal entry: what the tool knows, and what a person said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from pytest_bolt.core.claims import Judged
from pytest_bolt.core.conclusion import Conclusion, Outcome

NOT_WRITTEN = "(not written)"


class Kind(StrEnum):
    """What sort of finding an entry is; a failure is an entry like any other."""

    BENCHMARK = "empirical benchmark"
    FAILED = "failed experiment"
    NO_OP = "no-op"  # both trees hold the same code


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One row of results, as printed; `node_id` and the entry's run lead to the stored comparison."""

    node_id: str
    metric: str
    before: str
    after: str
    change: str
    verdict: str
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One side of the comparison: the full commit hash, its names, the hash of what is uncommitted."""

    commit: str
    name: str = ""
    branch: str = ""
    diff_hash: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry. `entry_id` is the id of its run: the same run has one entry, however often rendered.

    `hypothesis` is what a person said before the run, `claims` what an experiment puts to the proof.
    `person` holds what a person writes after it, as Markdown by field name; an empty field is shown as
    not written.
    """

    entry_id: str
    date: datetime
    title: str
    kind: Kind
    run_id: str
    head: Side
    base: Side | None
    commands: tuple[str, ...]
    environment: Mapping[str, str]
    procedure: tuple[str, ...]
    notes: tuple[str, ...]
    hypothesis: str
    conclusions: tuple[Conclusion, ...]
    outcome: Outcome
    results: tuple[Result, ...]
    coverage: str
    claims: tuple[Judged, ...] = ()
    person: Mapping[str, str] = field(default_factory=dict)
