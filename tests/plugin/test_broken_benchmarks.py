"""A benchmark that raises, hangs or kills its process is named; the others are judged all the same."""

from __future__ import annotations

from pathlib import Path

import pytest
from plugin_projects import COMPARE, QUICK, bolt_section, text_of

SLOW = pytest.mark.slow
HALF_BROKEN = """
    import os
    import signal
    import sys
    import time

    import pytest
    from mylib import core

    def test_first(benchmark):
        benchmark(core.work, 10)

    def test_broken(benchmark):
        {body}

    def test_last(benchmark):
        benchmark(core.work, 10)
"""


def broken(project, body, *options, side="head"):
    """Return the report of a suite whose middle benchmark is broken in one tree."""
    good = "benchmark(core.work, 10)"
    if side == "base":
        project.suite(
            HALF_BROKEN.format(body=f"if getattr(core, 'BROKEN', True):\n            {body}\n        {good}")
        )
        project.edit("mylib/core.py", "def work", "BROKEN = False\n\ndef work")
    else:
        project.suite(HALF_BROKEN.format(body=good))
        project.write({"tests/test_speed.py": HALF_BROKEN.format(body=f"{body}; {good}")})
    return project.report(COMPARE, QUICK, *options)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        pytest.param("os._exit(3)", "the process ended with exit code 3", id="exit"),
        pytest.param(
            "os.kill(os.getpid(), signal.SIGSEGV)",
            "the process ended with signal 11 (SIGSEGV)",
            id="segfault",
        ),
        pytest.param(
            "os.kill(os.getpid(), signal.SIGKILL)",
            "the process ended with signal 9 (SIGKILL)",
            id="sigkill",
            marks=SLOW,
        ),
        pytest.param(
            "os.closerange(3, 100)", "the process ended with exit code 1", id="closed-wire", marks=SLOW
        ),
        pytest.param(
            "benchmark(os._exit, 0)", "the process ended with exit code 0", id="exit-in-the-call", marks=SLOW
        ),
        pytest.param(
            "pytest.exit('enough')", "the process ended with exit code 2", id="pytest-exit", marks=SLOW
        ),
        pytest.param(
            "raise KeyboardInterrupt",
            "the process ended with exit code 2",
            id="keyboard-interrupt",
            marks=SLOW,
        ),
    ],
)
def test_a_process_that_ends_takes_only_its_own_benchmark_along(project, body, words):
    report = broken(project, body)
    assert report.verdicts == {
        "test_broken": "incorrect",
        "test_first": "inconclusive",
        "test_last": "inconclusive",
    }
    assert report.comparisons["test_broken"]["reason"] == words
    assert report.result.ret == pytest.ExitCode.TESTS_FAILED
    report.result.assert_outcomes(passed=2, failed=1)
    report.result.stdout.fnmatch_lines(
        [
            "*_ test_broken _*",
            f"INCORRECT: {words.replace('(', '[(]')}",
            "FAILED tests/test_speed.py::test_broken - *",
        ]
    )


@pytest.mark.parametrize(
    "body", ["time.sleep(600)", "benchmark(time.sleep, 600)"], ids=["before", "in-the-call"]
)
@pytest.mark.slow
def test_a_benchmark_that_hangs_meets_its_time_limit(project, body):
    report = broken(project, body, "--bolt-timeout=2s")
    assert report.verdicts == {
        "test_broken": "incorrect",
        "test_first": "inconclusive",
        "test_last": "inconclusive",
    }
    assert report.comparisons["test_broken"]["reason"] == "no answer within 2 s (--bolt-timeout)"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("os._exit(3)", "the process ended with exit code 3"),
        ("time.sleep(600)", "no answer within 2 s (--bolt-timeout)"),
        ("raise OSError('only here')", "OSError: only here"),
    ],
    ids=["exit", "hang", "raise"],
)
@pytest.mark.slow
def test_a_base_that_breaks_is_incomparable(project, body, words):
    report = broken(project, body, "--bolt-timeout=2s", side="base")
    assert report.verdicts == {
        "test_broken": "incomparable",
        "test_first": "inconclusive",
        "test_last": "inconclusive",
    }
    assert report.comparisons["test_broken"]["reason"] == words
    report.result.assert_outcomes(passed=3)


@pytest.mark.slow
def test_system_exit_is_an_ordinary_failure(project):
    report = broken(project, "sys.exit(5)")
    assert report.verdicts["test_broken"] == "incorrect"
    assert report.comparisons["test_broken"]["reason"] == "SystemExit: 5"


@pytest.mark.slow
def test_what_the_process_said_last_is_shown(project):
    report = broken(project, "os.write(2, b'the reason of it all\\\\n'); os._exit(3)", "-s")
    assert "the reason of it all" in report.comparisons["test_broken"]["detail"]
    report.result.stdout.fnmatch_lines(["*the reason of it all*"])


@pytest.mark.slow
def test_every_benchmark_broken(project):
    project.suite(
        """
        import os
        import pytest

        @pytest.mark.parametrize("n", [1, 2, 3])
        def test_exit(benchmark, n):
            os._exit(n)
        """
    )
    report = project.report(COMPARE, QUICK)
    assert {name: c["reason"] for name, c in report.comparisons.items()} == {
        f"test_exit[{n}]": f"the process ended with exit code {n}" for n in (1, 2, 3)
    }
    assert bolt_section(report.result)[-1] == "3 of 3 judged"


@pytest.mark.slow
def test_tests_that_cannot_even_be_started_in_a_process_of_their_own(project):
    """They run under plain pytest only, for some reason of their own; then nothing can be compared."""
    project.write(
        {"conftest.py": "import os\n\nif 'BOLT_WORKER' in os.environ:\n    raise RuntimeError('not here')\n"}
    )
    result = project.bolt()
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    said = text_of(result)
    assert said.count("ERROR: the tests could not be started in a process of their own") == 1
    assert "RuntimeError: not here" in said
    assert "INTERNALERROR" not in said


@pytest.mark.slow
def test_a_child_process_of_a_killed_benchmark_is_ended_with_it(project, tmp_path):
    pid = tmp_path / "pid"
    body = f"import subprocess; open({str(pid)!r}, 'w').write(str(subprocess.Popen(['sleep', '600']).pid)); time.sleep(600)"
    report = broken(project, body, "--bolt-timeout=2s")
    assert report.verdicts["test_broken"] == "incorrect"
    assert not is_running(int(pid.read_text()))


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
