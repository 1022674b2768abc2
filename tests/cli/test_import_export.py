"""`pytest-bolt import | export`: from file to store to file."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import jsonschema
import pytest

from pytest_bolt.commands import importing
from pytest_bolt.core.environment import Environment
from pytest_bolt.core.record import RunState
from pytest_bolt.core.verdict import Verdict
from pytest_bolt.formats.asv import read as read_asv
from pytest_bolt.formats.exchange import Source
from pytest_bolt.machine import environment
from pytest_bolt.reports.json_report import schema
from pytest_bolt.stores.store import Store, open_store

HOSTILE = "test_|a.py::t[\x1b[2J\n\ud800\u202e<b>`]"
ENTRY = {
    "group": None,
    "fullname": "test_a.py::test_a[x]",
    "name": "test_a[x]",
    "params": {"letter": "x"},
    "param": "x",
    "extra_info": {"size": 3, "ratio": 0.1},
    "options": {"timer": "perf_counter"},
    "stats": {"median": 2e-6, "data": [1e-6, 3e-6, 2.0000000001e-6], "iterations": 10, "rounds": 3},
}
DOCUMENT = {
    "machine_info": {"system": "Linux", "cpu": {"brand_raw": "Z80", "flags": ["a"]}, "odd": [1, {"b": None}]},
    "commit_info": {"id": "c" * 40, "branch": "main", "dirty": False, "project": "p"},
    "benchmarks": [ENTRY, {**ENTRY, "fullname": HOSTILE}, {**ENTRY, "fullname": HOSTILE}],
    "datetime": "2026-02-01T10:00:00+00:00",
    "version": "5.3.1",
}
ASV = {
    "commit_hash": "d" * 40,
    "env_name": "py3.11",
    "date": 1_760_000_000_000,
    "params": {"machine": "box", "os": "Linux"},
    "python": "3.11",
    "requirements": {},
    "env_vars": {},
    "result_columns": ["result", "params", "version"],
    "results": {"m.time_it": [[2e-6, None, float("nan")], [["1", "2", "3"]], "v1"]},
    "durations": {},
    "version": 2,
}
BMF = {
    "a": {"latency": {"value": 88.5, "lower_value": 80}, "throughput": {"value": 3}},
    "b|\n": {"x": {"value": 1}},
}


@pytest.fixture
def write(path, tmp_path):
    def write_file(document, name="results.json"):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        text = document if isinstance(document, str) else json.dumps(document)
        file.write_text(text, encoding="utf-8")
        return str(file)

    return write_file


@pytest.fixture
def imported(bolt, write):
    """Import a document; returns the id of its run."""

    def import_document(document, name="results.json"):
        done = bolt("import", write(document, name), "--json")
        assert (done.code, done.err) == (0, "")
        (outcome,) = json.loads(done.out)["imported"]
        return outcome["run"]

    return import_document


@pytest.mark.parametrize(("name", "document"), [("pytest-benchmark", DOCUMENT), ("bmf", BMF)])
def test_a_file_comes_back_whole_from_the_store(bolt, imported, name, document):
    run = imported(document)
    done = bolt("export", run, "--format", name)
    assert (done.code, done.err) == (0, "")
    assert json.loads(done.out) == document


def test_results_of_asv_come_back_whole_from_the_store(bolt, imported, write, tmp_path):
    about = {"m.time_it": {"unit": "seconds", "code": "..."}, "version": 2}
    write(about, "results/benchmarks.json")
    write({"machine": "box", "version": 1}, "results/box/machine.json")
    run = imported(ASV, "results/box/dddddddd-py3.11.json")
    assert bolt("export", run, "--format=asv", "--output", str(tmp_path / "again")).code == 0
    files = {str(file.relative_to(tmp_path / "again")): file for file in (tmp_path / "again").rglob("*.json")}
    assert sorted(files) == ["benchmarks.json", "box/dddddddd-py3.11.json", "box/machine.json"]
    for name, file in files.items():
        original = (tmp_path / "results" / name).read_text()
        assert json.dumps(json.loads(file.read_text()), sort_keys=True) == json.dumps(
            json.loads(original), sort_keys=True
        )


def test_list_and_show_know_an_imported_run(bolt, imported):
    run = imported(DOCUMENT)
    (row,) = bolt("list").out.splitlines()[1:]
    assert row.split() == [
        run,
        "2026-02-01",
        "10:00:00",
        "finished",
        "imported",
        "cccccccccc",
        "-",
        "3",
        "new",
    ]
    out = bolt("show", run, "--rounds").out
    assert "notes        imported from pytest-benchmark: never used as a baseline\n" in out
    assert "new      -       -     2.00 us  -           test_a.py::test_a[x]\n" in out
    assert "test_|a.py::t[\\x1b[2J\\n\\ud800\\u202e<b>`] #2" in out
    assert "10000" in out
    assert "\x1b" not in out
    jsonschema.validate(json.loads(bolt("show", run, "--json").out), schema())


def test_what_is_kept_for_the_way_back_stays_out_of_the_report(bolt, imported):
    document = json.loads(bolt("show", imported(DOCUMENT), "--json").out)
    assert document["comparisons"][0]["case"]["extra_info"] == {"size": 3, "ratio": 0.1}


def test_two_imported_runs_of_one_machine_can_be_compared(bolt, imported):
    slower = {**ENTRY, "stats": {**ENTRY["stats"], "median": 3e-6}}
    first, second = imported(DOCUMENT), imported({**DOCUMENT, "benchmarks": [slower]}, "second.json")
    done = bolt("compare", first, second)
    assert done.code == 0
    assert "+50.0 %" in done.out


def test_an_import_is_no_baseline_of_the_machine_it_names(imported, path):
    """The file repeats every fact of this machine; the fingerprint still differs."""
    here = environment(threads="1", variables={})
    facts = here.facts
    machine = {
        "system": facts["system"],
        "machine": facts["machine"],
        "python_implementation": facts["python_implementation"],
        "python_version": facts["python"],
        "cpu": {"brand_raw": facts["cpu_model"], "count": int(facts["cpu_count"])},
    }
    imported({**DOCUMENT, "machine_info": machine})
    same = {
        name: facts[name]
        for name in ("cpu_model", "cpu_count", "system", "machine", "python_implementation", "python_minor")
    }
    with open_store(str(path), read_only=True) as store:
        assert store.fingerprints("c" * 40)
        for native in (here, Environment(facts=same)):
            assert store.baseline("c" * 40, native.fingerprint) == {}
            assert store.baseline_commits(["c" * 40], native.fingerprint) is None


def test_a_gate_does_not_see_an_import(bolt, write, path, tmp_path):
    """Eleven imported runs of the base commit would be enough for a verdict, were they baselines."""
    (tmp_path / "test_a.py").write_text("def test_a(benchmark):\n    benchmark(sum, [1])\n")
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@b"]
    for command in (["init", "-q"], ["add", "test_a.py"], ["commit", "-q", "-m", "first"]):
        subprocess.run([*git, *command], check=True)
    commit = subprocess.run(["git", "rev-parse", "HEAD"], check=True, capture_output=True, text=True)
    for number in range(11):
        entry = {**ENTRY, "fullname": "test_a.py::test_a", "stats": {"median": 1e-9 + number * 1e-15}}
        document = {**DOCUMENT, "commit_info": {"id": commit.stdout.strip()}, "benchmarks": [entry]}
        assert bolt("import", write(document, f"{number}.json")).code == 0
    options = ("-p", "no:cacheprovider", "--bolt-compare=HEAD", "--bolt-mode=stored", f"--bolt-store={path}")
    done = program("pytest", *options, folder=tmp_path, check=False)
    assert done.returncode != 0
    assert "there is no stored baseline of these benchmarks for this machine" in done.stdout + done.stderr
    assert "from 1 other environments" in done.stdout + done.stderr


def test_the_same_file_is_stored_once(bolt, write):
    file = write(DOCUMENT)
    first, second = bolt("import", file), bolt("import", file)
    assert first.out.endswith(f": 3 benchmarks from {file} (pytest-benchmark)\n")
    assert second.out.endswith(f": 3 benchmarks from {file} (pytest-benchmark, stored before)\n")
    assert len(bolt("list").out.splitlines()) == 2


def test_an_import_that_was_killed_is_completed_by_the_next(bolt, write, path, monkeypatch):
    file, finish = write(DOCUMENT), Store.finish

    def killed(self, *arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(Store, "finish", killed)
    assert bolt("import", file).code == 130
    monkeypatch.setattr(Store, "finish", finish)
    assert bolt("import", file).code == 0
    with open_store(str(path), read_only=True) as store:
        (run,) = store.runs()
        assert run.state is RunState.FINISHED
        assert len(store.records(run.run_id)) == 3


def test_a_folder_is_imported_file_by_file(bolt, write, tmp_path):
    write({"version": 2}, "results/benchmarks.json")
    write({"machine": "box", "version": 1}, "results/box/machine.json")
    write(ASV, "results/box/dddddddd-py3.11.json")
    write({**ASV, "commit_hash": "e" * 40}, "results/box/eeeeeeee-py3.11.json")
    done = bolt("import", str(tmp_path / "results"))
    assert [line.split(" from ")[0][-12:] for line in done.out.splitlines()] == ["3 benchmarks"] * 2
    assert len(bolt("list").out.splitlines()) == 3


def test_a_damaged_file_of_a_folder_is_named_and_the_others_stay(bolt, write, tmp_path):
    write(BMF, "many/1.json")
    damaged = write('{"a":', "many/2.json")
    done = bolt("import", str(tmp_path / "many"))
    assert (done.code, done.out) == (2, "")
    assert done.err == (
        "pytest-bolt: The file is not whole JSON: it is damaged or cut off\n"
        f"  file              {damaged}\n"
        "  error             Expecting value\n"
        "  place             line 1, column 6\n"
        "  stored before it  1\n"
        "  -> write it again with the tool that it comes from\n"
    )
    assert len(bolt("list").out.splitlines()) == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "The file is empty"),
        ('{"benchmarks": []}', "The file holds no benchmark"),
        ("{}", "The file is of no known format"),
        ('{"benchmarks": [{"stats": {}, "fullname": "a"', "it is damaged or cut off"),
    ],
)
def test_a_file_without_results_is_one_message(bolt, write, text, message):
    done = bolt("import", write(text))
    assert (done.code, done.out) == (2, "")
    assert message in done.err
    assert "Traceback" not in done.err


def test_a_file_in_another_encoding_is_one_message(bolt, tmp_path):
    (tmp_path / "x.json").write_bytes(b'{"a\xff": {}}')
    assert "pytest-bolt: The file is not text in UTF-8\n" in bolt("import", "x.json").err


def test_a_byte_order_mark_is_no_matter(bolt, tmp_path):
    (tmp_path / "x.json").write_bytes(b"\xef\xbb\xbf" + json.dumps(BMF).encode())
    assert bolt("import", "x.json").code == 0


def test_a_huge_file_is_refused_unread(bolt, write, monkeypatch):
    monkeypatch.setattr(importing, "MOST_BYTES", 10)
    done = bolt("import", write(DOCUMENT))
    assert done.err.startswith("pytest-bolt: The file is too large\n")


@pytest.mark.parametrize(
    ("name", "message"),
    [("none.json", "There is no such file"), ("empty", "The folder holds no result file")],
)
def test_a_place_without_a_file_is_one_message(bolt, tmp_path, name, message):
    (tmp_path / "empty").mkdir()
    done = bolt("import", name)
    assert (done.code, done.err.splitlines()[0]) == (2, f"pytest-bolt: {message}")


def test_what_is_no_regular_file_is_not_waited_for(bolt, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    assert "This is no regular file" in bolt("import", "pipe").err


def test_a_damaged_list_of_benchmarks_is_named(bolt, write):
    about = write("{", "results/benchmarks.json")
    done = bolt("import", write(ASV, "results/box/x.json"))
    assert f"because of  {about}\n" in done.err


def test_the_format_can_be_said(bolt, write):
    file = write({"benchmarks": {"value": {"value": 1}}})
    assert bolt("import", file, "--format=bmf").code == 0
    assert "does not have the form" in bolt("import", file, "--format=pytest-benchmark").err


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


def program(*command, folder, check=True):
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "BOLT_"))
    }
    return subprocess.run(
        [sys.executable, "-m", *command],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=check,
    )


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
