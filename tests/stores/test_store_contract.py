"""What every back end must do with runs, records and comparisons."""

from __future__ import annotations

import dataclasses
import hashlib
from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pytest
from stored_samples import (
    BASE,
    HEAD,
    NOON,
    both_records,
    full_case,
    full_comparison,
    make_case,
    make_record,
    make_rounds,
    make_run,
    simple_comparison,
    store_runs,
)

from pytest_bolt.core.comparison import Comparison, Interval, NullControl
from pytest_bolt.core.measurement import Clock, Side
from pytest_bolt.core.record import Evidence, RunState
from pytest_bolt.core.verdict import Verdict
from pytest_bolt.errors import BoltError
from pytest_bolt.stores.rounds import ROUNDS_CAP
from pytest_bolt.stores.store import open_store


class TestContract:
    def test_a_run_comes_back_equal(self, store):
        run = make_run()
        store.begin(run)
        assert store.run(run.run_id) == run

    def test_a_run_without_a_base_comes_back_equal(self, store):
        run = make_run(base=None, hypothesis="", expect=(), settings={}, mode="measure")
        store.begin(run)
        assert store.run(run.run_id) == run

    def test_a_time_of_another_zone_is_the_same_instant_in_utc(self, store):
        started = datetime(2026, 3, 1, 23, 30, 0, 7, tzinfo=timezone(timedelta(hours=9)))
        store.begin(make_run(started=started))
        assert store.run("0").started == started
        assert store.run("0").started.utcoffset() == timedelta(0)

    def test_finish_says_how_and_when(self, store):
        store.begin(make_run(), collected=2)
        ended = NOON + timedelta(minutes=1)
        control = NullControl(
            ratio=Interval(estimate=1.001, low=0.992, high=1.012),
            values=9,
            benchmarks=3,
            floor=0.02,
            certain=0.01,
        )
        store.finish(
            make_run().run_id,
            state=RunState.INTERRUPTED,
            ended=ended,
            notes=("Ctrl-C",),
            collected=3,
            control=control,
        )
        run = store.run("0")
        assert (run.state, run.ended, run.notes) == (RunState.INTERRUPTED, ended, ("Ctrl-C",))
        assert run.control == control
        assert store.summary("0").collected == 3

    def test_a_comparison_comes_back_equal_in_every_field(self, store):
        comparison = full_comparison(full_case())
        defaults = {field.name: field.default for field in dataclasses.fields(Comparison)}
        assert all(getattr(comparison, name) != default for name, default in defaults.items())
        run = make_run()
        store.begin(run)
        store.add(run.run_id, comparison)
        assert store.summary(run.run_id).comparisons == (comparison,)

    def test_a_bare_comparison_comes_back_equal(self, store):
        comparison = simple_comparison(make_case(), Verdict.NEW)
        store.begin(make_run())
        store.add(make_run().run_id, comparison)
        assert store.summary("0").comparisons == (comparison,)

    def test_bounds_that_are_no_numbers_are_kept(self, store):
        ratio = Interval(estimate=float("nan"), low=0.0, high=float("inf"))
        store.begin(make_run())
        store.add(
            make_run().run_id,
            dataclasses.replace(full_comparison(make_case()), ratio=ratio, detectable=float("inf")),
        )
        (found,) = store.summary("0").comparisons
        assert np.isnan(found.ratio.estimate)
        assert (found.ratio.low, found.ratio.high, found.detectable) == (0.0, float("inf"), float("inf"))

    def test_a_case_that_changed_its_details_keeps_them_run_by_run(self, store):
        cases = [make_case(extra_info={"loss": loss}) for loss in (0.5, 0.25)]
        for number, case in enumerate(cases):
            run = make_run(f"{number:012x}")
            store.begin(run)
            store.add(run.run_id, simple_comparison(case), [make_record(case, Side.BASE, BASE)])
        for number, case in enumerate(cases):
            assert store.summary(f"{number:012x}").comparisons[0].case == case
            assert store.records(f"{number:012x}")[0].case == case

    def test_comparisons_stay_in_the_order_of_storing(self, store):
        names = ["z", "a", "m"]
        store.begin(make_run())
        for name in names:
            store.add(make_run().run_id, simple_comparison(make_case(name)))
        assert [c.case.case_id.node_id for c in store.summary("0").comparisons] == names

    def test_adding_a_case_again_replaces_it(self, store):
        run, case = make_run(), make_case()
        store.begin(run)
        store.add(run.run_id, simple_comparison(case, Verdict.SLOWER), both_records(case, run, ns=1.0))
        store.add(run.run_id, simple_comparison(case, Verdict.SAME), both_records(case, run, ns=2.0))
        assert [c.verdict for c in store.summary("0").comparisons] == [Verdict.SAME]
        assert [record.time.ns for record in store.records(run.run_id)] == [2.0, 2.0]

    def test_a_record_comes_back_with_all_its_rounds(self, store):
        run, case = make_run(), full_case()
        record = make_record(case, Side.HEAD, HEAD, clock=Clock.CPU, metrics={"loss": (0.5, "", "lower")})
        store.begin(run)
        store.add(run.run_id, None, [record])
        (found,) = store.records(run.run_id, case.case_id.key)
        assert (found.case, found.revision, found.time) == (case, HEAD, record.time)
        assert (found.clock, found.metrics) == (Clock.CPU, record.metrics)
        assert (found.measurement.rounds == record.measurement.rounds).all()
        assert found.measurement.warnings == ()

    def test_too_many_rounds_are_thinned_and_it_says_so(self, store):
        run, case, count = make_run(), make_case(), ROUNDS_CAP + 1
        store.begin(run)
        store.add(run.run_id, None, [make_record(case, Side.BASE, BASE, rounds=count)])
        measurement = store.measurements(run.run_id, case.case_id.key)[Side.BASE]
        assert 0 < len(measurement.rounds) <= ROUNDS_CAP
        assert measurement.warnings == (f"{len(measurement.rounds)} of {count} rounds stored, evenly spaced",)

    def test_measurements_are_of_that_case_and_by_side(self, store):
        run, case = make_run(), make_case()
        store.begin(run)
        for each in (case, make_case("other")):
            store.add(run.run_id, None, both_records(each, run))
        found = store.measurements(run.run_id, case.case_id.key)
        assert list(found) == [Side.BASE, Side.HEAD]
        assert (found[Side.HEAD].rounds == make_rounds(20)).all()
        assert store.measurements(run.run_id, "unknown") == {}

    def test_adding_to_an_unknown_run_stores_nothing(self, store):
        with pytest.raises(KeyError):
            store.add("ffffffffffff", simple_comparison(make_case()))
        assert store.runs() == ()

    def test_a_case_is_stored_whole_or_not_at_all(self, store):
        run, case = make_run(), make_case()
        store.begin(run)

        class Interrupting:
            side = Side.HEAD
            warnings = ()

            @property
            def rounds(self):
                raise KeyboardInterrupt

        broken = dataclasses.replace(make_record(case, Side.HEAD, HEAD), measurement=Interrupting())
        with pytest.raises(KeyboardInterrupt):
            store.add(run.run_id, simple_comparison(case), [make_record(case, Side.BASE, BASE), broken])
        assert store.summary("0").comparisons == ()
        assert store.records(run.run_id) == ()
        store.add(run.run_id, simple_comparison(case), both_records(case, run))
        assert len(store.summary("0").comparisons) == 1
        assert len(store.records(run.run_id)) == 2

    def test_a_second_store_adds_to_the_same_run(self, store, store_url):
        run = make_run()
        store.begin(run)
        with open_store(store_url) as other:
            other.add(run.run_id, simple_comparison(make_case()), both_records(make_case(), run))
        assert len(store.records(run.run_id)) == 2

    def test_probing_changes_nothing(self, store):
        store.probe()
        assert store.runs() == ()


class TestRuns:
    def test_newest_first_and_no_more_than_asked_for(self, store):
        runs = store_runs(store, 3)
        assert [run.run_id for run in store.runs()] == [run.run_id for run in reversed(runs)]
        assert [run.run_id for run in store.runs(1)] == [runs[-1].run_id]

    def test_verdicts_are_counted_by_run(self, store):
        run = make_run()
        store.begin(run)
        for number, verdict in enumerate([Verdict.SAME, Verdict.SLOWER, Verdict.SAME]):
            store.add(run.run_id, simple_comparison(make_case(str(number)), verdict))
        assert store.verdicts([run.run_id, "unknown"]) == {run.run_id: {Verdict.SAME: 2, Verdict.SLOWER: 1}}

    def test_any_unambiguous_prefix_will_do(self, store):
        for run_id in ("abc000000000", "abd000000000"):
            store.begin(make_run(run_id))
        assert store.run("abd").run_id == "abd000000000"

    def test_an_ambiguous_prefix_lists_what_it_could_mean(self, store):
        for run_id in ("abc000000000", "abd000000000"):
            store.begin(make_run(run_id))
        with pytest.raises(BoltError) as caught:
            store.run("ab")
        assert str(caught.value) == (
            "More than one stored run begins with 'ab'\n"
            "  runs  abc000000000\n"
            "        abd000000000\n"
            "  -> give more digits of the id"
        )

    def test_an_unknown_id_names_the_nearest(self, store):
        for run_id in ("abc000000000", "123456789012"):
            store.begin(make_run(run_id))
        with pytest.raises(BoltError) as caught:
            store.summary("123456789013")
        assert str(caught.value) == (
            "No stored run begins with '123456789013'\n"
            "  nearest  123456789012\n"
            "  -> `pytest-bolt list` shows the runs"
        )

    def test_an_unknown_id_in_an_empty_store(self, store):
        with pytest.raises(BoltError, match="stored  no run at all"):
            store.run("1")

    def test_wild_cards_of_sql_are_ordinary_characters(self, store):
        store.begin(make_run())
        with pytest.raises(BoltError, match="No stored run"):
            store.run("%")

    def test_a_file_of_a_run_is_kept_under_its_digest_and_goes_with_it(self, store):
        store.begin(make_run())
        digest = store.keep(make_run().run_id, b"--- a\n+++ b\n\x00")
        assert digest == hashlib.sha256(b"--- a\n+++ b\n\x00").hexdigest()
        assert store.artifact(digest) == b"--- a\n+++ b\n\x00"
        assert store.artifact("0" * 64) is None
        with pytest.raises(KeyError):
            store.keep("unknown", b"")

    def test_a_run_that_was_refused_leaves_nothing(self, store):
        store.begin(make_run())
        digest = store.keep(make_run().run_id, b"x")
        store.add(make_run().run_id, simple_comparison(make_case()))
        store.discard(make_run().run_id)
        assert store.runs() == ()
        assert store.artifact(digest) is None

    def test_what_is_known_at_the_end_is_stored_then(self, store):
        store.begin(make_run(statements=(), evidence=Evidence()))
        ended = datetime(2026, 1, 2, 4, tzinfo=UTC)
        store.finish(make_run().run_id, state=RunState.FINISHED, ended=ended, measured=ended)
        store.amend(make_run().run_id, make_run().evidence)
        run = store.run("0")
        assert (run.measured, run.evidence, run.statements) == (ended, make_run().evidence, ())
