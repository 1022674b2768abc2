"""What every back end must find as a baseline."""

from __future__ import annotations

from datetime import timedelta

from stored_samples import (
    BASE,
    ENVIRONMENT,
    HEAD,
    NOON,
    both_records,
    make_case,
    make_record,
    make_run,
    store_runs,
)

from pytest_bolt.core.environment import Environment
from pytest_bolt.core.measurement import Side
from pytest_bolt.core.record import BASELINE_MODE, Revision
from pytest_bolt.core.stored import BaselineCommit

MARK = ENVIRONMENT.fingerprint


class TestBaselines:
    def test_one_value_a_run_newest_first(self, store):
        runs = store_runs(store, 3)
        key = make_case().case_id.key
        found = store.baseline(BASE.commit, MARK, [key])
        assert [value.run_id for value in found[key]] == [run.run_id for run in reversed(runs)]
        assert {(value.side, value.commit, value.time.ns) for value in found[key]} == {
            (Side.BASE, "a" * 40, 1000.0)
        }

    def test_a_dirty_tree_never_becomes_a_baseline(self, store):
        store_runs(store, 1)
        assert store.baseline(HEAD.commit, MARK) == {}
        assert store.baseline_commits([HEAD.commit], MARK) is None
        assert store.fingerprints(HEAD.commit) == ()
        assert store.commits("b") == ()

    def test_a_clean_head_is_a_baseline_whatever_it_was_called(self, store):
        run, case = make_run(head=Revision(commit="c" * 40, name="HEAD")), make_case()
        store.begin(run)
        store.add(run.run_id, None, [make_record(case, Side.HEAD, Revision(commit="c" * 40, name="topic"))])
        assert list(store.baseline("c" * 40, MARK)) == [case.case_id.key]

    def test_both_sides_at_one_commit_count_once(self, store):
        run, case = make_run(head=BASE), make_case()
        store.begin(run)
        store.add(run.run_id, None, both_records(case, run))
        assert [value.side for value in store.baseline(BASE.commit, MARK)[case.case_id.key]] == [Side.BASE]
        assert len(store.series(case.case_id.key, MARK)) == 1

    def test_another_implementation_is_no_baseline_of_its_commit(self, store):
        run, case = make_run(base=BASE, head=BASE, mode=BASELINE_MODE), make_case()
        store.begin(run)
        store.add(run.run_id, None, both_records(case, run))
        assert [value.side for value in store.baseline(BASE.commit, MARK)[case.case_id.key]] == [Side.HEAD]
        assert [value.side for value in store.series(case.case_id.key, MARK)] == [Side.HEAD]
        assert len(store.values(run.run_id)[case.case_id.key]) == 2

    def test_another_fingerprint_is_no_baseline(self, store):
        store_runs(store, 1)
        other = Environment(facts={"cpu_model": "6502"}).fingerprint
        assert store.baseline(BASE.commit, other) == {}
        assert store.baseline_commits([BASE.commit], other) is None
        assert store.series(make_case().case_id.key, other) == ()

    def test_facts_outside_the_fingerprint_do_not_matter(self, store):
        store_runs(store, 1, environment=Environment(facts={**ENVIRONMENT.facts, "host": "elsewhere"}))
        assert store.baseline(BASE.commit, MARK)

    def test_a_changed_benchmark_is_another_case(self, store):
        store_runs(store, 1)
        assert store.baseline(BASE.commit, MARK, [make_case(source_hash="0ther").case_id.key]) == {}

    def test_many_keys_at_once(self, store):
        run = make_run()
        store.begin(run)
        cases = [make_case(f"test_{number}") for number in range(3)]
        for case in cases:
            store.add(run.run_id, None, both_records(case, run))
        keys = [case.case_id.key for case in cases]
        absent = [f"absent {number}" for number in range(1200)]
        assert set(store.baseline(BASE.commit, MARK, [keys[0], *absent, keys[2]])) == {keys[0], keys[2]}
        assert set(store.baseline(BASE.commit, MARK)) == set(keys)

    def test_the_nearest_stored_commit_and_its_distance(self, store):
        store_runs(store, 1)
        commits = [f"{number:040x}" for number in range(700)]
        assert store.baseline_commits([*commits, BASE.commit], MARK) == BaselineCommit(
            commit=BASE.commit, distance=700
        )
        assert store.baseline_commits([BASE.commit, *commits], MARK) == BaselineCommit(
            commit=BASE.commit, distance=0
        )
        assert store.baseline_commits(commits, MARK) is None
        assert store.baseline_commits([], MARK) is None

    def test_a_series_runs_over_commits_newest_first(self, store):
        case = make_case()
        for number in range(4):
            base = Revision(commit=f"{number:040x}")
            run = make_run(f"{number:012x}", started=NOON + timedelta(days=number), base=base)
            store.begin(run)
            store.add(run.run_id, None, both_records(case, run, ns=float(number + 1)))
        assert [value.time.ns for value in store.series(case.case_id.key, MARK)] == [4.0, 3.0, 2.0, 1.0]
        assert [value.commit[-1] for value in store.series(case.case_id.key, MARK, 2)] == ["3", "2"]

    def test_fingerprints_and_commits_that_are_stored(self, store):
        store_runs(store, 2)
        assert store.fingerprints(BASE.commit) == (MARK,)
        assert store.commits("aaa") == (BASE.commit,)

    def test_values_of_a_run_include_a_dirty_head(self, store):
        (run,) = store_runs(store, 1)
        (values,) = store.values(run.run_id).values()
        assert [value.side for value in values] == [Side.BASE, Side.HEAD]
