"""What a job of GitHub Actions is told by a run."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from plugin_projects import COMPARE, QUICK, text_of

from pytest_bolt import cli
from pytest_bolt.actions_output import is_wanted, write_step_summary
from pytest_bolt.core.environment import Environment
from pytest_bolt.core.place import LINE_NOTE, ROOT_SETTING
from pytest_bolt.core.record import Revision, Run, Summary

FAIL = "--bolt-fail-on=inconclusive"  # what a run without a budget calls every benchmark


def commands(result):
    return [line for line in result.outlines if line.startswith("::")]


@pytest.fixture
def step(monkeypatch, tmp_path):
    """Be a step of a job that has a line in its summary already."""
    path = tmp_path / "summary.md"
    path.write_text("from an earlier command\n")
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(path))
    return path


def test_a_job_is_told_what_failed_and_where(project, step, capsys):
    project.edit("mylib/core.py", "total = 0", "total = 0 + 0")
    result = project.bolt(FAIL, "--bolt-json=report.json")
    (annotation,) = commands(result)
    assert annotation.startswith(
        "::error file=tests/test_speed.py,line=4,title=INCONCLUSIVE%2C failed::tests/test_speed.py::test_work%0A"
    )
    assert "added the report to the step's summary" in text_of(result)
    before, report = step.read_text().split("\n\n", maxsplit=1)
    assert before == "from an earlier command"
    assert report.startswith("**Failed: 1 inconclusive of 1**")
    # The job that comments has the report alone, and can say the same.
    capsys.readouterr()
    stored = project.root / "report.json"
    assert json.loads(stored.read_text())["comparisons"][0]["notes"][LINE_NOTE] == "4"
    assert cli.main(["comment", f"--json={stored}", "--dry-run", "--annotate"]) == 0
    assert capsys.readouterr().out.splitlines()[0] == annotation


@pytest.mark.slow
def test_a_root_below_the_repository_s_is_told_and_a_job_that_wants_nothing_gets_nothing(project, step):
    project.commit("deeper", {"sub/pytest.ini": "[pytest]\npythonpath = ..\n"})
    project.git("mv", "tests", "sub/tests")
    project.git("rm", "--quiet", "pytest.ini")
    project.commit("moved")
    project.edit("mylib/core.py", "total = 0", "total = 0 + 0")
    path = project.root / "report.json"
    result = project.pytest("sub", COMPARE, QUICK, FAIL, f"--bolt-json={path}", "--bolt-github=off")
    assert commands(result) == []
    assert step.read_text() == "from an earlier command\n"
    document = json.loads(path.read_text())
    assert document["run"]["settings"][ROOT_SETTING] == "sub"
    assert document["comparisons"][0]["case"]["case_id"]["node_id"] == "tests/test_speed.py::test_work"


@pytest.mark.parametrize(
    ("when", "environ", "wanted"),
    [
        ("auto", {}, False),
        ("auto", {"GITHUB_ACTIONS": "false"}, False),
        ("auto", {"GITHUB_ACTIONS": "true"}, True),
        ("on", {}, True),
        ("off", {"GITHUB_ACTIONS": "true"}, False),
    ],
)
def test_who_wants_it(when, environ, wanted):
    assert is_wanted(when, environ) is wanted


@pytest.mark.parametrize(
    ("size", "said"),
    [
        (0, "added the report to the step's summary"),
        (999_900, "the step's summary is full: nothing was added to it"),
        (2_000_000, "the step's summary is full: nothing was added to it"),
    ],
)
def test_a_summary_is_never_made_longer_than_the_platform_takes(tmp_path, size, said):
    path = tmp_path / "summary.md"
    path.write_text("x" * size)
    assert write_step_summary(empty_summary(), None, {"GITHUB_STEP_SUMMARY": str(path)}) == said
    assert path.stat().st_size <= max(size, 1_000_000)


def test_a_summary_that_cannot_be_written_is_said(tmp_path):
    said = write_step_summary(empty_summary(), None, {"GITHUB_STEP_SUMMARY": str(tmp_path / "no" / "where")})
    assert said == "the step's summary could not be written: No such file or directory"


def test_a_job_without_summaries():
    assert write_step_summary(empty_summary(), None, {}) == ""


def empty_summary():
    run = Run(
        run_id="0a1b2c3d4e5f",
        started=datetime(2026, 1, 2, tzinfo=UTC),
        command=("pytest",),
        head=Revision(commit="a" * 40),
        base=Revision(commit="b" * 40),
        environment=Environment(),
        mode="paired",
    )
    return Summary(run=run, comparisons=(), collected=0)
