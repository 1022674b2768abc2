"""Each decision of the plan becomes a comparison, a stored record and a test outcome, at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import pytest

from pytest_bolt.cases import Benchmark
from pytest_bolt.core.assembly import Frame, comparison_of, fails, records_of, stored_comparison
from pytest_bolt.core.case import Case, CaseId
from pytest_bolt.core.comparison import FOUND_MODE, Comparison, Metric, NullControl
from pytest_bolt.core.measurement import Side
from pytest_bolt.core.metrics import Gate, unseen
from pytest_bolt.core.record import BASELINE_MODE, Artifact, Record, Revision, Run, RunState, Summary
from pytest_bolt.core.speedups import BASELINE_NOTE
from pytest_bolt.core.steps import Decide
from pytest_bolt.core.stored import BaselineRecord
from pytest_bolt.core.verdict import Verdict
from pytest_bolt.errors import BoltError
from pytest_bolt.measuring.pairing import Outcome, PairExecutor
from pytest_bolt.outcomes import log_reports, reports_of_item, synthetic_reports
from pytest_bolt.reports.terminal import failure_message
from pytest_bolt.stores.store import Store

_NOTHING = "nothing could be judged"


@dataclass(slots=True, kw_only=True)
class Judge:
    """Collects the comparisons of one run.

    `known` is what the base's own suite holds, None where it holds the same as the head's, and `unread`
    the places in it that could not be collected. `stored` are the baselines by case key in stored mode.
    """

    config: pytest.Config
    run: Run
    store: Store
    benchmarks: Mapping[str, Benchmark]
    executor: PairExecutor
    known: Mapping[str, str] | None = None
    unread: tuple[str, ...] = ()
    stored: Mapping[str, tuple[BaselineRecord, ...]] | None = None
    noise_only: bool = False
    keep_rounds: int | None = None  # measurements whose rounds stay in the store; None for all
    comparisons: list[Comparison] = field(default_factory=list)
    unmeasured: int = 0
    problem: str = ""  # why results could not be stored; they are shown all the same

    def decided(self, decide: Decide) -> None:
        """Take a decision in: build, store, tell the hooks, log the test."""
        benchmark = self.benchmarks[decide.case]
        outcome = self.executor.outcomes.get(decide.case, Outcome())
        case = benchmark.case(outcome.info)
        if decide.verdict is None and decide.failure is not None:
            self.unmeasured += 1
            self._log(benchmark, outcome, None)
            return
        told = {side: metrics.get(decide.case, []) for side, metrics in self.executor.metrics.items()}
        comparison = self._comparison(decide, benchmark, case, told)
        revisions: dict[Side, Revision | None] = {Side.BASE: self.run.base, Side.HEAD: self.run.head}
        self.comparisons.append(comparison)
        self._store(comparison, records_of(decide, case, revisions, told))
        self.config.hook.pytest_bolt_verdict(config=self.config, comparison=comparison)
        self._log(benchmark, outcome, comparison)

    def _comparison(
        self, decide: Decide, benchmark: Benchmark, case: Case, told: Mapping[Side, list[dict[str, object]]]
    ) -> Comparison:
        frame = self._frame(benchmark)
        if self.stored is not None and decide.failure is None:
            return stored_comparison(decide, case, frame, self.stored.get(case.case_id.key, ()), told)
        return comparison_of(decide, case, frame, told)

    def _frame(self, benchmark: Benchmark) -> Frame:
        return Frame(
            margin=benchmark.marked.margin_of("slower"),
            fail_on=benchmark.marked.fail_on.margins,
            gates=benchmark.marked.fail_on.metrics,
            interleave=benchmark.marked.interleave,
            notes={**benchmark.marked.notes(), **self._baseline(benchmark), **benchmark.line()},
            seed=int(self.run.settings["seed"]),
            noise_only=self.noise_only,
            existed=self._existed(benchmark.key),
            mode=self.run.mode,
        )

    def _baseline(self, benchmark: Benchmark) -> dict[str, str]:
        """Return what stood on the base's side, where that was another implementation."""
        if self.run.mode != BASELINE_MODE or self.run.base is None:
            return {}
        return {BASELINE_NOTE: benchmark.marked.baseline or self.run.base.name}

    def _existed(self, key: str) -> bool | None:
        """Return whether the base's own suite has a benchmark, None where that is not known."""
        if self.known is None or any(key.startswith((f"{place}::", f"{place}/")) for place in self.unread):
            return None
        return key in self.known

    def found(self, benchmark: Benchmark, metrics: tuple[Metric, ...], used: Mapping[str, str]) -> None:
        """Take in what a test that measures no time found by itself, and what it used for that."""
        case = benchmark.case({"extra_info": used})
        comparison = Comparison(case=case, verdict=Verdict.NEW, margin=0.0, mode=FOUND_MODE, metrics=metrics)
        self.comparisons.append(comparison)
        self._store(comparison, ())

    def missing(self, fail_on: Mapping[str, float]) -> None:
        """Add a comparison for every benchmark that only the base has."""
        for key, node_id in (self.known or {}).items():
            if key in self.benchmarks:
                continue
            comparison = Comparison(
                case=Case(case_id=CaseId(node_id=node_id)),
                verdict=Verdict.MISSING,
                margin=0.0,
                failed=fails(Verdict.MISSING, 0.0, fail_on),
                reason="the base has this benchmark, this tree does not",
            )
            self.comparisons.append(comparison)
            self._store(comparison, ())
            self.config.hook.pytest_bolt_verdict(config=self.config, comparison=comparison)
            if comparison.failed:
                location = (node_id.partition("::")[0], None, node_id.partition("::")[2])
                message = failure_message(comparison, self.run)
                log_reports(self.config, synthetic_reports(node_id, location, comparison, message))

    def _store(self, comparison: Comparison, records: Sequence[Record]) -> None:
        try:
            self.store.add(self.run.run_id, comparison, records)
        except BoltError as error:
            self.problem = self.problem or error.render()

    def _log(self, benchmark: Benchmark, outcome: Outcome, comparison: Comparison | None) -> None:
        failure = (
            failure_message(comparison, self.run) if comparison is not None and comparison.failed else ""
        )
        if outcome.reports:
            reports = reports_of_item(self.config, outcome.reports, comparison, failure)
            # A worker's ids differ where the file lies outside the root directory.
            for report in reports:
                report.nodeid, report.location = benchmark.item.nodeid, benchmark.item.location
        elif comparison is not None:
            item = benchmark.item
            reports = synthetic_reports(item.nodeid, item.location, comparison, failure)
        else:
            return
        log_reports(self.config, reports)

    def add_files(self, files: Sequence[Artifact]) -> None:
        """Take in files that belong to the run; they are stored at its end."""
        evidence = self.run.evidence
        self.run = replace(self.run, evidence=replace(evidence, artifacts=(*evidence.artifacts, *files)))

    def finish(
        self,
        state: RunState,
        notes: tuple[str, ...],
        control: NullControl | None,
        measured: datetime | None = None,
    ) -> None:
        """Store how the run ended, what its null control came to, and when its first measurement began."""
        if self.unmeasured:
            notes = (*notes, f"{self.unmeasured} tests ask for a benchmark fixture but measured nothing")
        ended = datetime.now(UTC)
        try:
            self.store.finish(
                self.run.run_id,
                state=state,
                ended=ended,
                notes=notes,
                collected=len(self.benchmarks),
                control=control,
                measured=measured,
            )
            self.store.amend(self.run.run_id, self.run.evidence)
            if self.keep_rounds is not None:
                self.store.forget_rounds(self.keep_rounds)
        except BoltError as error:
            self.problem = self.problem or error.render()
        self.run = replace(
            self.run, state=state, ended=ended, notes=notes, control=control, measured=measured
        )

    def summary(self) -> Summary:
        """Return the run with what was compared so far."""
        return Summary(run=self.run, comparisons=tuple(self.comparisons), collected=len(self.benchmarks))

    def complaints(self) -> list[str]:
        """Return why the run must not end green although no test failed."""
        found = [f"not everything could be stored: {self.problem}"] if self.problem else []
        if self.run.base is not None and not any(c.verdict.judged or not c.timed for c in self.comparisons):
            found.append(_NOTHING)
        if self.run.base is not None:
            found += unseen(self._gates(), self.comparisons)
        return found

    def _gates(self) -> list[Gate]:
        """Return the gates on metrics: those of the run, and those of markers, which each test must meet."""
        asked: dict[tuple[str, bool], set[str]] = {}
        for benchmark in self.benchmarks.values():
            for name in benchmark.marked.fail_on.metrics:
                own = (name, benchmark.marked.own_gate)
                asked.setdefault(own, set()).add(benchmark.item.nodeid)
        return [
            Gate(metric=name, each=own, node_ids=frozenset(node_ids))
            for (name, own), node_ids in asked.items()
        ]
