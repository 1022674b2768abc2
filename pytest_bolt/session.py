"""The run: collect, check, measure, record, judge, report; the only mutable object."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pytest_bolt import telling, trees
from pytest_bolt.baseline_adapters import comparable_items
from pytest_bolt.baselines import StoredBase, stored_baselines
from pytest_bolt.cases import Benchmark, benchmarks_of
from pytest_bolt.claims import Found, claim_lines, claims_of, found_by, may_find, stated_by
from pytest_bolt.core.control import Control
from pytest_bolt.core.expectation import Expectation
from pytest_bolt.core.plan import PlanSettings, plan
from pytest_bolt.core.record import BASELINE_MODE, Run, RunState, Summary
from pytest_bolt.core.statements import Statement
from pytest_bolt.core.steps import ClosePair, Decide, OpenPair, Reply, Step, TimeRound
from pytest_bolt.core.summary import MachineLimits
from pytest_bolt.devices.limits import limits_of
from pytest_bolt.errors import BoltError
from pytest_bolt.items import is_benchmark
from pytest_bolt.judging import Judge
from pytest_bolt.measuring.pairing import PairExecutor
from pytest_bolt.measuring.process import clear_away
from pytest_bolt.measuring.runner import run_plan
from pytest_bolt.preparation import Prepared, prepare
from pytest_bolt.pytest_loop import command_line, resumes, run_plain, stop_if_asked, usage_errors
from pytest_bolt.refusals import check_benchmarks
from pytest_bolt.repo.cache import cache_folder
from pytest_bolt.repo.commands import top_level
from pytest_bolt.repo.overlay import suite_root
from pytest_bolt.run_files import named_files
from pytest_bolt.settings import Settings
from pytest_bolt.telling import Teller

_THOROUGH_PAIRS = 12
_QUIET_ENDS = frozenset({pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED})
_NO_BENCHMARK = "no benchmark was collected, so nothing could be judged"


class BoltSession:
    """A bolt run inside one pytest session."""

    def __init__(self, config: pytest.Config, prepared: Prepared, path: tuple[str, ...]) -> None:
        self._config = config
        self._prepared = prepared
        self._path = path
        self._teller = Teller(config=config)
        self._root = config.rootpath
        self._benchmarks: tuple[Benchmark, ...] = ()
        self._expectations: tuple[Expectation, ...] = ()
        self._judge: Judge | None = None
        self._limits: MachineLimits | None = None
        self._complaints: list[str] = []
        self._written: list[str] = []
        self._spent_ns = 0
        self._pair = 0
        self._control = False
        self._left_out: list[str] = []
        self._started: Run | None = None
        self._stored: StoredBase | None = None
        self._measured: datetime | None = None
        self._found: list[Found] = []

    @classmethod
    def prepare(cls, config: pytest.Config, settings: Settings) -> BoltSession:
        """Check everything that can be checked before a test runs. Raises BoltError."""
        return cls(config, prepare(config, settings), tuple(sys.path))

    def close(self) -> None:
        """Close the store."""
        self._prepared.store.close()

    def pytest_report_header(self) -> list[str]:
        """Say what will be compared."""
        return telling.header(self._prepared)

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """Leave out what a baseline cannot be compared with."""
        baseline = self._prepared.settings.baseline
        if baseline is None:
            return
        with usage_errors():
            kept, left_out = comparable_items(items, baseline)
        self._left_out = [f"{count} left out: {reason}" for reason, count in left_out.items()]
        config.hook.pytest_deselected(items=[item for item in items if item not in set(kept)])
        items[:] = kept

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Run plain tests as usual, then check, measure and judge the benchmarks."""
        if session.testsfailed and not self._config.option.continue_on_collection_errors:
            count = session.testsfailed
            raise session.Interrupted(f"{count} error{'s' * (count != 1)} during collection")
        items = [item for item in session.items if is_benchmark(item)]
        with usage_errors():
            self._root = self._suite_root(items)
            self._benchmarks = benchmarks_of(items, self._prepared.settings, self._root)
            claims = claims_of(session.items, self._prepared.settings)
            statements = (*self._prepared.statements, *stated_by(self._benchmarks), *claims)
            self._expectations = tuple(each for said in statements for each in said.expectations())
            if self._prepared.base is not None and not resumes(self._config) and not claims:
                expected = self._prepared.expectations
                check_benchmarks(self._prepared.settings, self._benchmarks, expected, len(session.items))
        if getattr(self._config.option, "benchmark_skip", False):
            self._benchmarks = ()
        plain = [item for item in session.items if not is_benchmark(item)]
        if getattr(self._config.option, "benchmark_only", False):
            plain = []
        if self._benchmarks or any(map(may_find, plain)):
            with usage_errors():
                self._begin(statements)
        try:
            run_plain(session, plain)
            self._found = found_by(plain, self._prepared.settings, self._root)
            if self._benchmarks or self._found:
                with usage_errors():
                    self._measure(session)
        except pytest.UsageError:
            self._judge = None  # refused: there is no result to show
            raise
        finally:
            if self._judge is None and self._started is not None:
                self._prepared.store.discard(self._started.run_id)
        return True

    def _begin(self, statements: tuple[Statement, ...]) -> None:
        """Store what was stated, before anything is measured."""
        prepared = self._prepared
        mode = "paired" if prepared.settings.aa else "measure"
        if prepared.settings.baseline is not None:
            mode = BASELINE_MODE
        elif not prepared.settings.aa and prepared.repo is not None and prepared.base is not None:
            self._stored = stored_baselines(prepared, self._benchmarks)
            mode = "paired" if self._stored is None else "stored"
        if self._stored is not None:
            prepared = prepared.against(self._stored.base)
        self._started = prepared.new_run(command_line(self._config), mode, statements)
        prepared.store.begin(self._started, collected=len(self._benchmarks))
        if prepared.diff is not None:
            prepared.store.keep(self._started.run_id, prepared.diff)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Write the files; keep a run that judged nothing from ending green."""
        if self._judge is not None:
            summary = self._judge.summary()
            if any(comparison.case.workload.bytes for comparison in summary.comparisons):
                digest = self._prepared.environment().fingerprint.digest
                self._limits = limits_of(cache_folder(os.environ), digest)
            self._complaints = [*self._judge.complaints(), *self._write(summary)]
        elif self._prepared.base is not None and exitstatus in _QUIET_ENDS:
            self._complaints = [_NO_BENCHMARK]
        if self._complaints and exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def _write(self, summary: Summary) -> list[str]:
        """Write the files of a finished run; return what went wrong."""
        if summary.run.state is not RunState.FINISHED:
            return [f"the run was stopped, so this was not written: {o.path}" for o in self._prepared.outputs]
        problems = []
        figures: Mapping[str, str] = {}
        if any(output.journal is not None for output in self._prepared.outputs):
            summary, figures, told = telling.with_figures(summary, self._prepared.store)
            self._written += told
        for output in self._prepared.outputs:
            try:
                files = telling.write_file(output, summary, self._limits, self._prepared, figures)
                self._written += [f"wrote {file}" for file in files]
            except BoltError as error:
                problems.append(error.render())
        return problems

    def pytest_terminal_summary(self) -> None:
        """Show the table."""
        if self._judge is not None:
            summary = self._judge.summary()
            self._teller.claims(claim_lines(summary))
            self._teller.table(summary, self._limits, self._written, self._complaints)
            self._teller.actions(summary, self._limits, self._prepared.settings.github)
            if self._prepared.settings.aa:
                self._teller.calibration(summary, self._spent_ns / 1e9)
        for complaint in self._complaints if self._judge is None else ():
            self._teller.say(f"bolt: {complaint}", red=True, bold=True)

    def _suite_root(self, items: Iterable[pytest.Item]) -> Path:
        rootdir, repo = self._config.rootpath, self._prepared.repo
        return rootdir if repo is None else suite_root(top_level(repo), rootdir, [i.path for i in items])

    def _measure(self, session: pytest.Session) -> None:
        prepared = self._prepared
        clear_away()
        shared = trees.Session(
            config=self._config,
            settings=prepared.settings,
            root=self._root,
            path=self._path,
            files=tuple(dict.fromkeys(benchmark.item.path for benchmark in self._benchmarks)),
            outputs=tuple(output.path for output in prepared.outputs),
            say=self._teller.say,
        )
        if prepared.settings.aa:
            self._run(session, trees.twice(shared))
            return
        if prepared.settings.baseline is not None:
            self._run(session, trees.twice(shared, prepared.settings.baseline, self._left_out))
            return
        if prepared.repo is None or prepared.base is None or self._stored is not None:
            self._run(session, trees.head_only(shared))
            return
        self._teller.say(
            f"bolt: checking {prepared.base.short} out, then checking and calibrating both trees"
        )
        with trees.both(shared, prepared.repo, prepared.base) as pair:
            self._run(session, pair)

    def _run(self, session: pytest.Session, used: trees.Trees) -> None:
        prepared, stored, started = self._prepared, self._stored, self._started
        if started is None:
            raise RuntimeError("a run is begun before it is measured")
        executor = PairExecutor(used.specs, timeout_s=prepared.settings.timeout)
        same_code = used.same_code or prepared.settings.aa or started.evidence.same_code
        judge = self._judge = Judge(
            config=self._config,
            run=started,
            store=prepared.store,
            benchmarks={benchmark.key: benchmark for benchmark in self._benchmarks},
            executor=executor,
            known=used.known,
            unread=used.unread,
            stored=stored.records if stored is not None else None,
            noise_only=same_code,
            keep_rounds=prepared.settings.keep_rounds,
        )

        def decided(decide: Decide) -> None:
            judge.decided(decide)
            stop_if_asked(session)

        control = Control()
        state = RunState.INTERRUPTED
        try:
            for each in self._found:
                judge.found(each.benchmark, each.metrics, each.used)
            cases = [benchmark.planned(self._expectations) for benchmark in self._benchmarks]
            steps = plan(cases, self._plan_settings(used, control=not same_code), control)
            run_plan(steps, executor, decided=decided, progressed=self._progressed)
            if not resumes(self._config):
                judge.missing(prepared.settings.fail_on.margins)
            state = RunState.FINISHED
        finally:
            executor.stop()
            notes = (*used.notes, *executor.notes, *(stored.notes if stored is not None else ()))
            if session.shouldfail:
                notes = (*notes, f"the run ended early: {session.shouldfail}")
            files, unread = named_files(prepared.settings.artifact, self._config.invocation_params.dir)
            judge.add_files(files)
            judge.finish(state, (*notes, *unread), control.found, self._measured)
        self._config.hook.pytest_bolt_recorded(config=self._config, summary=judge.summary())

    def _plan_settings(self, used: trees.Trees, *, control: bool) -> PlanSettings:
        settings = self._prepared.settings
        plain = PlanSettings(
            seed=self._prepared.seed, sides=tuple(used.specs), budget_ns=settings.budget * 1e9
        )
        if not control:  # where both trees hold the same code, the whole run is one
            plain = replace(plain, control_pairs=0)
        if not settings.thorough:
            return plain
        return replace(plain, screening_pairs=_THOROUGH_PAIRS, confirming_pairs=_THOROUGH_PAIRS)

    def _progressed(self, step: Step, reply: Reply) -> None:
        if isinstance(step, TimeRound) and self._measured is None:
            self._measured = datetime.now(UTC)
        if isinstance(step, OpenPair):
            self._pair, self._control = step.pair, step.control
        self._spent_ns += reply.spent_ns if self._pair > 0 else 0  # checking is not charged to the budget
        if isinstance(step, ClosePair) and self._judge is not None and not self._control:
            self._teller.progress(
                pair=self._pair,
                decided=len(self._judge.summary().timed) + self._judge.unmeasured,
                total=len(self._benchmarks),
                elapsed_s=self._spent_ns / 1e9,
                budget_s=self._prepared.settings.budget,
            )
