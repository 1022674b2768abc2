"""Bencher Metric Format."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from format_samples import SOURCE, any_text, benchmark_document, benchmark_entry, canonical, exported
from hypothesis import given
from hypothesis import strategies as st

from pytest_bolt.core.verdict import Verdict
from pytest_bolt.errors import BoltError
from pytest_bolt.formats import pytest_benchmark
from pytest_bolt.formats.bmf import read, write

numbers = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-5, 5)
metrics = st.fixed_dictionaries({"value": numbers}, optional={"lower_value": numbers, "upper_value": numbers})
documents = st.dictionaries(
    any_text, st.dictionaries(any_text | st.just("latency"), metrics, max_size=3), max_size=4
)


@given(documents)
def test_a_round_trip_loses_nothing(document):
    imported = read(document, SOURCE)
    if imported.entries:
        assert canonical(write(exported(imported))) == canonical(document)


def test_latency_is_the_time_and_the_rest_are_metrics():
    document = {"a": {"latency": {"value": 88.0}, "throughput": {"value": 5}, "file-size": {"value": 42}}}
    ((comparison, record),) = read(document, SOURCE).entries
    assert record.time.ns == pytest.approx(88.0)
    assert record.metrics == {"throughput": (5.0, "ops/s", "higher"), "file-size": (42.0, "B", "lower")}
    assert comparison.verdict is Verdict.NEW


def test_a_benchmark_without_latency_has_no_time():
    ((comparison, record),) = read({"a": {"build-time": {"value": 87}}}, SOURCE).entries
    assert math.isnan(record.time.ns)
    assert (comparison.verdict, comparison.reason) == (Verdict.NEW, "the file has no latency of it")


def test_it_names_no_commit_and_no_machine():
    run = read({"a": {}}, SOURCE).run
    assert (run.head.commit, run.started) == ("unknown", SOURCE.now)
    assert run.environment.facts == {"system": "imported from bmf"}


@pytest.mark.parametrize("value", [None, math.nan, math.inf])
def test_a_measure_without_a_value_is_refused(value):
    with pytest.raises(BoltError, match="A measure of the file has no value"):
        read({"a": {"latency": {"value": value}}}, SOURCE)


@pytest.mark.parametrize("document", [{"a": 1}, {"a": {"latency": 1}}, {"a": {"latency": {"value": "1"}}}])
def test_another_form_is_refused(document):
    with pytest.raises(BoltError, match="does not have the form"):
        read(document, SOURCE)


def test_an_empty_name_is_refused():
    with pytest.raises(BoltError, match="has no name"):
        read({"": {}}, SOURCE)


def own_run(**changes):
    imported = pytest_benchmark.read(benchmark_document(benchmark_entry()), SOURCE)
    side = exported(imported)
    return replace(side, records=tuple(replace(record, **changes) for record in side.records))


def test_another_run_gives_its_time_with_the_quartiles_of_its_rounds():
    assert write(own_run()) == {
        "test_a.py::test_a[x]": {
            "latency": {
                "value": pytest.approx(2000),
                "lower_value": pytest.approx(1500),
                "upper_value": pytest.approx(2500),
            }
        }
    }


def test_metrics_are_measures_and_what_is_not_finite_is_left_out():
    told = {"loss": (0.5, "", "lower"), "gone": (math.nan, "", "lower"), "latency": (3.0, "", "lower")}
    (measures,) = write(own_run(metrics=told)).values()
    assert set(measures) == {"latency", "loss", "latency (recorded)"}
    assert measures["loss"] == {"value": 0.5}
