"""One real run with everything that is measured and asked for beside the time."""

from __future__ import annotations

import sqlite3

import pytest
from plugin_projects import COMPARE, QUICK, bolt_section, text_of

LIBRARY = """
    LOSS = {loss}

    def work(n):
        total = 0
        for i in range(n):
            total += i * i
        return total

    def table(n):
        return bytes({factor} * n)
"""
SUITE = """
    import fcntl
    import os

    import pytest
    from mylib import core

    @pytest.mark.bolt(fail_on={{"peak_memory": "10%"}})
    def test_memory(benchmark):
        benchmark(core.table, 10_000)

    @pytest.mark.bolt(fail_on={{"loss": "1%"}}, clock="cpu", memory=True)
    def test_loss(bolt):
        bolt.measure(core.work, args=(1000,))
        bolt.record("loss", core.LOSS, "nats")

    @pytest.mark.bolt(fail_on={{"acuracy": None}})
    def test_unseen(bolt):
        bolt.measure(core.work, args=(1000,))
        bolt.record("accuracy", 0.5, better="higher")

    @pytest.mark.bolt(threads=3)
    def test_threads(bolt):
        bolt.measure(core.work, args=(1000,))
        bolt.record("threads", int(os.environ["OMP_NUM_THREADS"]), better="higher")

    @pytest.fixture(scope="session")
    def alone():
        with open({lock!r}, "w") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)  # raises where the other side holds it
            yield

    @pytest.mark.bolt(interleave=False)
    def test_alone(alone, benchmark):
        benchmark(core.work, 1000)

    @pytest.mark.bolt(clock="device")
    def test_no_device(benchmark):
        benchmark(core.work, 1000)
"""


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_everything_beside_the_time(project, tmp_path):
    project.library(LIBRARY.format(loss=2.5, factor=1))
    project.suite(SUITE.format(lock=str(tmp_path / "lock")))
    project.library(LIBRARY.format(loss=2.6, factor=2))
    report = project.report(COMPARE, "--bolt-margin=30%", "--bolt-markdown=report.md")
    found, verdicts = report.comparisons, report.verdicts
    said = text_of(report.result)

    memory = metric(found["test_memory"], "peak_memory")
    assert memory["verdict"] == "worse"
    assert memory["ratio"]["low"] == memory["ratio"]["high"] == pytest.approx(2.0, rel=0.02)
    assert len(memory["values"]) >= 3
    assert found["test_memory"]["failed"]
    assert "WORSE: peak_memory 9." in said
    assert "margin 10 %, lower is better" in said

    loss = metric(found["test_loss"], "loss")
    assert (loss["base"], loss["head"], loss["verdict"], loss["failed"]) == (2.5, 2.6, "worse", True)
    assert found["test_loss"]["clock"] == "cpu"
    assert found["test_loss"]["notes"]["clock"] == "cpu, as asked for"
    assert {"peak_memory", "peak_rss"} <= {each["name"] for each in found["test_loss"]["metrics"]}
    assert "peak_memory" not in {each["name"] for each in found["test_threads"]["metrics"]}

    threads = metric(found["test_threads"], "threads")
    assert {value for pair in threads["values"] for value in pair} == {3.0}
    assert found["test_threads"]["clock"] == "wall"

    assert verdicts["test_alone"] in {"same", "inconclusive"}  # and not incorrect: the lock was free
    assert "one side after the other" in found["test_alone"]["method"]

    assert verdicts["test_no_device"] == "incorrect"
    assert "this benchmark asks for the device's clock" in found["test_no_device"]["reason"]

    (complaint,) = [line for line in bolt_section(report.result) if line.startswith("the gate on acuracy")]
    assert complaint.endswith("test_unseen; seen were: accuracy, cpu_time")
    assert not found["test_unseen"]["failed"]
    assert "### Worse by a metric" in (project.root / "report.md").read_text()
    failed = {name for name, comparison in found.items() if comparison["failed"]}
    assert failed == {"test_memory", "test_loss", "test_no_device"}
    report.result.assert_outcomes(failed=3, passed=3)

    shown = project.command("show", report.data["run"]["run_id"]).stdout
    assert "WORSE, failed" in shown
    assert shown.count("2.5 nats") == 1


def metric(comparison: dict, name: str) -> dict:
    (found,) = [each for each in comparison["metrics"] if each["name"] == name]
    return found


def test_a_gate_on_what_nobody_records_does_not_end_green(project):
    """A time that is fine does not make up for a gate that saw nothing."""
    project.edit("mylib/core.py", "total = 0", "total = 0 + 0")
    result = project.pytest(COMPARE, QUICK, "--bolt-fail-on=slower,loss:1%")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(
        [
            "bolt: margin 5 %, fails on incorrect, slower, loss beyond 1 %",
            "the gate on loss never saw a value of both sides in tests/test_speed.py::test_work; seen were: none",
        ]
    )
    with sqlite3.connect(project.root / ".bolt" / "store.sqlite") as connection:
        (settings,) = connection.execute("SELECT settings FROM bolt_runs").fetchone()
    connection.close()
    assert "slower,loss:0.01" in settings
