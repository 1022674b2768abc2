"""What every back end must tell of a benchmark's past."""

from __future__ import annotations

from datetime import timedelta

import pytest
from stored_samples import (
    BASE,
    ENVIRONMENT,
    HEAD,
    NOON,
    both_records,
    make_case,
    make_record,
    make_run,
    simple_comparison,
)

from pytest_bolt.core.environment import Environment
from pytest_bolt.core.measurement import Clock, Side
from pytest_bolt.core.record import BASELINE_MODE, RunState
from pytest_bolt.core.verdict import Verdict

MARK = ENVIRONMENT.fingerprint
KEY = make_case().case_id.key
ELSEWHERE = Environment(facts={"cpu_model": "6502"})


@pytest.fixture
def keep(store):
    """Store one run of one case, `day` days after the first."""

    def keep_run(day, *, verdict=Verdict.SAME, records=None, clock=Clock.FILTERED, **fields):
        run, case = make_run(f"{day:012x}", started=NOON + timedelta(days=day), **fields), make_case()
        records = both_records(case, run, ns=100.0 + day, clock=clock) if records is None else records
        store.begin(run)
        store.add(run.run_id, simple_comparison(case, verdict), records)
        store.finish(run.run_id, state=RunState.FINISHED, ended=run.started)
        return run

    return keep_run


class TestHistory:
    def test_both_sides_oldest_first(self, store, keep):
        for day in (2, 0, 1):
            keep(day)
        found = store.history(KEY, MARK, 10)
        assert [(p.started - NOON, p.side, p.time.ns) for p in found] == [
            (timedelta(days=day), side, 100.0 + day) for day in range(3) for side in Side
        ]
        assert [(p.commit, p.dirty) for p in found[:2]] == [(BASE.commit, False), (HEAD.commit, True)]

    def test_the_newest_runs_are_kept(self, store, keep):
        for day in range(4):
            keep(day)
        assert [p.run_id for p in store.history(KEY, MARK, 2)] == [f"{day:012x}" for day in (2, 2, 3, 3)]

    def test_runs_with_one_side_count_as_runs(self, store, keep):
        for day in range(4):
            run = make_run(base=None)
            keep(day, base=None, records=[make_record(make_case(), Side.HEAD, run.head)])
        assert [p.run_id for p in store.history(KEY, MARK, 3)] == [f"{day:012x}" for day in (1, 2, 3)]

    def test_the_spread_is_the_middle_half_of_the_rounds(self, store, keep):
        keep(0)
        (base, _) = store.history(KEY, MARK, 1)
        rounds = make_record(make_case(), Side.BASE, BASE).measurement.rounds
        times = rounds["wall_ns"] / rounds["iterations"]
        assert times.min() < base.low.ns < base.high.ns < times.max()

    def test_what_is_not_kept_any_more_has_no_spread(self, store, keep):
        keep(0)
        store.forget_rounds(0)
        assert [(p.low, p.high) for p in store.history(KEY, MARK, 1)] == [(None, None)] * 2

    def test_another_environment_in_between_is_a_gap(self, store, keep):
        keep(0)
        keep(1)
        keep(2, environment=ELSEWHERE)
        keep(3)
        keep(4)
        found = store.history(KEY, MARK, 10)
        assert [p.run_id[-1] for p in found] == list("00113344")
        assert [p.gap for p in found] == [False] * 4 + [True] + [False] * 3

    def test_environments_before_the_first_and_after_the_last_are_none(self, store, keep):
        for day in (0, 3):
            keep(day, environment=ELSEWHERE)
        keep(1)
        keep(2)
        assert not any(p.gap for p in store.history(KEY, MARK, 10))

    def test_another_clock_is_a_gap(self, store, keep):
        keep(0)
        keep(1, clock=Clock.WALL)
        assert [p.gap for p in store.history(KEY, MARK, 10)] == [False, False, True, False]

    def test_a_wrong_answer_has_no_time(self, store, keep):
        keep(0)
        keep(1, verdict=Verdict.INCORRECT)
        assert {p.run_id for p in store.history(KEY, MARK, 10)} == {f"{0:012x}"}

    def test_the_other_implementation_of_a_baseline_is_not_its_past(self, store, keep):
        keep(0, mode=BASELINE_MODE, base=BASE)
        assert [p.side for p in store.history(KEY, MARK, 10)] == [Side.HEAD]

    def test_a_run_that_stored_records_only_counts(self, store):
        run, case = make_run(), make_case()
        store.begin(run)
        store.add(run.run_id, None, both_records(case, run))
        assert len(store.history(KEY, MARK, 10)) == 2

    def test_of_another_case_and_of_nothing_there_is_none(self, store, keep):
        assert store.history(KEY, MARK, 10) == ()
        keep(0)
        assert store.history("another", MARK, 10) == ()
        assert store.history(KEY, ELSEWHERE.fingerprint, 10) == ()
