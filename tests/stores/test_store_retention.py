"""Single rounds go with age; results stay."""

from __future__ import annotations

import dataclasses

import pytest
from sqlalchemy import text
from stored_samples import both_records, make_case, make_rounds, make_run, simple_comparison, store_runs

from pytest_bolt.core.assembly import METHOD, SHARED
from pytest_bolt.core.comparison import Interval, Metric
from pytest_bolt.core.measurement import Side
from pytest_bolt.core.record import RunState
from pytest_bolt.options import OPTIONS
from pytest_bolt.stores.columns import PHRASES
from pytest_bolt.stores.retention import KEPT_RECORDS


def with_rounds(store):
    """Return the ids of runs whose records hold rounds."""
    ids = [run.run_id for run in store.runs()]
    return {name for name in ids if any(len(each.measurement.rounds) for each in store.records(name))}


def results(store, runs):
    """Return all that is stored of the records of runs, without their rounds."""
    names = ("case", "revision", "time", "clock", "metrics")
    found = [record for run in runs for record in store.records(run.run_id)]
    return [[getattr(record, name) for name in names] + [record.measurement.side] for record in found]


def test_the_rounds_of_older_runs_go_and_their_results_stay(store):
    runs = store_runs(store, 5)
    before = results(store, runs)
    assert len(before) == 10
    store.forget_rounds(4)
    assert with_rounds(store) == {run.run_id for run in runs[-2:]}
    assert results(store, runs) == before
    assert (store.records(runs[-1].run_id)[0].measurement.rounds == make_rounds(20)).all()
    assert set(store.measurements(runs[0].run_id, make_case().case_id.key)) == {Side.BASE, Side.HEAD}
    assert len(store.series(make_case().case_id.key, runs[0].environment.fingerprint)) == 5


def test_a_run_of_which_one_record_is_young_enough_keeps_all_rounds(store):
    runs = store_runs(store, 3)
    store.forget_rounds(3)
    assert with_rounds(store) == {run.run_id for run in runs[-2:]}
    counts = [len(record.measurement.rounds) for record in store.records(runs[1].run_id)]
    assert counts == [20, 20]


@pytest.mark.parametrize(("keep", "left"), [(0, 0), (6, 3), (1000, 3)])
def test_none_or_all_may_be_kept(store, keep, left):
    store_runs(store, 3)
    store.forget_rounds(keep)
    store.forget_rounds(keep)  # where nothing is left to do, too
    assert len(with_rounds(store)) == left


def test_an_empty_store_has_nothing_to_forget(store):
    store.forget_rounds(0)
    assert store.runs() == ()


def test_a_run_that_goes_on_beside_others_is_not_split(store):
    long, case = make_run("aaaaaaaaaaaa"), make_case()
    store.begin(long)
    store.add(long.run_id, None, both_records(case, long))
    store_runs(store, 3)
    store.add(long.run_id, None, both_records(make_case("later"), long))
    store.forget_rounds(2)
    assert with_rounds(store) == {long.run_id}
    assert [len(record.measurement.rounds) for record in store.records(long.run_id)] == [20] * 4


def test_the_default_is_what_the_store_is_made_for():
    (option,) = [option for option in OPTIONS if option.name == "keep-rounds"]
    assert int(option.default) == KEPT_RECORDS


def test_many_cases_at_once_are_stored_as_one_by_one(store):
    together, alone = make_run("aaaaaaaaaaaa"), make_run("bbbbbbbbbbbb")
    cases = [make_case(f"test_{number}") for number in range(600)]
    store.begin(together)
    store.begin(alone)
    records = [record for case in cases for record in both_records(case, together)]
    store.add_all(together.run_id, [simple_comparison(case) for case in cases], records)
    for case in cases[:3]:
        store.add(alone.run_id, simple_comparison(case), both_records(case, alone))
    store.finish(together.run_id, state=RunState.FINISHED, ended=together.started)
    assert [c.case for c in store.summary("a").comparisons] == cases
    found = {(r.case.case_id.key, r.measurement.side): r for r in store.records(together.run_id)}
    assert len(found) == 1200
    for record in store.records(alone.run_id):
        twin = found[record.case.case_id.key, record.measurement.side]
        assert (twin.case, twin.revision, twin.time) == (record.case, record.revision, record.time)
        assert (twin.measurement.rounds == record.measurement.rounds).all()


def test_many_cases_at_once_replace_what_is_there(store):
    run, cases = make_run(), [make_case("one"), make_case("two")]
    store.begin(run)
    for ns in (1.0, 2.0):
        records = [record for case in cases for record in both_records(case, run, ns=ns)]
        store.add_all(run.run_id, [simple_comparison(case) for case in cases], records)
    assert len(store.summary("0").comparisons) == 2
    assert [record.time.ns for record in store.records(run.run_id)] == [2.0] * 4
    assert all(len(record.measurement.rounds) == 20 for record in store.records(run.run_id))


@pytest.mark.parametrize("method", [METHOD, "", "something else", *PHRASES, "\x1a", METHOD + "."])
def test_a_method_comes_back_as_it_was(store, method):
    store.begin(make_run())
    compared = dataclasses.replace(simple_comparison(make_case()), method=method)
    store.add(make_run().run_id, compared)
    assert store.summary("0").comparisons[0].method == method


def test_the_method_in_use_is_stored_as_a_mark(store):
    assert {METHOD, f"{METHOD}, {SHARED}"} <= set(PHRASES.values())
    store.begin(make_run())
    store.add(make_run().run_id, dataclasses.replace(simple_comparison(make_case()), method=METHOD))
    with store._reading() as connection:
        stored = connection.execute(text("SELECT method FROM bolt_comparisons")).scalar_one()
    assert len(stored) == 2


def test_metrics_that_an_earlier_version_wrote_are_read(store):
    store.begin(make_run())
    store.add(make_run().run_id, simple_comparison(make_case()))
    old = (
        '[{"name":"cpu_time","unit":"ns","better":"lower","base":1.5,"head":3.0,"ratio":[2.0,1.9,2.1]},'
        '{"name":"loss","unit":"","better":"higher","base":null,"head":0.5,"ratio":null}]'
    )
    with store._writing() as connection:
        connection.execute(text("UPDATE bolt_comparisons SET metrics = :old"), {"old": old})
    ratio = Interval(estimate=2.0, low=1.9, high=2.1)
    assert store.summary("0").comparisons[0].metrics == (
        Metric(name="cpu_time", unit="ns", better="lower", base=1.5, head=3.0, ratio=ratio),
        Metric(name="loss", unit="", better="higher", base=None, head=0.5),
    )
