"""Workers: their arguments, environment, wire and end."""

from __future__ import annotations

import os
import select
import signal
import sys
import textwrap
from pathlib import Path

import pytest

from pytest_bolt.core.timing import Side, Timing
from pytest_bolt.core.units import BatchTime
from pytest_bolt.measuring.process import (
    PINNED_ENVIRONMENT,
    Worker,
    WorkerGone,
    WorkerSpec,
    worker_arguments,
    worker_environment,
)
from pytest_bolt.measuring.protocol import (
    Channel,
    ChannelClosed,
    ChannelTimeout,
    timing_from_wire,
    timing_to_wire,
)

DROPPED = {"--bolt-compare": 1, "--bolt": 0, "-k": 1, "-x": 0, "-n": 1, "--benchmark-*": 0, "--junitxml": 1}


@pytest.mark.parametrize(
    ("raw", "kept"),
    [
        (["--bolt-compare=main", "tests"], []),
        (["--bolt-compare", "main", "tests", "-q"], ["-q"]),
        (["-k", "soft or rms", "tests"], []),
        (["-ksoft", "tests", "-x"], []),
        (["-n4", "tests"], []),
        (["--benchmark-columns=min", "--benchmark-only", "tests"], []),
        (["--junitxml", "out.xml", "--runslow", "tests", "-p", "no:cov"], ["--runslow", "-p", "no:cov"]),
        (["--data=tests", "tests"], ["--data=tests"]),
        (["--bolt", "tests", "--", "-odd-name.py"], []),
    ],
)
def test_workers_get_what_concerns_them(raw: list[str], kept: list[str]) -> None:
    found = worker_arguments(
        raw, positionals=["tests"], dropped=DROPPED, added=["--rootdir=/r", "/r/test_a.py"]
    )
    assert found == (*kept, "--rootdir=/r", "/r/test_a.py")


def test_a_test_named_twice_is_taken_out_twice() -> None:
    assert worker_arguments(["t", "t", "-q"], positionals=["t", "t"], dropped={}, added=[]) == ("-q",)


def test_a_pinned_environment_has_one_thread_and_one_heap() -> None:
    found = worker_environment(
        {"PATH": "/bin", "OMP_NUM_THREADS": "8"}, pinned=True, threads=None, extra={"A": "b"}
    )
    assert found["PATH"] == "/bin"
    assert found["OMP_NUM_THREADS"] == "1"
    assert found["A"] == "b"
    assert PINNED_ENVIRONMENT.items() <= found.items()


def test_a_kept_environment_is_left_alone() -> None:
    environ = {"PATH": "/bin", "OMP_NUM_THREADS": "8"}
    assert worker_environment(environ, pinned=False, threads=None, extra={}) == environ


def test_threads_asked_for_are_given() -> None:
    assert worker_environment({}, pinned=True, threads=4, extra={})["MKL_NUM_THREADS"] == "4"


@pytest.mark.parametrize("name", ["COV_CORE_SOURCE", "PYTEST_XDIST_WORKER", "GIT_DIR", "PYTEST_CURRENT_TEST"])
def test_what_belongs_to_the_controller_is_not_inherited(name: str) -> None:
    assert name not in worker_environment({name: "x"}, pinned=True, threads=None, extra={})


@pytest.fixture
def wire() -> tuple[Channel, Channel]:
    here_read, there_write = os.pipe()
    there_read, here_write = os.pipe()
    return Channel(here_read, here_write), Channel(there_read, there_write)


def test_messages_arrive_whole_and_in_order(wire: tuple[Channel, Channel]) -> None:
    here, there = wire
    here.send({"op": "a", "text": "line\nbreak \u20ac"})
    here.send({"op": "b"})
    assert there.receive(1.0) == {"op": "a", "text": "line\nbreak \u20ac"}
    assert there.receive(1.0) == {"op": "b"}


def test_silence_ends_in_a_timeout(wire: tuple[Channel, Channel]) -> None:
    with pytest.raises(ChannelTimeout):
        wire[0].receive(0.01)


def test_a_closed_end_is_noticed_on_both_sides(wire: tuple[Channel, Channel]) -> None:
    here, there = wire
    there.close()
    there.close()  # once more does no harm
    with pytest.raises(ChannelClosed):
        here.receive(1.0)
    with pytest.raises(ChannelClosed):
        here.send({"op": "a"})


def test_an_error_of_the_tests_own_signal_handler_is_not_a_closed_wire(wire: tuple[Channel, Channel]) -> None:
    def ring(*_: object) -> None:
        raise TimeoutError("my own alarm")

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, 0.05)
    try:
        with pytest.raises(TimeoutError, match="my own alarm"):
            wire[0].receive()
    finally:
        signal.signal(signal.SIGALRM, before)


def test_a_timing_crosses_the_wire_unchanged() -> None:
    timing = Timing(iterations=7, wall=BatchTime(12.0), cpu=BatchTime(11.0), minor_faults=3, voluntary=1)
    assert timing_from_wire(timing_to_wire(timing)) == timing


def spec(folder: Path, test: str, *options: str) -> WorkerSpec:
    (folder / "test_it.py").write_text(test)
    return WorkerSpec(
        side=Side.HEAD,
        cwd=folder,
        root=folder,
        own=None,
        other=None,
        arguments=("-p", "no:xdist", "--no-header", f"--rootdir={folder}", *options, "test_it.py"),
        path=tuple(sys.path),
        environment=dict(os.environ),
    )


def opened(folder: Path, test: str, *options: str) -> tuple[Worker, dict[str, object]]:
    worker = Worker(spec(folder, test, *options), padding=12345)
    return worker, worker.answer(60.0)


def test_a_worker_holds_at_the_benchmark_call(tmp_path: Path) -> None:
    test = "def test_a(benchmark):\n    assert benchmark(sum, [1, 2]) == 3\n"
    worker, collected = opened(tmp_path, test)
    try:
        assert list(collected["benchmarks"]) == ["test_it.py::test_a"]
        worker.request(
            {"op": "run", "case": "test_it.py::test_a", "following": None, "check": True, "clock": None}
        )
        assert worker.answer(60.0) == {"event": "ready"}
        worker.request({"op": "round", "iterations": 10, "parts": 2, "padding": 4096})
        timings = worker.answer(60.0)["timings"]
        assert [fields[0] for fields in timings] == [10, 10]
        worker.request({"op": "finish"})
        finished = worker.answer(60.0)
        assert (finished["outcome"], finished["measured"]) == ("passed", True)
        assert [report["when"] for report in finished["reports"]] == ["setup", "call", "teardown"]
    finally:
        worker.quit()
    assert not worker.folder.exists()


def test_a_worker_that_dies_is_told_from_one_that_is_silent(tmp_path: Path) -> None:
    test = "import os, time\ndef test_a(benchmark):\n    os._exit(7)\ndef test_b(benchmark):\n    time.sleep(60)\n"
    worker, _ = opened(tmp_path, test)
    worker.request(
        {"op": "run", "case": "test_it.py::test_a", "following": None, "check": True, "clock": None}
    )
    with pytest.raises(WorkerGone, match="exit code 7") as gone:
        worker.answer(60.0)
    assert not gone.value.timed_out
    worker.kill()
    worker, _ = opened(tmp_path, test)
    worker.request(
        {"op": "run", "case": "test_it.py::test_b", "following": None, "check": True, "clock": None}
    )
    with pytest.raises(WorkerGone, match=r"no answer within 0\.2 s") as gone:
        worker.answer(0.2)
    assert gone.value.timed_out
    worker.kill()


def test_a_worker_that_cannot_start_tells_why(tmp_path: Path) -> None:
    worker = Worker(spec(tmp_path, "", "--no-such-option"), padding=1)
    with pytest.raises(WorkerGone, match="exit code 4") as gone:
        worker.answer(60.0)
    assert "--no-such-option" in gone.value.detail
    worker.kill()


def test_a_file_that_cannot_be_imported_is_named(tmp_path: Path) -> None:
    worker, collected = opened(tmp_path, "import no_such_module\n")
    worker.kill()
    assert "no_such_module" in collected["errors"]["test_it.py"]


def test_a_test_may_look_at_its_statistics_afterwards(tmp_path: Path) -> None:
    test = """
        def test_a(benchmark):
            benchmark(int)
            assert benchmark.enabled
            assert 0 < benchmark.stats["min"] <= benchmark.stats.stats.mean <= benchmark.stats["max"]
    """
    worker, _ = opened(tmp_path, textwrap.dedent(test))
    worker.request(case("test_a"))
    worker.answer(60.0)
    worker.request({"op": "round", "iterations": 10, "parts": 3, "padding": 0})
    worker.answer(60.0)
    worker.request({"op": "finish"})
    assert worker.answer(60.0)["message"] == ""
    worker.quit()


def case(name: str) -> dict[str, object]:
    return {"op": "run", "case": f"test_it.py::{name}", "following": None, "check": True, "clock": None}


def test_a_worker_goes_on_after_a_test_that_ended_while_it_was_held(tmp_path: Path) -> None:
    test = """
        import signal

        def test_watchdog(benchmark):
            def ring(*_):
                raise RuntimeError("watchdog")
            signal.signal(signal.SIGALRM, ring)
            signal.setitimer(signal.ITIMER_REAL, 0.3)
            benchmark(int)

        def test_innocent(benchmark):
            benchmark(int)
    """
    worker, _ = opened(tmp_path, textwrap.dedent(test))
    worker.request(case("test_watchdog"))
    assert worker.answer(60.0) == {"event": "ready"}
    assert worker.answer(60.0)["message"] == "RuntimeError: watchdog"
    worker.request({"op": "finish"})  # meant for the test that is gone
    worker.request(case("test_innocent"))
    assert worker.answer(60.0) == {"event": "ready"}
    worker.kill()


def test_a_child_that_comes_back_from_a_test_does_not_answer_in_its_parents_place(tmp_path: Path) -> None:
    test = "import os\ndef test_a(benchmark):\n    if os.fork() == 0:\n        raise RuntimeError\n    benchmark(int)\n"
    worker, _ = opened(tmp_path, test)
    worker.request(case("test_a"))
    assert worker.answer(60.0) == {"event": "ready"}
    worker.kill()


def test_a_crash_is_noticed_while_a_child_holds_the_pipe(tmp_path: Path) -> None:
    test = "import os, time\ndef test_a(benchmark):\n    if os.fork() == 0:\n        time.sleep(600)\n    os._exit(3)\n"
    worker, _ = opened(tmp_path, test)
    worker.request(case("test_a"))
    with pytest.raises(WorkerGone, match="exit code 3"):
        worker.answer(60.0)
    worker.kill()


def _has_ended(process: int) -> bool:
    """Whether `process` is gone, or waits for nothing but its parent's attention."""
    try:
        return ") Z " in Path(f"/proc/{process}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return True


@pytest.mark.parametrize("awaited", [True, False], ids=["waiting", "without process descriptors"])
def test_what_a_test_started_in_a_session_of_its_own_ends_with_the_worker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, awaited: bool
) -> None:
    test = """
        import subprocess, sys

        def test_a(benchmark):
            child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
            benchmark.extra_info["child"] = child.pid
            benchmark(int)
    """
    worker, _ = opened(tmp_path, textwrap.dedent(test))
    worker.request(case("test_a"))
    worker.answer(60.0)
    worker.request({"op": "finish"})
    child = worker.answer(60.0)["info"]["extra_info"]["child"]
    descriptor = os.pidfd_open(child)
    if not awaited:
        monkeypatch.delattr(os, "pidfd_open")
    worker.quit()
    if not awaited:
        assert select.select([descriptor], [], [], 60.0)[0]
    os.close(descriptor)
    assert _has_ended(child)


def test_assertions_and_warning_filters_work_as_under_plain_pytest(tmp_path: Path) -> None:
    test = """
        import warnings, pytest

        @pytest.mark.filterwarnings("error")
        def test_a(benchmark):
            warnings.warn("careful")
            benchmark(int)
    """
    worker, _ = opened(tmp_path, textwrap.dedent(test))
    worker.request(case("test_a"))
    assert worker.answer(60.0)["message"] == "UserWarning: careful"
    worker.quit()
