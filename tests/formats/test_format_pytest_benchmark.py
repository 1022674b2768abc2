"""pytest-benchmark's JSON: what it becomes here, and that it comes back whole."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from format_samples import (
    SOURCE,
    any_json,
    any_text,
    benchmark_document,
    benchmark_entry,
    canonical,
    exported,
)
from hypothesis import given
from hypothesis import strategies as st
from pytest_benchmark.stats import Stats

from pytest_bolt.core.measurement import Clock, Measurement, Side, Timing, rounds_of
from pytest_bolt.core.units import BatchTime
from pytest_bolt.core.verdict import Verdict
from pytest_bolt.errors import BoltError
from pytest_bolt.formats.benchmark_stats import stats_of
from pytest_bolt.formats.exchange import ORIGINAL
from pytest_bolt.formats.pytest_benchmark import read, write

seconds = st.floats(min_value=0, max_value=1e6) | st.integers(0, 5)
entries = st.fixed_dictionaries(
    {
        "fullname": any_text,
        "stats": st.fixed_dictionaries(
            {"median": seconds | st.none() | st.just(math.nan)},
            optional={
                "data": st.lists(seconds, max_size=8),
                "iterations": st.integers(1, 9),
                "outliers": any_text,
            },
        ),
    },
    optional={
        "name": any_text,
        "group": st.none() | any_text,
        "extra_info": st.dictionaries(any_text, any_json, max_size=3),
        "options": any_json,
        "cprofile": any_json,
    },
)
documents = st.builds(
    lambda entries, more: {**more, "benchmarks": entries},
    st.lists(entries, max_size=4),
    st.dictionaries(
        any_text | st.sampled_from(["machine_info", "commit_info", "datetime"]), any_json, max_size=4
    ),
)


@given(documents)
def test_a_round_trip_loses_nothing(document):
    assert canonical(write(exported(read(document, SOURCE)))) == canonical(document)


@given(documents)
def test_ids_of_one_run_never_collide(document):
    keys = [record.case.case_id.key for _, record in read(document, SOURCE).entries]
    assert len(keys) == len(set(keys)) == len(document["benchmarks"])


def test_a_file_becomes_a_run():
    run = read(benchmark_document(benchmark_entry()), SOURCE).run
    assert (run.mode, run.run_id, run.base) == ("imported", SOURCE.run_id, None)
    assert (run.head.commit, run.head.branch, run.head.dirty) == ("a" * 40, "main", False)
    assert run.started.isoformat() == "2026-02-01T10:00:00+00:00"
    assert run.environment.facts == {
        "cpu_model": "Z80",
        "cpu_count": "2",
        "system": "Linux, imported from pytest-benchmark",
        "machine": "x86_64",
        "kernel": "6.1",
        "python_implementation": "CPython",
        "python_minor": "3.11",
        "python": "3.11.9",
        "host": "box",
    }


def test_a_benchmark_becomes_a_record():
    ((comparison, record),) = read(benchmark_document(benchmark_entry()), SOURCE).entries
    assert record.case.case_id.node_id == "test_a.py::test_a[x]"
    assert (record.case.group, comparison.case.extra_info) == ("letters", {"size": 3})
    assert record.time.ns == pytest.approx(2000)
    assert record.measurement.rounds["wall_ns"].tolist() == [10_000, 30_000, 20_000]
    assert record.measurement.rounds["iterations"].tolist() == [10, 10, 10]
    assert (comparison.verdict, comparison.head_time, comparison.mode) == (
        Verdict.NEW,
        record.time,
        "measure",
    )


def test_what_only_the_record_needs_stays_out_of_the_reports():
    ((comparison, record),) = read(benchmark_document(benchmark_entry()), SOURCE).entries
    assert ORIGINAL in record.case.extra_info
    assert ORIGINAL not in comparison.case.extra_info


def test_a_dirty_tree_stays_dirty():
    document = benchmark_document(benchmark_entry(), commit_info={"id": "c" * 40, "dirty": True})
    imported = read(document, SOURCE)
    assert imported.run.head.dirty
    assert write(exported(imported))["commit_info"] == {"id": "c" * 40, "dirty": True}


def test_a_file_without_rounds_has_the_median():
    entry = benchmark_entry(stats={"median": 0.5, "min": 0.25})
    ((_, record),) = read(benchmark_document(entry), SOURCE).entries
    assert (record.time.ns, len(record.measurement.rounds)) == (5e8, 0)


def test_a_process_clock_is_kept_apart_from_wall_time():
    entry = benchmark_entry(options={"timer": "time.process_time"})
    ((_, record),) = read(benchmark_document(entry), SOURCE).entries
    assert record.clock is Clock.CPU


@pytest.mark.parametrize("median", [None, math.nan, math.inf, -1.0])
def test_a_time_that_is_none_is_no_measurement(median):
    entry = benchmark_entry(stats={"median": median})
    ((comparison, record),) = read(benchmark_document(entry), SOURCE).entries
    assert (comparison.verdict, comparison.head_time) == (Verdict.INCOMPARABLE, None)
    assert comparison.reason.endswith(": no measurement")
    assert math.isnan(record.time.ns)


@pytest.mark.parametrize("data", [[1e300], [math.nan], [-1.0]])
def test_rounds_that_are_no_times_are_left_out_with_a_warning(data):
    entry = benchmark_entry(stats={"median": 1.0, "data": data, "iterations": 1})
    ((comparison, record),) = read(benchmark_document(entry), SOURCE).entries
    assert len(record.measurement.rounds) == 0
    assert comparison.warnings == ("its rounds are not kept: they hold numbers that are no times",)


def test_an_absurd_number_of_iterations_is_left_out_with_a_warning():
    entry = benchmark_entry(stats={"median": 1.0, "data": [1.0], "iterations": 2**40})
    ((comparison, _),) = read(benchmark_document(entry), SOURCE).entries
    assert comparison.warnings == (f"its rounds are not kept: {2**40} iterations each",)


@pytest.mark.parametrize(
    ("document", "place"),
    [
        ({"benchmarks": {}}, "the file.benchmarks"),
        ({"benchmarks": [1]}, "benchmarks[0]"),
        ({"benchmarks": [{"fullname": "a"}]}, "benchmarks[0].stats"),
        ({"benchmarks": [{"fullname": 3, "stats": {}}]}, "benchmarks[0].fullname"),
        ({"benchmarks": [{"stats": {}}]}, "benchmarks[0]"),
        ({"benchmarks": [{"fullname": "a", "stats": {"median": "1"}}]}, "benchmarks[0].stats.median"),
        ({"benchmarks": [{"fullname": "a", "stats": {"data": 1}}]}, "benchmarks[0].stats.data"),
    ],
)
def test_another_form_is_refused_with_the_place(document, place):
    with pytest.raises(BoltError) as caught:
        read(document, SOURCE)
    assert caught.value.seen["place"] == place


def native(entry=None):
    """A run of our own: no document of another tool behind it."""
    imported = read(benchmark_document(entry or benchmark_entry(group=None)), SOURCE)
    side = exported(imported)
    return replace(
        side,
        run=replace(imported.run, settings={}, mode="paired"),
        records=tuple(
            replace(
                record,
                case=replace(
                    record.case,
                    extra_info={"size": 3},
                    case_id=replace(record.case.case_id, source_hash="5ea1"),
                ),
            )
            for record in side.records
        ),
    )


def test_our_own_rounds_become_seconds_of_an_iteration():
    (entry,) = write(native())["benchmarks"]
    assert (entry["name"], entry["param"], entry["group"]) == ("test_a[x]", "x", None)
    assert entry["stats"]["data"] == pytest.approx([1e-6, 3e-6, 2e-6])
    assert (entry["stats"]["rounds"], entry["stats"]["iterations"]) == (3, 10)
    assert entry["extra_info"]["size"] == 3
    assert entry["extra_info"]["pytest-bolt"]["time_ns"] == pytest.approx(2000)


def test_parts_of_a_round_are_joined():
    parts = [
        Timing(iterations=2, wall=BatchTime(200), cpu=BatchTime(1)),
        Timing(iterations=1, wall=BatchTime(400), cpu=BatchTime(1)),
    ]
    side = native()
    table = Measurement(side=Side.HEAD, rounds=rounds_of(0, 0, 1, parts))
    (entry,) = write(replace(side, records=(replace(side.records[0], measurement=table),)))["benchmarks"]
    assert entry["stats"]["data"] == [pytest.approx(200e-9)]
    assert entry["stats"]["iterations"] == 3


def test_our_own_run_comes_back_from_the_file():
    """What the format can hold: ids with the hash, value, clock, rounds, metrics, commit."""
    side = native()
    record = replace(side.records[0], clock=Clock.CPU, metrics={"loss": (0.5, "nat", "lower")})
    ((comparison, again),) = read(write(replace(side, records=(record,))), SOURCE).entries
    assert again.case.case_id == record.case.case_id
    assert again.time.ns == pytest.approx(record.time.ns)
    assert (again.clock, again.metrics) == (Clock.CPU, record.metrics)
    assert again.revision.commit == record.revision.commit
    assert comparison.metrics[0].head == 0.5


def test_a_parameter_may_hold_colons():
    (entry,) = write(native(benchmark_entry("a/b.py::T::test_a[x::y]")))["benchmarks"]
    assert (entry["name"], entry["param"]) == ("test_a[x::y]", "x::y")


@given(st.lists(st.floats(min_value=1e-9, max_value=1e3), min_size=1, max_size=30))
def test_the_statistics_are_those_of_pytest_benchmark(data):
    theirs = Stats()
    for value in data:
        theirs.update(value)
    ours = stats_of(data, 7)
    assert ours.pop("iterations") == 7
    assert ours.pop("data") == data
    close = {name: value for name, value in ours.items() if "outliers" not in name}
    assert close == pytest.approx({name: getattr(theirs, name) for name in close}, rel=1e-9, abs=1e-18)
    assert set(ours) == set(Stats.fields)


def test_outliers_are_counted_as_pytest_benchmark_does():
    theirs = Stats()
    data = [1.0, 1.1, 1.2, 0.9, 1.05, 5.0]
    for value in data:
        theirs.update(value)
    assert stats_of(data, 1)["outliers"] == theirs.outliers == "1;1"
