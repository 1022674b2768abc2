"""`pytest-bolt import`: from file to store."""

from __future__ import annotations

import json
import os
import subprocess

import jsonschema
import pytest
from foreign_documents import ASV, BMF, program

from pytest_bolt.commands import importing
from pytest_bolt.core.environment import Environment
from pytest_bolt.core.record import RunState
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
