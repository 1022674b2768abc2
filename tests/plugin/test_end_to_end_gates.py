"""Which verdicts fail their test, beyond which margin, and who has the last word on it."""

from __future__ import annotations

import json

import pytest
from plugin_projects import COMPARE, QUICK, bolt_section, text_of

FAST_AND_SLOW = """
    def slowed(n):
        for _ in range({slow}):
            total = sum(i * i for i in range(n))
        return total

    def quickened(n):
        for _ in range({fast}):
            total = sum(i * i for i in range(n))
        return total
"""


@pytest.mark.slow
def test_gates_of_single_tests(project):
    project.library(FAST_AND_SLOW.format(slow=1, fast=5))
    project.suite(
        """
        import pytest
        from mylib.core import quickened, slowed

        def test_slower(benchmark):
            benchmark(slowed, 1000)

        @pytest.mark.bolt(fail_on=())
        def test_slower_and_excused(benchmark):
            benchmark(slowed, 1000)

        @pytest.mark.bolt(fail_on="slower:50%")
        def test_slower_than_its_own_margin(benchmark):
            benchmark(slowed, 1000)

        def test_faster(benchmark):
            benchmark(quickened, 1000)

        @pytest.mark.bolt(fail_on=["slower", "faster:1%"])
        def test_must_not_be_faster(benchmark):
            benchmark(quickened, 1000)
        """
    )
    project.library(FAST_AND_SLOW.format(slow=5, fast=1))
    report = project.report(COMPARE, "--bolt-margin=20%")
    assert report.verdicts == {
        "test_slower": "slower",
        "test_slower_and_excused": "slower",
        "test_slower_than_its_own_margin": "slower",
        "test_faster": "faster",
        "test_must_not_be_faster": "faster",
    }
    failed = {name for name, comparison in report.comparisons.items() if comparison["failed"]}
    assert failed == {"test_slower", "test_slower_than_its_own_margin", "test_must_not_be_faster"}
    report.result.assert_outcomes(failed=3, passed=2)
    assert bolt_section(report.result)[-1] == "5 of 5 judged"


def test_fail_on_adds_up_when_repeated(project):
    result = project.bolt("--bolt-fail-on=slower:2.5%,new", "--bolt-fail-on=inconclusive")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "bolt: margin 5 %, fails on incorrect, slower beyond 2.5 %, new, inconclusive",
            "INCONCLUSIVE, margin 2.5 %",
            "*the time budget ended before it could be decided*",
            "FAILED tests/test_speed.py::test_work - INCONCLUSIVE*",
        ]
    )


@pytest.mark.slow
def test_an_incorrect_benchmark_fails_whatever_fail_on_says(project):
    project.edit("mylib/core.py", "total = 0", "total = 1")
    result = project.bolt("--bolt-fail-on=missing")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.assert_outcomes(failed=1)


@pytest.mark.parametrize(
    ("ini", "option", "marker", "fails"),
    [
        ("", (), "", False),
        ("bolt_fail_on = inconclusive", (), "", True),
        ("bolt_fail_on = inconclusive", ("--bolt-fail-on=slower",), "", False),
        ("", ("--bolt-fail-on=inconclusive",), "", True),
        ("", ("--bolt-fail-on=inconclusive",), "fail_on='slower'", False),
        ("", ("--bolt-fail-on=slower",), "fail_on='inconclusive'", True),
        ("bolt_fail_on = inconclusive", (), "fail_on=()", False),
    ],
)
@pytest.mark.slow
def test_a_marker_has_the_last_word_on_what_fails(project, ini, option, marker, fails):
    """It is how a test opts out of a gate or into one: command line over ini file, marker over both."""
    project.write({"pytest.ini": f"[pytest]\n{ini}\n"})
    if marker:
        project.edit(
            "tests/test_speed.py", "def test", f"import pytest\n\n@pytest.mark.bolt({marker})\ndef test"
        )
    project.bolt(*option).assert_outcomes(**{"failed" if fails else "passed": 1})


@pytest.mark.slow
def test_the_margin_comes_from_command_line_then_marker_then_ini_then_default(project):
    marked = "import pytest\n\n@pytest.mark.bolt(margin='2%')\ndef test_marked(benchmark):\n    benchmark(work, 10)\n\n"
    project.edit("tests/test_speed.py", "def test", f"{marked}def test")

    def margins(*options: str) -> dict[str, float]:
        found = project.report(COMPARE, QUICK, *options).comparisons
        return {name: comparison["margin"] for name, comparison in found.items()}

    assert margins() == {"test_work": 0.05, "test_marked": 0.02}
    project.write({"pytest.ini": "[pytest]\nbolt_margin = 3%\n"})
    assert margins() == {"test_work": 0.03, "test_marked": 0.02}
    assert margins("--bolt-margin=0.04") == {"test_work": 0.04, "test_marked": 0.04}


def test_the_closest_marker_wins(project):
    project.suite(
        """
        import pytest
        from mylib.core import work

        pytestmark = pytest.mark.bolt(margin="2%", fail_on="inconclusive")

        @pytest.mark.bolt(margin="4%")
        class TestThem:
            def test_class(self, benchmark):
                benchmark(work, 10)

            @pytest.mark.bolt(margin=0.06, fail_on=())
            def test_function(self, benchmark):
                benchmark(work, 10)
        """
    )
    report = project.report(COMPARE, QUICK)
    found = {name: (c["margin"], c["failed"]) for name, c in report.comparisons.items()}
    assert found == {"TestThem::test_class": (0.04, True), "TestThem::test_function": (0.06, False)}


def test_a_run_in_which_nothing_could_be_judged_is_not_green(project):
    result = project.bolt()
    result.assert_outcomes(passed=1)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert bolt_section(result)[-2:] == ["0 of 1 judged, 1 inconclusive", "nothing could be judged"]


@pytest.mark.parametrize(
    ("suite", "code"),
    [
        ("def test_plain(): pass\n", pytest.ExitCode.USAGE_ERROR),
        ("VALUE = 1\n", pytest.ExitCode.NO_TESTS_COLLECTED),
        ("def test_unused(benchmark): pass\n", pytest.ExitCode.TESTS_FAILED),
    ],
)
def test_a_comparison_without_a_benchmark_is_not_green(project, suite, code):
    project.suite(suite)
    result = project.bolt()
    assert result.ret == code
    assert "nothing could be judged" in text_of(result)


@pytest.mark.slow
def test_a_run_that_only_measures_may_end_green(project):
    result = project.pytest("--bolt", QUICK)
    assert result.ret == 0
    assert "nothing could be judged" not in text_of(result)


@pytest.mark.slow
def test_the_same_code_on_both_sides_measures_noise_only(project):
    noise = "both trees hold the same code: this measures noise only"
    same = project.pytest(COMPARE)
    assert noise in bolt_section(same)
    assert "null control" not in text_of(same)  # all of it is one
    project.edit("mylib/core.py", "total = 0", "total = 0 + 0")
    changed = project.pytest(COMPARE, "--bolt-json=report.json")
    assert noise not in bolt_section(changed)
    said = [line for line in bolt_section(changed) if line.startswith("null control, base against base: ")]
    assert len(said) == 1
    control = json.loads((project.root / "report.json").read_text())["run"]["control"]
    assert control["benchmarks"] == 1
    assert control["values"] >= 3
    assert control["ratio"]["low"] <= control["ratio"]["estimate"] <= control["ratio"]["high"]


@pytest.mark.slow
def test_every_ini_key_is_read(project):
    """A switch, a text, a list, and a value that is not the default's type."""
    project.write(
        {
            "pytest.ini": """
            [pytest]
            bolt_budget = 2ms
            bolt_mode = paired
            bolt_env = keep
            bolt_threads = 2
            bolt_thorough = true
            bolt_store = elsewhere.sqlite
            bolt_fail_on =
                missing
                new
            """
        }
    )
    report = project.report(COMPARE)
    settings = report.data["run"]["settings"]
    assert (settings["budget"], settings["mode"], settings["env"], settings["threads"]) == (
        "0.002",
        "paired",
        "keep",
        "2",
    )
    assert (settings["thorough"], settings["fail_on"]) == ("True", "missing,new")
    assert (project.root / "elsewhere.sqlite").exists()
