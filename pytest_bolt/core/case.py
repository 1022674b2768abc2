"""What is measured: a parametrised benchmark and the work that one call of it does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseId:
    """Identity of a benchmark across commits.

    `node_id` is pytest's, relative to the root directory. `source_hash` covers the benchmark
    function's own normalised source, so that a changed workload is a new benchmark rather than a
    slower one. It is empty where the source cannot be had.
    """

    node_id: str
    source_hash: str = ""

    @property
    def key(self) -> str:
        """Return the text under which records of this case are stored."""
        return f"{self.node_id}@{self.source_hash}" if self.source_hash else self.node_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """The work of one iteration.

    `bytes` is memory traffic in bytes and `flops` the floating-point operations of one iteration;
    None where the benchmark does not say.
    """

    shapes: tuple[tuple[int, ...], ...] = ()
    dtype: str = ""
    seed: int | None = None
    bytes: int | None = None
    flops: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One parametrised benchmark: operation, implementation, workload, device, dtype."""

    case_id: CaseId
    operation: str = ""
    implementation: str = ""
    workload: Workload = field(default_factory=Workload)
    device: str = "cpu"
    group: str = ""
    extra_info: Mapping[str, object] = field(default_factory=dict)
