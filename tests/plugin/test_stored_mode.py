"""Comparing with what is stored instead of measuring the base again."""

from __future__ import annotations

import pytest
from plugin_projects import COMPARE, QUICK, bolt_section, text_of

STORED = (COMPARE, "--bolt-mode=stored")


def test_without_a_baseline_it_says_how_to_get_one(project):
    result = project.refuse(*STORED)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    commit = project.git("rev-parse", "HEAD")
    result.stderr.fnmatch_lines(
        [
            "ERROR: there is no stored baseline of these benchmarks for this machine",
            f"*base *{commit} (HEAD)",
            "*store *store.sqlite",
            "*records of it *none",
            "*--bolt-mode=paired*",
        ]
    )
    assert "INTERNALERROR" not in text_of(result)


@pytest.mark.slow
def test_fewer_than_ten_stored_runs_are_advice(project):
    """The effect is enormous and still nothing is failed: one run says too little about a machine."""
    for _ in range(2):
        assert project.pytest("--bolt").ret == 0
    project.edit("mylib/core.py", "range(n)", "range(5 * n)")
    project.edit("mylib/core.py", "return total", "return 2664667000")
    report = project.report(*STORED)
    assert report.data["run"]["mode"] == "stored"
    found = report.comparisons["test_work"]
    assert found["verdict"] == "inconclusive"
    assert found["reason"] == "advice only: 2 of 10 stored runs"
    assert found["ratio"]["estimate"] > 1.5
    assert not found["failed"]
    assert found["method"].startswith("prediction interval (98 %) from 2 stored runs")
    assert bolt_section(report.result)[-2:] == ["0 of 1 judged, 1 inconclusive", "nothing could be judged"]
    # auto measures the pair where the store cannot decide
    assert project.report(COMPARE, QUICK).data["run"]["mode"] == "paired"


@pytest.mark.slow
def test_ten_stored_runs_decide_and_start_no_second_worker(project, tmp_path):
    project.pytest("--bolt")
    repeat_stored_run(project, 12)
    project.edit("mylib/core.py", "range(n)", "range(50 * n)")
    project.edit("mylib/core.py", "return total", "return 2664667000")
    report = project.report(*STORED)
    assert report.verdicts == {"test_work": "slower"}
    report.result.assert_outcomes(failed=1)
    assert not (tmp_path / "cache").exists()


@pytest.mark.slow
def test_the_nearest_first_parent_with_a_baseline_stands_in(project):
    assert project.pytest("--bolt").ret == 0
    stored = project.git("rev-parse", "HEAD")
    project.commit(
        "change", {"README": "1", "tests/test_other.py": "def test_other(benchmark): benchmark(int)\n"}
    )
    assert project.pytest("--bolt", "tests/test_other.py").ret == 0  # of this commit something else is stored
    base = project.commit("change", {"README": "2"})
    project.git("rm", "--quiet", "tests/test_other.py")
    base = project.commit("change", {"README": "3"})
    report = project.report(*STORED)
    assert report.data["run"]["base"]["commit"] == stored
    assert report.data["run"]["notes"] == [
        f"nothing is stored of {base[:10]} (HEAD): compared with {stored[:10]}, 3 commits before it"
    ]
    assert report.comparisons["test_work"]["reason"] == "advice only: 1 of 10 stored runs"
    assert not report.comparisons["test_work"]["noise_only"]  # the README differs


def repeat_stored_run(project, count):
    """Store copies of the one run there is, each a little different."""
    import dataclasses

    from pytest_bolt.stores.store import open_store

    with open_store(str(project.root / ".bolt" / "store.sqlite")) as store:
        (run,) = store.runs()
        records = store.records(run.run_id)
        for number in range(count):
            copy = dataclasses.replace(run, run_id=f"{number:012x}")
            store.begin(copy)
            scaled = [
                dataclasses.replace(
                    record, time=type(record.time)(record.time.ns * (1 + 0.002 * (number % 5)))
                )
                for record in records
            ]
            store.add(copy.run_id, None, scaled)
            store.finish(copy.run_id, state=run.state, ended=run.ended)


@pytest.mark.slow
def test_a_changed_benchmark_has_no_stored_baseline(project):
    """Its own source is part of its identity: a changed workload is new, not slower."""
    assert project.pytest("--bolt").ret == 0
    project.edit("tests/test_speed.py", "2000) == 2664667000", "4000) > 1")
    result = project.pytest(*STORED)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "from 1 other environments or for other benchmarks" in text_of(result)


@pytest.mark.slow
def test_a_stored_comparison_needs_no_cache_folder(project, monkeypatch, tmp_path):
    assert project.pytest("--bolt").ret == 0
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("BOLT_CACHE_DIR", str(tmp_path / "file"))
    report = project.report(*STORED, QUICK)
    assert report.data["run"]["mode"] == "stored"
