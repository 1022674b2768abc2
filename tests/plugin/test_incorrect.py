"""A wrong answer has no speed."""

from __future__ import annotations

import re

import pytest
from plugin_projects import COMPARE, QUICK, bolt_section, text_of

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
