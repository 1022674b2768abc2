"""Implementations against a named baseline, each in a process of its own."""

from __future__ import annotations

import sys

import pytest
from plugin_projects import COMPARE, QUICK

KERNEL = """
def run_sum(n):
    total = 0
    for _ in range({repeats}):
        total = 0
        for i in range(n):
            total += i
    return total
"""
SUITE = """
import pytest

def loop(n):
    total = 0
    for i in range(n):
        total += i
    return total

@pytest.mark.bolt(operation="run_sum")
@pytest.mark.parametrize("n", [300, 500])
def test_sum(bolt, impl, n):
    assert impl.run_sum(n) == n * (n - 1) // 2
    bolt.measure(impl.run_sum, args=(n,), bytes=8 * n)

@pytest.mark.bolt(operation="run_other")
def test_other(bolt, impl):
    bolt.measure(impl.run_other)

@pytest.mark.bolt(baseline="a loop in Python")
def test_builtin_sum(bolt):
    bolt.versus(lambda n: sum(range(n)), loop, args=(2000,))

def test_plain(bolt):
    bolt.measure(loop, args=(10,))
"""


@pytest.fixture
def kernels(project):
    project.suite(SUITE)
    project.write({"quick.py": KERNEL.format(repeats=1), "slow.py": KERNEL.format(repeats=4)})
    project.write({"wrong.py": KERNEL.format(repeats=1).replace("return total", "return total + 1")})
    return project


@pytest.mark.slow
def test_speedups_over_a_file(kernels):
    report = kernels.report(
        "--bolt-adapter=quick.py", "--bolt-adapter=wrong.py", "--bolt-baseline=slow.py", "--bolt-margin=20%"
    )
    result = report.result
    assert result.ret == pytest.ExitCode.TESTS_FAILED  # the wrong one
    result.stdout.fnmatch_lines(
        [
            "bolt: comparing implementations with slow.py, both in *",
            "*benchmark * base * head * speedup *",
            "*test_sum[[]quick-300[]] * [2345].??x [[]*, *[]] * faster",
            "quick against slow.py: [2345].??x geometric mean of 2; worst *",
            "  correct and faster than 0.5x 100 %, 0.8x 100 %, 1x 100 %, 1.5x 100 %, 2x 100 %",
            "wrong against slow.py: nothing was timed, 2 wrong",
            "2 left out: slow.py has no run_other",
            "1 left out: it tests no implementation",
            "5 of 5 judged",
        ]
    )
    runs = [each["mode"] for each in [report.data["run"]]]
    assert runs == ["baseline"]
    best = kernels.pytester.run(sys.executable, "-m", "pytest_bolt", "best", "quick")
    best.stdout.fnmatch_lines(
        ["SPEEDUP *", "[2345].??x * slow.py *test_sum[[]quick-300[]] *", "*test_sum[[]quick-500[]]*"]
    )
    best.stdout.no_fnmatch_line("*wrong*")


@pytest.mark.slow
def test_a_test_that_names_its_own_baseline(kernels):
    result = kernels.pytest(
        "--bolt-baseline=own", "--bolt-adapter=quick.py", "--bolt-margin=20%", "-k", "builtin or plain"
    )
    assert result.ret == 0
    result.stdout.fnmatch_lines(
        [
            "*test_builtin_sum * faster",
            "candidates against a loop in Python: *x geometric mean of 1; worst *",
            "1 left out: it names no baseline of its own",
            "1 of 1 judged",
        ]
    )


@pytest.mark.slow
def test_slower_than_the_baseline_is_a_result_and_no_failure(kernels):
    arguments = "--bolt-adapter=slow.py", "--bolt-baseline=quick.py", "--bolt-margin=20%", "-k", "sum and 500"
    result = kernels.pytest(*arguments)
    assert result.ret == 0
    result.stdout.fnmatch_lines(["*test_sum[[]slow-500[]] * 0.??x *SLOWER"])
    gated = kernels.pytest(*arguments, "--bolt-fail-on=slower")
    assert gated.ret == pytest.ExitCode.TESTS_FAILED
    gated.stdout.fnmatch_lines(["SLOWER: 0.??x *", "  baseline: quick.py"])


def test_without_an_option_both_are_called_once(kernels):
    result = kernels.pytest("--bolt-adapter=quick.py", "-k", "builtin")
    result.assert_outcomes(passed=1, deselected=4)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--bolt-baseline=slow.py", COMPARE), "--bolt-compare and --bolt-baseline are two comparisons"),
        (("--bolt-baseline=slow.py", "--bolt-aa"), "--bolt-aa and --bolt-baseline are two comparisons"),
        (("--bolt-baseline=slow.py", "--bolt-mode=stored"), "--bolt-baseline measures both sides"),
        (("--bolt-baseline= ",), "--bolt-baseline was given an empty NAME"),
        (("--bolt-baseline=quick.py", "--bolt-fail-on=new"), "--bolt-fail-on=new could never fail"),
        (("--bolt-baseline=there.py",), "no such adapter"),
        (("--bolt-baseline=framwork",), "unknown baseline 'framwork'"),
    ],
)
def test_baselines_that_cannot_be(kernels, arguments, words):
    result = kernels.refuse("--bolt-adapter=quick.py", QUICK, *arguments)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: {words}*"])


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("--bolt-journal",), "it names no baseline of its own  1 left out"),
        (("--bolt-baseline=slow.py",), "it tests no implementation  1 left out"),
        (
            ("--bolt-baseline=slow.py", "--bolt-adapter=slow.py", "tests/test_speed.py::test_sum"),
            "it is slow.py itself  2 left out",
        ),
    ],
)
def test_nothing_to_compare_with_a_baseline_says_why(kernels, arguments, reason):
    kernels.write({"tests/test_plain.py": "def test_it(benchmark):\n    benchmark(int)\n"})
    where = [] if "::" in arguments[-1] else ["tests/test_plain.py"]
    result = kernels.refuse(*where, *arguments)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: no benchmark can be compared with the baseline *", f"*{reason}*"])


@pytest.mark.slow
def test_a_baseline_without_a_name_is_refused(kernels):
    kernels.suite("def test_it(bolt):\n    bolt.versus(int, float)\n")
    result = kernels.pytest()
    result.stdout.fnmatch_lines(["E*bolt.versus needs a baseline with a name", "E*mark the test: *"])
