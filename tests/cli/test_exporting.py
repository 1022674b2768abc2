"""`pytest-bolt export`: from store to file."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from foreign_documents import ASV, BMF, program

from pytest_bolt.core.verdict import Verdict
from pytest_bolt.formats.asv import read as read_asv
from pytest_bolt.formats.exchange import Source
from pytest_bolt.stores.store import open_store


def test_both_sides_of_a_run_of_ours_can_be_exported(bolt, fill):
    fill([(1000.0, 1010.0)])
    head = json.loads(bolt("export", "000", "--format=pytest-benchmark").out)
    base = json.loads(bolt("export", "000", "--format=pytest-benchmark", "--side=base").out)
    assert [side["commit_info"]["id"][0] for side in (base, head)] == ["a", "b"]
    assert base["benchmarks"][0]["stats"]["data"] == [pytest.approx(1000e-9)]
    assert head["benchmarks"][0]["stats"]["data"] == [pytest.approx(1010e-9)]
    assert (
        json.loads(bolt("export", "000", "--format=bmf").out)["test_a.py::test_a[x]"]["latency"]["value"]
        == 1010.0
    )


def test_what_is_incorrect_has_no_speed_to_export(bolt, fill):
    fill([(1000.0, 1010.0)], verdict=Verdict.INCORRECT)
    done = bolt("export", "000", "--format=bmf")
    assert (done.code, done.out) == (2, "")
    assert done.err == (
        "pytest-bolt: The run has no times of its head\n"
        "  run         000c0ffee000\n"
        "  mode        paired\n"
        "  benchmarks  1\n"
        "  incorrect   1\n"
        "  -> `pytest-bolt show RUN` shows what it has; --side=base or --side=head chooses\n"
    )


def test_what_is_left_out_is_said(bolt, fill, path):
    fill([(1000.0, 1010.0)])
    with open_store(str(path)) as store:
        run = store.run("000")
        (comparison,) = store.summary("000").comparisons
        case_id = replace(comparison.case.case_id, node_id="test_wrong")
        wrong = replace(comparison, case=replace(comparison.case, case_id=case_id), verdict=Verdict.INCORRECT)
        store.add(run.run_id, wrong)
    done = bolt("export", "000", "--format=bmf")
    assert done.code == 0
    assert done.err == "pytest-bolt: left out, since they are incorrect: 1\n"
    assert list(json.loads(done.out)) == ["test_a.py::test_a[x]"]


@pytest.mark.parametrize("name", ["pytest-benchmark", "bmf"])
def test_what_has_no_time_is_left_out_and_said(bolt, imported, name):
    done = bolt("export", imported(ASV), f"--format={name}")
    assert done.err == "pytest-bolt: left out, since they have no time: 2\n"
    assert "m.time_it(1)" in done.out
    assert "m.time_it(2)" not in done.out


def test_a_run_without_any_time_cannot_be_exported(bolt, imported):
    run = imported({**ASV, "results": {"time_it": [None, []]}})
    assert bolt("export", run, "--format=bmf").err == (
        "pytest-bolt: No benchmark of the run has a time that the format could hold\n"
        f"  run         {run}\n"
        "  benchmarks  1\n"
    )


def test_an_imported_run_has_no_base(bolt, imported):
    done = bolt("export", imported(BMF), "--format=bmf", "--side=base")
    assert "The run has no times of its base" in done.err


def test_asv_needs_a_folder(bolt, fill):
    fill([(1000.0, 1010.0)])
    done = bolt("export", "000", "--format=asv")
    assert done.err == (
        "pytest-bolt: asv keeps results in a folder of several files\n"
        "  -> name asv's results folder: --output=PATH\n"
    )


def test_results_of_asv_join_those_that_are_there(bolt, fill, tmp_path, write):
    write({"old": {"unit": "seconds"}, "version": 2}, "res/benchmarks.json")
    fill([(1000.0, 1010.0)])
    command = ("export", "000", "--format=asv", "--output=res")
    assert [bolt(*command).code, bolt(*command).code] == [0, 0]
    about = json.loads((tmp_path / "res" / "benchmarks.json").read_text())
    assert set(about) == {"old", "test_a.test_a", "version"}
    (result,) = (file for file in (tmp_path / "res" / "unknown").iterdir() if file.name != "machine.json")
    again = read_asv(
        json.loads(result.read_text()),
        Source(run_id="1" * 12, command=(), now=datetime.now(UTC)),
        benchmarks=about,
    )
    assert again.entries[0][1].time.ns == pytest.approx(1010)
    assert again.entries[0][0].case.case_id.node_id == "test_a.py::test_a[x]"


def test_another_result_of_asv_is_never_replaced(bolt, fill, tmp_path):
    fill([(1000.0, 1010.0), (1000.0, 2020.0)])
    assert bolt("export", "000", "--format=asv", "--output=res").code == 0
    before = {file: file.read_text() for file in (tmp_path / "res").rglob("*.json")}
    done = bolt("export", "001", "--format=asv", "--output=res")
    assert done.code == 2
    assert done.err.startswith("pytest-bolt: There is another result of this commit and environment\n")
    assert {file: file.read_text() for file in (tmp_path / "res").rglob("*.json")} == before


def test_what_asv_knows_of_a_benchmark_stays(bolt, fill, write):
    known = {"test_a.test_a": {"name": "test_a.test_a", "version": "newer"}, "version": 2}
    file = Path(write(json.dumps(known), "res/benchmarks.json"))
    fill([(1000.0, 1010.0)])
    assert bolt("export", "000", "--format=asv", "--output=res").code == 0
    assert json.loads(file.read_text()) == known


@pytest.mark.parametrize(
    ("text", "message"), [('{"version": 1}', "another version of asv's format"), ("{", "damaged or cut off")]
)
def test_a_results_folder_that_cannot_be_joined_is_left_alone(bolt, fill, write, text, message):
    file = write(text, "res/benchmarks.json")
    fill([(1000.0, 1010.0)])
    done = bolt("export", "000", "--format=asv", "--output=res")
    assert message in done.err
    assert "res/benchmarks.json" in done.err
    assert Path(file).read_text() == text


def test_pytest_benchmark_compares_what_we_export(bolt, fill, tmp_path):
    fill([(1000.0, 1010.0)])
    for side in ("base", "head"):
        command = ("export", "000", "--format=pytest-benchmark", f"--side={side}", f"--output={side}.json")
        assert bolt(*command) == (0, "", "")
    done = program("pytest_benchmark", "compare", "base.json", "head.json", folder=tmp_path)
    rows = [line.split() for line in done.stdout.splitlines() if "test_a[x]" in line or "a[x]" in line]
    assert [row[:2] for row in rows] == [["test_a[x]", "(base)"], ["test_a[x]", "(head)"]]
    assert "1.0000" in rows[0][2]
    assert "1.0100" in rows[1][2]
    assert "Failed to load" not in done.stdout + done.stderr


def test_pytest_benchmark_compares_a_run_with_what_we_export(bolt, fill, tmp_path):
    fill([(1000.0, 1010.0)], node_id="test_b.py::test_b")
    assert bolt("export", "000", "--format=pytest-benchmark", "--output=head.json").code == 0
    (tmp_path / "test_b.py").write_text(
        "def test_b(benchmark):\n    benchmark.pedantic(sum, args=([1],), rounds=2)\n"
    )
    options = ("-p", "no:cacheprovider", "-p", "no:bolt", "test_b.py", "--benchmark-compare=head.json")
    done = program("pytest", *options, folder=tmp_path)
    assert "Comparing against benchmarks from: " in done.stdout + done.stderr
    assert "test_b (NOW)" in done.stdout
    assert "test_b (head)" in done.stdout
