"""What a verdict does to its test: outcome, exit code, JUnit, --lf, -x, and what is shown."""

from __future__ import annotations

import json
import re
from xml.etree import ElementTree as ET

import pytest
from plugin_projects import COMPARE, QUICK, bolt_section, text_of

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


WRONG = """
    from mylib.core import work

    def test_first(benchmark):
        assert benchmark(work, 10) == 285

    def test_second(benchmark):
        assert benchmark(work, 11) == 385

    def test_third(benchmark):
        assert benchmark(str, 1) == "1"
"""


def test_a_wrong_answer_fails_without_a_speed(project):
    project.suite(WRONG)
    project.edit("mylib/core.py", "total = 0", "total = 1")
    result, suite = project.junit(COMPARE, QUICK)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.assert_outcomes(failed=2, passed=1)
    assert (suite.get("failures"), suite.get("errors")) == ("2", "0")
    first = next(case for case in suite.iter("testcase") if case.get("name") == "test_first")
    properties = {entry.get("name"): entry.get("value") for entry in first.iter("property")}
    assert properties == {"bolt_verdict": "incorrect"}
    section = bolt_section(result)
    row = next(line for line in section if line.startswith("tests/test_speed.py::test_first"))
    assert re.fullmatch(r"\S+ +- +- +- +- +INCORRECT, failed", row)
    assert "    assert 286 == 285" in section
    others = [
        line for line in text_of(result).splitlines() if "test_third" not in line and " in " not in line
    ]
    assert not [line for line in others if re.search(r"\d (ns|us|ms|s)\b", line) and "budget" not in line]
    result.stdout.fnmatch_lines(["FAILED tests/test_speed.py::test_first - assert 286 == 285*"])


def test_exitfirst_stops_at_the_first_failed_verdict(project):
    project.suite(WRONG)
    project.edit("mylib/core.py", "total = 0", "total = 1")
    result = project.bolt("-x")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*stopping after 1 failures*"])


@pytest.mark.slow
def test_incorrect_in_every_way(project):
    project.suite(
        """
        import pytest
        from mylib.core import work

        def test_raises_inside(benchmark):
            benchmark(lambda: 1 / 0)

        def test_raises_before(benchmark):
            raise ValueError("before the call")
            benchmark(work, 10)

        def test_wrong_after(benchmark):
            assert benchmark(work, 10) == 0, "nonsense"

        def test_raises_after_a_while(benchmark):
            calls = []

            def grows():
                calls.append(1)
                if len(calls) > 1000:
                    raise RuntimeError("one time too many")

            benchmark(grows)

        @pytest.fixture
        def broken():
            raise OSError("no data")

        def test_fixture(benchmark, broken):
            benchmark(work, 10)

        @pytest.fixture
        def breaks_later():
            yield
            raise OSError("cannot clean up")

        def test_teardown(benchmark, breaks_later):
            benchmark(work, 10)
        """
    )
    report = project.report(COMPARE, QUICK)
    assert set(report.verdicts.values()) == {"incorrect"}
    assert report.result.ret == pytest.ExitCode.TESTS_FAILED
    for name, words in {
        "test_raises_inside": "ZeroDivisionError: division by zero",
        "test_raises_before": "ValueError: before the call",
        "test_wrong_after": "AssertionError: nonsense",
        "test_raises_after_a_while": "RuntimeError: one time too many",
        "test_fixture": "setup: OSError: no data",
        "test_teardown": "teardown: OSError: cannot clean up",
    }.items():
        comparison = report.comparisons[name]
        assert comparison["reason"] == words
        assert comparison["failed"]
        assert (comparison["ratio"], comparison["head_time"], comparison["base_time"]) == (None, None, None)
    assert bolt_section(report.result)[-1] == "6 of 6 judged"


@pytest.mark.slow
def test_a_red_check_of_the_bolt_fixture_is_incorrect(project):
    project.library(
        """
        import torch

        def root(x):
            return torch.sqrt(x)
        """
    )
    project.suite(
        """
        import torch
        from mylib.core import root

        X = torch.linspace(0.5, 2, 4096)

        def test_root(bolt):
            bolt.check(root(X), oracle=torch.sqrt, args=(X,))
            bolt.measure(root, args=(X,), bytes=2 * X.nbytes)
        """
    )
    right = project.report(COMPARE, QUICK)
    assert right.verdicts == {"test_root": "inconclusive"}
    project.edit("mylib/core.py", "torch.sqrt(x)", "torch.sqrt(x) * 1.01")
    wrong = project.report(COMPARE, QUICK)
    assert wrong.verdicts == {"test_root": "incorrect"}
    assert wrong.result.ret == pytest.ExitCode.TESTS_FAILED


def test_what_the_base_cannot_run_is_incomparable(project):
    """The benchmark is the same on both sides; what it calls is new."""
    project.suite(
        """
        from mylib import core

        def test_old(benchmark):
            benchmark(str, 1)

        def test_changed(benchmark):
            benchmark(getattr(core, "cube", core.work), 3)
            assert core.LEVEL == 2
        """
    )
    project.edit("mylib/core.py", "def work", "LEVEL = 2\n\ndef cube(n):\n    return n ** 3\n\ndef work")
    report = project.report(COMPARE, QUICK)
    assert report.verdicts == {"test_old": "inconclusive", "test_changed": "incomparable"}
    reason = report.comparisons["test_changed"]["reason"]
    assert "AttributeError: module 'mylib.core' has no attribute 'LEVEL'" in reason
    report.result.assert_outcomes(passed=2)
    assert f"    {reason}" in bolt_section(report.result)


def test_a_file_that_the_base_cannot_import_is_incomparable(project):
    """The benchmark existed; its file now imports what the base does not have."""
    project.edit("tests/test_speed.py", "import work", "import work, cube")
    project.edit("mylib/core.py", "def work", "def cube(n):\n    return n ** 3\n\ndef work")
    report = project.report(COMPARE, QUICK)
    assert report.verdicts == {"test_work": "incomparable"}
    assert "cannot import name 'cube' from 'mylib.core'" in report.comparisons["test_work"]["reason"]
    assert report.result.ret == pytest.ExitCode.TESTS_FAILED  # nothing was judged
    assert bolt_section(report.result)[-2:] == ["0 of 1 judged, 1 incomparable", "nothing could be judged"]


@pytest.mark.slow
def test_a_base_that_cannot_be_imported_is_incomparable(project):
    right = (project.root / "mylib" / "core.py").read_text()
    project.library("def work(n) return n\n")
    project.commit("broken")
    project.write({"mylib/core.py": right})
    report = project.report(COMPARE, QUICK)
    assert report.verdicts == {"test_work": "incomparable"}
    assert report.comparisons["test_work"]["reason"] == "SyntaxError: expected ':'"


@pytest.mark.slow
def test_a_conftest_that_the_base_cannot_import_shows_the_bases_own_error(project):
    """Then the base's pytest does not even start."""
    project.write({"tests/conftest.py": "from mylib.core import cube\n"})
    project.edit("mylib/core.py", "def work", "def cube(n):\n    return n ** 3\n\ndef work")
    report = project.report(COMPARE, QUICK)
    assert report.verdicts == {"test_work": "incomparable"}
    assert "cannot import name 'cube' from 'mylib.core'" in report.comparisons["test_work"]["reason"]


def test_new_missing_and_renamed(project):
    """A renamed benchmark is NEW under its new name and MISSING under the old one, never silently gone."""
    project.suite(
        """
        from mylib.core import work

        def test_kept(benchmark):
            benchmark(work, 10)

        def test_old_name(benchmark):
            benchmark(work, 20)

        def test_removed(benchmark):
            benchmark(work, 30)
        """
    )
    project.write(
        {
            "tests/test_speed.py": """
        from mylib import core

        def test_kept(benchmark):
            benchmark(core.work, 10)

        def test_new_name(benchmark):
            benchmark(core.work, 20)

        def test_added(benchmark):
            benchmark(core.cube, 30)
        """
        }
    )
    project.edit("mylib/core.py", "def work", "def cube(n):\n    return n ** 3\n\ndef work")
    report = project.report(COMPARE, QUICK)
    assert report.verdicts == {
        "test_kept": "inconclusive",
        "test_new_name": "inconclusive",
        "test_added": "new",
        "test_old_name": "missing",
        "test_removed": "missing",
    }
    assert "has no attribute 'cube'" in report.comparisons["test_added"]["reason"]
    report.result.assert_outcomes(passed=3)
    failing = project.pytest(COMPARE, QUICK, "--bolt-fail-on=missing")
    failing.assert_outcomes(passed=3, failed=2)
    failing.stdout.fnmatch_lines(["FAILED tests/test_speed.py::test_old_name - MISSING*"])


@pytest.mark.slow
def test_a_new_benchmark_chosen_by_its_own_name_is_new(project):
    """The base's suite knows no such test, which must not keep it from being asked."""
    with (project.root / "tests" / "test_speed.py").open("a") as file:
        file.write("\nfrom mylib import core\n\ndef test_cube(benchmark):\n    benchmark(core.cube, 3)\n")
    project.edit("mylib/core.py", "def work", "def cube(n):\n    return n ** 3\n\ndef work")
    report = project.report(COMPARE, QUICK, "tests/test_speed.py::test_cube")
    assert report.verdicts == {"test_cube": "new"}


@pytest.mark.parametrize(
    "selection", [("-k", "kept"), ("--deselect=tests/test_speed.py::test_other",), ("--lf",)]
)
@pytest.mark.slow
def test_what_was_not_chosen_is_not_missing(project, selection):
    project.suite(
        """
        from mylib.core import work

        def test_kept(benchmark):
            benchmark(work, 10)

        def test_other(benchmark):
            benchmark(work, 20)
        """
    )
    with (project.root / "tests" / "test_speed.py").open("a") as file:
        file.write("\nassert test_kept\n")
    cache = project.root / ".pytest_cache" / "v" / "cache"
    cache.mkdir(parents=True)
    (cache / "lastfailed").write_text('{"tests/test_speed.py::test_kept": true}')
    path = project.root.parent / "report.json"
    project.pytester.runpytest_subprocess(COMPARE, QUICK, f"--bolt-json={path}", *selection)  # with the cache
    found = [c["case"]["case_id"]["node_id"] for c in json.loads(path.read_text())["comparisons"]]
    assert found == ["tests/test_speed.py::test_kept"]


def test_a_skipped_benchmark_is_skipped(project):
    project.suite(
        """
        import pytest
        from mylib.core import work

        @pytest.mark.skip(reason="not today")
        def test_skipped(benchmark):
            benchmark(work, 10)

        def test_work(benchmark):
            benchmark(work, 10)
        """
    )
    report = project.report(COMPARE, QUICK)
    report.result.assert_outcomes(passed=1, skipped=1)
    assert report.verdicts == {"test_work": "inconclusive"}
