"""Claims as experiments: `pytest --bolt-journal` runs them, judges them and writes an entry each."""

from __future__ import annotations

import sys

import pytest

CLAIMS = """
import pytest

def loop(n):
    total = 0
    for i in range(n):
        total += i
    return total

@pytest.mark.claim("Sums | loops", "the built-in sum takes half the time", expect="time <= 0.7x base", published="-50 %")
@pytest.mark.bolt(baseline="a loop", margin="20%")
def test_sum(bolt):
    bolt.versus(lambda n: sum(range(n)), loop, args=(3000,))

@pytest.mark.claim("Sums | loops", "it depends on the seed", expect="difference <= -5", role="attribution")
def test_why(claim):
    claim.found("difference", [1.0, 2.0, 1.5])
"""
FOUND = """
import pytest

@pytest.mark.claim("Count", "there are 12", expect=("items >= 12", "items <= 12"))
def test_count(claim):
    claim.used(text="a|b.md, sha256 0f", seeds=3)
    claim.found("items", 12)
"""


@pytest.mark.slow
def test_each_claim_is_run_judged_and_written(project):
    project.suite(CLAIMS)
    result = project.pytest("--bolt-journal")
    assert result.ret == 0  # refuted is a result
    result.stdout.fnmatch_lines(
        [
            "*= stated before the run =*",
            "Sums | loops",
            "  confirmed      effect: the built-in sum takes half the time (stated: -50 %*)",
            "                 -* % [[]*] is wholly <= -30.0 %",
            "  refuted        attribution: it depends on the seed",
            "                 1.5 [[]*] is nowhere <= -5",
            "1 of 1 judged, 1 without a time",
        ]
    )
    text = (project.root / "journal/JOURNAL.md").read_text()
    assert "Sums &#124; loops" in text
    assert text.count("<!-- bolt:entry") == 1


def test_claims_without_a_time_need_no_process(project):
    project.suite(FOUND)
    result = project.pytest("--bolt-journal")
    assert result.ret == 0
    result.stdout.fnmatch_lines(["  confirmed      effect: there are 12", "0 of 0 judged, 1 without a time"])
    journal = (project.root / "journal/JOURNAL.md").read_text()
    for words in ("12 is wholly >= 12", "- seeds: `3`", "- text: <code>a&#124;b&#46;md"):
        assert words in journal
    shown = project.pytester.run(sys.executable, "-m", "pytest_bolt", "list")
    shown.stdout.fnmatch_lines(["*finished*baseline*"])


def test_without_an_option_they_are_tests(project):
    project.suite(CLAIMS + FOUND)
    result = project.pytest()
    result.assert_outcomes(passed=3)
    assert not (project.root / "journal").exists()


@pytest.mark.parametrize(
    ("marker", "words"),
    [
        ('"Title"', "missing  statement, expect"),
        ('"T", "s", expect="x <= 1", rolle="effect"', "unknown  rolle"),
        ('"T", "s", expect="x <= 1", role="cause"', "role     cause"),
    ],
)
def test_a_malformed_claim_is_refused(project, marker, words):
    project.suite(f"import pytest\n@pytest.mark.claim({marker})\ndef test_a(claim): pass\n")
    result = project.refuse("--bolt-journal")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        ["ERROR: a claim has an experiment, a statement and an expectation", f"*{words}*"]
    )


def test_a_path_in_the_place_of_a_style_is_named(project):
    project.suite(FOUND)
    result = project.refuse("--bolt-journal", "tests")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        ["ERROR: there is no such journal style", "*tests*", "*write --bolt-journal=STYLE*"]
    )


@pytest.mark.parametrize("value", ["float('nan')", "[]", "[1.0, float('inf')]"])
def test_what_is_no_number_is_refused(project, value):
    project.suite(FOUND.replace('"items", 12', f'"items", {value}'))
    result = project.pytest()
    result.stdout.fnmatch_lines(["E*what a claim is judged by is a number, or several"])


def test_what_a_test_without_a_claim_finds_is_reported(project):
    project.suite("def test_count(claim): claim.found('items', 12)\n")
    result = project.pytest("--bolt", "--bolt-journal=paper")
    assert result.ret == 0
    result.stdout.fnmatch_lines(["wrote *journal/JOURNAL.md"])
    journal = (project.root / "journal/JOURNAL.md").read_text()
    assert "| items, `tests/test_speed.py::test_count` | - | 12 | - |" in journal


def test_figures_that_cannot_be_drawn_are_said(project):
    project.suite(FOUND)
    (project.root / "conftest.py").write_text("import sys\nsys.modules['vl_convert'] = None\n")
    result = project.pytest("--bolt-journal")
    result.stdout.fnmatch_lines(
        ["no figures beside the journal: pip install pytest-bolt[[]report] draws them"]
    )
