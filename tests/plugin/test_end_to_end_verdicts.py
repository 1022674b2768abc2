"""What a verdict does to its test: outcome, exit code, JUnit, --lf, and what is shown."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest
from plugin_projects import COMPARE, QUICK, bolt_section

FIVE_TIMES = """
    def work(n):
        total = 0
        for _ in range({repeats}):
            total = 0
            for i in range(n):
                total += i * i
        return total

    def other(n):
        return sum(range(n))
"""


TWO = """
    from mylib.core import other, work

    def test_other(benchmark):
        assert benchmark(other, 100) == 4950

    def test_work(benchmark):
        assert benchmark(work, 1000) == 332833500
"""


@pytest.fixture
def slowed(project):
    """A working tree in which one of two benchmarks does five times the work of the last commit."""
    project.library(FIVE_TIMES.format(repeats=1))
    project.suite(TWO)
    project.library(FIVE_TIMES.format(repeats=5))
    return project


@pytest.mark.slow
def test_slower_is_a_failed_test_everywhere(slowed):
    path = slowed.root.parent / "junit.xml"
    # With the cache, which --lf needs.
    result = slowed.pytester.runpytest_subprocess(COMPARE, f"--junitxml={path}", "--bolt-margin=20%")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(
        [
            "*= FAILURES =*",
            "*_ test_work _*",
            "SLOWER: +* % [[]+*, +*] (ratio *), margin 20 %",
            "  base  ??????????*",
            "  head  ??????????+ (HEAD, main)*",
            "  paired, *, * process pairs; smallest effect visible *",
            "  -> pytest-bolt show * tests/test_speed.py::test_work",
            "  -> pytest --bolt-compare=HEAD*tests/test_speed.py::test_work",
            "*= bolt =*",
            "FAILED tests/test_speed.py::test_work - SLOWER: +*",
            "*1 failed, 1 passed*",
        ]
    )
    from_junit(path)
    again = slowed.pytester.runpytest_subprocess(COMPARE, QUICK, "--lf", "--collect-only", "-q")
    again.stdout.fnmatch_lines(["tests/test_speed.py::test_work"])
    again.stdout.no_fnmatch_line("*test_other*")


def from_junit(path):
    suite = ET.parse(path).getroot().find("testsuite")
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("2", "1", "0")
    cases = {case.get("name"): case for case in suite.iter("testcase")}
    properties = {entry.get("name"): entry.get("value") for entry in cases["test_work"].iter("property")}
    assert properties["bolt_verdict"] == "slower"
    assert float(properties["bolt_ratio"]) > 2
    assert float(properties["bolt_low"]) <= float(properties["bolt_ratio"]) <= float(properties["bolt_high"])
    assert cases["test_work"].find("failure").get("message").startswith("SLOWER: +")
    assert cases["test_other"].find("failure") is None


@pytest.mark.slow
def test_faster_passes_and_is_called_faster(slowed):
    slowed.commit("slow")
    slowed.library(FIVE_TIMES.format(repeats=1))
    report = slowed.report(COMPARE, "--bolt-margin=20%", "-k", "test_work")
    assert report.verdicts == {"test_work": "faster"}
    assert report.result.ret == 0
    report.result.assert_outcomes(passed=1)
    assert report.comparisons["test_work"]["ratio"]["high"] < 0.5
    assert bolt_section(report.result)[-1] == "1 of 1 judged"


@pytest.mark.slow
def test_a_branch_means_where_head_left_it(slowed):
    """main has moved on and is slow; the change is judged against where it began."""
    slowed.git("stash", "--quiet")
    slowed.git("checkout", "--quiet", "-b", "feature")
    start = slowed.git("rev-parse", "HEAD")
    slowed.git("checkout", "--quiet", "main")
    slowed.library(FIVE_TIMES.format(repeats=25))
    tip = slowed.commit("slow main")
    slowed.git("checkout", "--quiet", "feature")
    slowed.library(FIVE_TIMES.format(repeats=5))
    against_branch = slowed.report("--bolt-compare=main", "-k", "test_work", "--bolt-margin=20%")
    assert against_branch.data["run"]["base"]["commit"] == start
    assert against_branch.verdicts == {"test_work": "slower"}
    against_tip = slowed.report("--bolt-compare=main@tip", "-k", "test_work", "--bolt-margin=20%")
    assert against_tip.data["run"]["base"]["commit"] == tip
    assert against_tip.verdicts == {"test_work": "faster"}
