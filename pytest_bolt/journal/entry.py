"""One journal entry: what the tool knows, and what a person said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from pytest_bolt.core.claims import Judged
from pytest_bolt.core.record import Artifact
from pytest_bolt.core.replication import Replication
from pytest_bolt.core.ruling import Ruled

NOT_WRITTEN = "(not written)"


class Kind(StrEnum):
    """What sort of finding an entry is; a failure is an entry like any other."""

    BENCHMARK = "empirical benchmark"
    DECISION = "architectural decision"
    FAILED = "failed experiment"
    TRUTH = "statistical truth"  # found by a test about a model or its data, no time is measured
    NO_OP = "no-op"  # both trees hold the same code


class Relation(StrEnum):
    """How an entry stands to another one."""

    CORRECTS = "corrects"
    SUPERSEDED_BY = "superseded-by"
    SUPERSEDES = "supersedes"
    REPLICATES = "replicates"


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A relation to another entry, by its id."""

    relation: Relation
    entry_id: str


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
    subject: str = ""
    diff_hash: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry. `entry_id` is the id of its run: the same run has one entry, however often rendered.

    `parts` are what was stated before the run, each with what became of it, `ruled` what became of the whole.
    `stated` says when that was stored, `measured` when the first measurement began. `files` differ between
    the sides. `data` is what tests said of their data and seeds. `version` is the tag of the head, empty
    without one. `style` is the one that the entry asks for itself, empty for none. `replication` is what the
    run says of an earlier one that it repeats. `person` holds what a
    person writes after the run, as Markdown by field name; an empty field is shown as not written.
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
    parts: tuple[Judged, ...]
    ruled: Ruled
    results: tuple[Result, ...]
    coverage: str
    stated: datetime
    measured: datetime | None = None
    devices: tuple[str, ...] = ()
    seed: str = ""
    data: Mapping[str, str] = field(default_factory=dict)
    files: tuple[str, ...] = ()
    artifacts: tuple[Artifact, ...] = ()
    links: tuple[Link, ...] = ()
    version: str = ""
    style: str = ""
    replication: Replication | None = None
    person: Mapping[str, str] = field(default_factory=dict)
