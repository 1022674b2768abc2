"""Benchmarks that print, fork, start threads, loops and interpreters, or change global state."""

from __future__ import annotations

import os
from collections import defaultdict
from pathlib import Path

from plugin_projects import COMPARE, QUICK, text_of

SIDE = """
    SIDE = {side!r}

    def work(n):
        return sum(i * i for i in range(n))

    def side(_=None):
        return SIDE
"""
SUITE = """
    import asyncio
    import multiprocessing
    import os
    import random
    import subprocess
    import sys
    import threading
    from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

    import pytest
    from mylib.core import side, work

    CALLS = []

    def tell(what, value):
        with open(os.environ["TRACE"], "a") as trace:
            trace.write(f"{side()} {what} {value}\\n")

    def test_loud(benchmark, capfd):
        def loud():
            print("aloud")
            os.write(1, b"raw\\n")
            os.write(2, b"raw error\\n")
        benchmark(loud)
        assert capfd.readouterr().err.startswith("raw error")

    def test_loud_and_not_captured(benchmark):
        benchmark(lambda: (print("uncaptured", file=sys.stderr), os.write(1, b"uncaptured")))

    def test_fork(benchmark):
        def forked():
            if (pid := os.fork()) == 0:
                os._exit(0)
            return os.waitpid(pid, 0)[1]
        assert benchmark(forked) == 0

    @pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
    def test_pool(benchmark, method):
        with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context(method)) as pool:
            tell(method, benchmark(lambda: list(pool.map(side, [0])))[0])

    def test_interpreter(benchmark):
        command = [sys.executable, "-c", "from mylib.core import SIDE; print(SIDE)"]
        done = benchmark(lambda: subprocess.run(command, check=True, capture_output=True, text=True))
        tell("interpreter", done.stdout.strip())

    def test_process_left_behind(benchmark):
        tell("pid", subprocess.Popen(["sleep", "600"], start_new_session=True).pid)
        benchmark(work, 10)

    def test_threads(benchmark):
        threading.Thread(target=threading.Event().wait, daemon=True).start()
        with ThreadPoolExecutor(2) as pool:
            assert benchmark(lambda: list(pool.map(work, [10, 20]))) == [285, 2470]

    def test_asyncio(benchmark):
        async def main():
            await asyncio.sleep(0)
            return work(10)
        assert benchmark(lambda: asyncio.run(main())) == 285

    def test_global_state(benchmark, tmp_path):
        def change():
            CALLS.append(1)
            os.environ["LEFT_BEHIND"] = "x"
            random.seed(len(CALLS))
        os.chdir(tmp_path)
        benchmark(change)
        assert len(CALLS) > 1

    @pytest.mark.parametrize("n", [1, 2, 3], ids=["a", "a", "a0"])
    def test_ids_that_collide(benchmark, n):
        benchmark(work, n)

    @pytest.mark.parametrize("n", {"p", "q", "r"})
    def test_ids_in_any_order(benchmark, n):
        benchmark(work, 10)

    @pytest.mark.parametrize("n", [1], ids=[str(os.getpid())])
    def test_id_of_the_process(benchmark, n):
        benchmark(work, 10)

    @pytest.mark.parametrize("n", [1], ids=[side()])
    def test_id_of_the_side(benchmark, n):
        benchmark(work, 10)

    def test_caches(benchmark):
        benchmark(work, 10)
        for name in ("TORCH_EXTENSIONS_DIR", "TORCHINDUCTOR_CACHE_DIR", "TRITON_CACHE_DIR"):
            tell(name, os.environ[name])
"""


def is_running(pid, mark):
    """Return whether the process is one of ours: its number may be another's by now, or a thread's."""
    try:
        return mark.encode() in Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return False


def test_they_are_compared_each_side_with_its_own_children(project, monkeypatch, tmp_path):
    trace = tmp_path / "trace"
    monkeypatch.setenv("TRACE", str(trace))
    project.library(SIDE.format(side="base"))
    project.suite(SUITE)
    project.library(SIDE.format(side="head"))
    report = project.report(COMPARE, QUICK, "--bolt-env=keep")
    unstable = {name for name in report.verdicts if name.startswith("test_id_of_the_process")}
    assert len(report.verdicts) == 20, text_of(report.result)
    of_the_head = {"test_id_of_the_side[head]"}
    others = report.verdicts.keys() - unstable - of_the_head
    assert {report.verdicts[name] for name in others} == {"inconclusive"}
    told = defaultdict(set)
    for line in trace.read_text().splitlines():
        side, what, value = line.split()
        told[what].add((side, value))
    for child in ("fork", "spawn", "forkserver", "interpreter"):
        assert told[child] == {("base", "base"), ("head", "head")}
    for cache in ("TORCH_EXTENSIONS_DIR", "TORCHINDUCTOR_CACHE_DIR", "TRITON_CACHE_DIR"):
        # Also where the environment is kept: such caches are keyed by name alone.
        assert {side for side, _ in told[cache]} == {"base", "head"}
        assert len({folder for _, folder in told[cache]}) == 2
    assert not [pid for _, pid in told["pid"] if is_running(pid, str(trace))]
    assert "uncaptured" not in text_of(report.result)
    assert "LEFT_BEHIND" not in os.environ
    # An id that is another in every process cannot be found again, and the reader is told so.
    reason = "a second pytest collects no test of this id: an id has to be the same in every run"
    assert {report.comparisons[name]["reason"] for name in unstable} == {reason}
    assert {report.verdicts[name] for name in of_the_head} == {"incomparable"}
    reason = "the base collects no test of this id"
    assert {report.comparisons[name]["reason"] for name in of_the_head} == {reason}
