"""Result files of asv."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from format_samples import (
    ASV_COLUMNS,
    SOURCE,
    any_json,
    any_text,
    asv_document,
    benchmark_document,
    benchmark_entry,
    canonical,
    exported,
)
from hypothesis import given
from hypothesis import strategies as st

from pytest_bolt.core.units import IterationTime
from pytest_bolt.core.verdict import Verdict
from pytest_bolt.errors import BoltError
from pytest_bolt.formats import pytest_benchmark
from pytest_bolt.formats.asv import read
from pytest_bolt.formats.asv_files import write
from pytest_bolt.formats.asv_names import dotted, file_name

TIMED = [
    [2e-6, None, math.nan],
    [["1", "2", "3"]],
    "v1",
    1_770_000_000_000,
    1.5,
    None,
    None,
    None,
    None,
    [10, None, None],
    [3, None, None],
    [[1e-6, 2e-6, 3e-6], None, None],
]
ABOUT = {
    "time_it": {
        "name": "time_it",
        "unit": "seconds",
        "params": [["1", "2", "3"]],
        "param_names": ["n"],
        "type": "time",
        "version": "v1",
        "code": "def time_it(n): ...",
    }
}


def result_file(files):
    return next(document for path, document in files.items() if path.count("/") and "machine" not in path)


@st.composite
def rows(draw):
    params = draw(st.lists(st.lists(any_text, max_size=2), max_size=2))
    count = math.prod(map(len, params))
    value = st.none() | st.floats() | st.integers(0, 3)
    several = st.lists(value, min_size=count, max_size=count)
    samples = st.none() | st.lists(st.none() | st.lists(value, max_size=3), min_size=count, max_size=count)
    row = [
        draw(st.none() | several),
        params,
        draw(any_text),
        draw(st.none() | st.integers(0, 10**13)),
        draw(value),
    ]
    row += [draw(st.none() | several) for _ in range(6)] + [draw(samples), draw(any_text)]
    return row[: draw(st.integers(2, len(row)))]


@given(
    results=st.dictionaries(any_text, rows(), min_size=1, max_size=3),
    more=st.fixed_dictionaries(
        {}, optional={"python": any_text, "requirements": any_json, "env_vars": any_json}
    ),
)
def test_a_round_trip_loses_nothing(results, more):
    document = asv_document(results, **more)
    files = write(exported(read(document, SOURCE, machine={"machine": "box", "version": 1})))
    assert canonical(result_file(files)) == canonical(document)
    assert files["box/machine.json"] == {"machine": "box", "version": 1}


def test_each_parameter_combination_is_a_benchmark():
    imported = read(asv_document({"m.time_it": TIMED}), SOURCE, benchmarks={})
    found = {one.case.case_id.node_id: one for one, _ in imported.entries}
    assert list(found) == ["m.time_it(1)", "m.time_it(2)", "m.time_it(3)"]
    assert found["m.time_it(1)"].head_time.ns == pytest.approx(2000)
    assert [one.verdict for one in found.values()] == [
        Verdict.NEW,
        Verdict.INCOMPARABLE,
        Verdict.INCOMPARABLE,
    ]
    assert [one.reason for one in found.values()] == [
        "",
        "it failed (null in the file)",
        "it was skipped (NaN in the file)",
    ]
    record = imported.entries[0][1]
    assert record.measurement.rounds["wall_ns"].tolist() == [10_000, 20_000, 30_000]
    assert record.measurement.rounds["iterations"].tolist() == [10] * 3


def test_a_build_that_failed_failed_for_every_combination():
    imported = read(asv_document({"time_it": [None, [["1", "2"], ["a"]]]}), SOURCE)
    assert [one.case.case_id.node_id for one, _ in imported.entries] == ["time_it(1, a)", "time_it(2, a)"]
    assert all(one.verdict is Verdict.INCOMPARABLE for one, _ in imported.entries)


def test_the_file_becomes_a_run():
    run = read(asv_document({"time_it": TIMED}), SOURCE).run
    assert (run.head.commit, run.mode) == ("b" * 40, "imported")
    assert run.started.timestamp() == 1_770_000_000
    facts = run.environment.facts
    assert facts["system"] == "Linux 6.1, virtualenv-py3.11-numpy, imported from asv"
    assert (facts["requires numpy"], facts["memory"], facts["python"]) == ("any", "8", "3.11")


@pytest.mark.parametrize("moment", [None, "x", True, 1e300, -1e300, math.nan])
def test_a_start_that_is_no_time_gives_way_to_the_commits_date(moment):
    run = read(asv_document({"time_it": [[1.0], [], "v", moment]}), SOURCE).run
    assert run.started.timestamp() == 1_760_000_000


def test_what_is_no_time_is_a_metric():
    ((comparison, record),) = read(asv_document({"peakmem_it": [[1024], []]}), SOURCE).entries
    assert record.metrics == {"value": (1024.0, "B", "lower")}
    assert (comparison.reason, comparison.head_time) == ("measured in bytes, no time", None)


def test_the_list_of_benchmarks_knows_units_better_than_names():
    about = {"track_it": {"unit": "seconds"}}
    ((_, record),) = read(asv_document({"track_it": [[2.0], []]}), SOURCE, benchmarks=about).entries
    assert record.time.ns == 2e9


def test_a_result_that_is_no_number_is_said_to_be():
    ((comparison, _),) = read(asv_document({"time_it": [["fast"], []]}), SOURCE).entries
    assert comparison.reason == "its result is no number: 'fast'"


def test_the_list_of_benchmarks_comes_back_with_the_results():
    files = write(exported(read(asv_document({"time_it": TIMED}), SOURCE, benchmarks=ABOUT)))
    assert files["benchmarks.json"] == {**ABOUT, "version": 2}
    assert set(files) == {"box/bbbbbbbb-virtualenv-py3.11-numpy.json", "box/machine.json", "benchmarks.json"}


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (asv_document({}, version=1), "run `asv update` in its project, then import it"),
        (asv_document({}, version=3), "upgrade pytest-bolt"),
        (asv_document({}, version="2"), "upgrade pytest-bolt"),
        (asv_document([]), "the file.results"),
        (asv_document({"a": 1}), "results.a"),
        (asv_document({"a": [[1.0], "x"]}), "results.a.params"),
        (asv_document({"a": [[1.0], ["x"]]}), "results.a.params"),
        (asv_document({"a": [[1.0], [["1", "2"]]]}), "not one result for each parameter combination"),
        (asv_document({"a": [None, [["1"] * 1000] * 4]}), "too many parameter combinations"),
        (asv_document({"time_a": [[1.0], [], *[None] * 9, [3]]}), "results.time_a.samples"),
        (asv_document({"": [[1.0], []]}), "has no name"),
    ],
)
def test_another_form_is_refused(document, message):
    with pytest.raises(BoltError) as caught:
        read(document, SOURCE)
    assert message in caught.value.render()


def own_run(*names, **changes):
    document = benchmark_document(*(benchmark_entry(name, data=(1e-6, 3e-6, 2e-6)) for name in names))
    side = exported(pytest_benchmark.read(document, SOURCE))
    return replace(side, records=tuple(replace(record, **changes) for record in side.records))


def test_parametrised_tests_of_one_function_are_one_benchmark():
    files = write(own_run("t/test_a.py::test_a[x]", "t/test_a.py::test_a[y]", "t/test_a.py::T::test_b"))
    document = result_file(files)
    assert list(document["results"]) == ["t.test_a.test_a", "t.test_a.T.test_b"]
    row = dict(zip(ASV_COLUMNS, document["results"]["t.test_a.test_a"], strict=False))
    assert row["params"] == [["'x'", "'y'"]]
    assert row["result"] == pytest.approx([2e-6, 2e-6])
    assert row["samples"] == [pytest.approx([1e-6, 3e-6, 2e-6])] * 2
    assert row["stats_number"] == [10, 10]
    assert (row["stats_ci_99_a"], row["stats_ci_99_b"]) == ([-math.inf] * 2, [math.inf] * 2)
    assert files["benchmarks.json"]["t.test_a.test_a"]["param_names"] == ["id"]


def test_our_own_ids_and_times_come_back():
    names = ["t/test_a.py::test_a[x]", "t/test_a.py::test_b"]
    files = write(own_run(*names))
    again = read(result_file(files), SOURCE, benchmarks=files["benchmarks.json"])
    assert [one.case.case_id.node_id for one, _ in again.entries] == names
    assert [one.head_time.ns for one, _ in again.entries] == pytest.approx([2000, 2000])


def test_metrics_are_benchmarks_of_their_own():
    files = write(
        own_run("a.py::test_a", metrics={"loss": (0.5, "nat", "lower"), "gone": (math.nan, "", "lower")})
    )
    assert files["benchmarks.json"]["a.test_a.loss"]["unit"] == "nat"
    results = result_file(files)["results"]
    assert (results["a.test_a.loss"][0], results["a.test_a.gone"][0]) == ([0.5], None)


def test_what_has_no_time_failed():
    side = own_run("a.py::test_a[x]", "a.py::test_b", time=IterationTime(math.nan))
    results = result_file(write(side))["results"]
    assert [row[:2] for row in results.values()] == [[None, [["'x'"]]], [None, []]]


def test_the_interval_needs_eight_rounds():
    document = benchmark_document(benchmark_entry("a.py::t", data=[n * 1e-6 for n in range(1, 21)]))
    row = next(
        iter(result_file(write(exported(pytest_benchmark.read(document, SOURCE))))["results"].values())
    )
    told = dict(zip(ASV_COLUMNS, row, strict=False))
    assert (told["stats_ci_99_a"], told["stats_ci_99_b"]) == ([pytest.approx(4e-6)], [pytest.approx(17e-6)])


def test_ids_that_would_collide_stay_apart():
    files = write(own_run("a/b.py::t", "a.b.py::t", "a.b.t"))
    assert list(result_file(files)["results"]) == ["a.b.t", "a.b.t #2", "a.b.t #3"]


def test_a_dirty_tree_is_an_environment_of_its_own():
    side = own_run("a.py::t")
    dirty = replace(side.run.head, diff_hash="d")
    files = write(replace(side, run=replace(side.run, head=dirty)))
    assert result_file(files)["env_name"] == "pytest-bolt-py3.11-dirty"


@pytest.mark.parametrize("machine", ["../../etc", "..", "/etc", "a\nb", "\ud800", "", "x" * 500, "C:\\x"])
def test_no_name_leaves_the_folder(machine):
    document = asv_document(
        {"time_it": TIMED}, params={"machine": machine}, commit_hash="../x", env_name="../" + machine
    )
    for path in write(exported(read(document, SOURCE))):
        parts = path.split("/")
        assert len(parts) <= 2
        assert all(part.strip(".") and len(part) < 256 for part in parts)
        path.encode()


def test_names_of_files_and_functions():
    assert dotted("tests/test_a.py::T::test_b") == "tests.test_a.T.test_b"
    assert dotted("no path") == "no path"
    assert file_name("a/b:c") == "a_b_c"
    assert file_name("...") == "_"
