"""This tree against itself: the noise of the machine."""

from __future__ import annotations

import pytest
from plugin_projects import COMPARE, QUICK, text_of


@pytest.mark.slow
def test_the_machine_is_calibrated(project, tmp_path):
    project.edit("mylib/core.py", "total = 0", "total = 0 + 0")  # uncommitted, and on both sides
    result = project.pytest("--bolt-aa", "--bolt-margin=25%")
    assert result.ret == 0
    result.stdout.fnmatch_lines(
        [
            "bolt: comparing *+ (main) with *+ (itself)*",
            "base *+ (itself)",
            "both trees hold the same code: this measures noise only",
            "1 of 1 judged",
            "*- this machine -*",
            "this tree against itself: 0 of 1 called slower or faster than themselves",
            "noise between process pairs: * % at the median, * % for the noisiest tenth",
            "margin  process pairs  seconds a benchmark",
        ]
    )
    assert not (tmp_path / "cache").exists()  # nothing is checked out
    assert "null control" not in text_of(result)


def test_it_takes_no_other_base(project):
    result = project.refuse("--bolt-aa", COMPARE, QUICK)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        [
            "ERROR: --bolt-compare and --bolt-aa are two comparisons",
            "  -> leave --bolt-compare or --bolt-aa out",
        ]
    )


@pytest.mark.slow
def test_a_repeat_of_one_benchmark_is_one_against_itself(project):
    result = project.pytest("--bolt-aa", QUICK, "--bolt-fail-on=inconclusive")
    result.stdout.fnmatch_lines(["  -> pytest --bolt-aa tests/test_speed.py::test_work"])
