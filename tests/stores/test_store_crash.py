"""Several processes at once, and processes that are killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest
import stored_samples
from stored_samples import NOON, make_run, simple_comparison

import pytest_bolt
from pytest_bolt.core.record import RunState
from pytest_bolt.stores.processes import is_gone, this_host, this_process
from pytest_bolt.stores.store import open_store

COUNT = 50


@contextmanager
def writer(url, run_id, count=COUNT):
    """A process that stores a run of `count` cases."""
    environment = {**os.environ, "PYTHONPATH": str(Path(pytest_bolt.__file__).parents[1])}
    command = [sys.executable, stored_samples.__file__, url, run_id, str(count)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def test_two_processes_at_once_lose_nothing(store_url):
    ids = ("aaaaaaaaaaaa", "bbbbbbbbbbbb")
    with writer(store_url, ids[0]) as first, writer(store_url, ids[1]) as second:
        first.communicate()
        second.communicate()
        assert (first.returncode, second.returncode) == (0, 0)
    with open_store(store_url) as store:
        for run_id in ids:
            summary = store.summary(run_id)
            assert summary.run.state is RunState.FINISHED
            assert [c.case.case_id.node_id for c in summary.comparisons] == [
                f"test_{n}" for n in range(COUNT)
            ]
            assert len(store.records(run_id)) == 2 * COUNT
        values = store.baseline(make_run().base.commit, make_run().environment.fingerprint)
        assert {len(each) for each in values.values()} == {2}


def kill_while_writing(url, run_id, after):
    """Kill a writer once it has said that it stored `after` cases; return how many it stored for sure."""
    with writer(url, run_id, count=10_000) as process:
        for _ in range(after + 1):
            process.stdout.readline()
        process.send_signal(signal.SIGKILL)
        return after + process.stdout.read().count("added\n")


def check_killed(url, run_id, sure):
    with open_store(url) as store:
        summary = store.summary(run_id)
        assert summary.run.state is RunState.INTERRUPTED
        assert sure <= len(summary.comparisons) <= sure + 1
        assert len(store.records(run_id)) == 2 * len(summary.comparisons)
        store.probe()


def test_a_killed_run_leaves_the_store_readable(store_url):
    for number in range(5):
        run_id = f"{number:012x}"
        check_killed(store_url, run_id, kill_while_writing(store_url, run_id, after=number))
    with open_store(store_url) as store:
        assert len(store.runs()) == 5


@pytest.mark.slow
def test_twenty_killed_runs_leave_the_store_readable(store_url):
    for number in range(20):
        run_id = f"{number:012x}"
        check_killed(store_url, run_id, kill_while_writing(store_url, run_id, after=number % 10))


def test_a_run_goes_on_while_its_process_lives(store_url):
    with writer(store_url, "aaaaaaaaaaaa", count=10_000) as process, open_store(store_url) as store:
        process.stdout.readline()
        assert store.run("a").state is RunState.RUNNING
        process.kill()
        process.wait()
        assert store.run("a").state is RunState.INTERRUPTED


def test_a_finished_run_stays_finished_when_its_process_is_gone(store_url):
    with writer(store_url, "aaaaaaaaaaaa", count=0) as process:
        process.communicate()
    with open_store(store_url) as store:
        assert store.run("a").state is RunState.FINISHED


def test_whose_process_is_gone():
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    assert is_gone(this_host(), str(process.pid))
    assert not is_gone("another machine", str(process.pid))
    assert not is_gone(this_host(), this_process())


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="only Linux tells when a process started")
def test_a_number_used_again_is_another_process():
    pid, started = this_process().split()
    assert is_gone(this_host(), f"{pid} {int(started) + 1}")


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="only Linux tells when a process started")
def test_a_zombie_is_gone():
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    started = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[19]
    identity = f"{process.pid} {started}"
    assert not is_gone(this_host(), identity)
    process.stdin.close()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert is_gone(this_host(), identity)
    process.wait()


def test_readers_are_not_disturbed_by_a_writer(store_url):
    with open_store(store_url) as store:
        run = make_run()
        store.begin(run)
        with open_store(store_url, read_only=True) as reader, store._writing():
            assert reader.run(run.run_id).state is RunState.RUNNING
        store.add(run.run_id, simple_comparison(stored_samples.make_case()))
        store.finish(run.run_id, state=RunState.FINISHED, ended=NOON)
