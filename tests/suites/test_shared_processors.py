"""Torch's threads where several processes of tests run at once."""

from __future__ import annotations

import pytest
import torch

from pytest_bolt import machine

THREADS = """
import torch

def test_threads(impl):
    assert torch.get_num_threads() == {threads}
"""


@pytest.fixture
def four(monkeypatch):
    """Four processors, and torch with a thread for each."""
    before = torch.get_num_threads()
    monkeypatch.setattr(machine, "cpu_count", lambda: 4)
    torch.set_num_threads(4)
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize(("processes", "threads"), [(1, 4), (2, 2), (3, 1), (8, 1)])
def test_each_process_has_its_share(four, processes, threads):
    machine.share_processors(processes)
    assert torch.get_num_threads() == threads


def test_fewer_threads_stay_fewer(four):
    torch.set_num_threads(1)
    machine.share_processors(2)
    assert torch.get_num_threads() == 1


def test_workers_of_xdist_share_the_processors(pytester, monkeypatch):
    for name in ("PYTEST_XDIST_WORKER", "PYTEST_XDIST_WORKER_COUNT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("OMP_NUM_THREADS", "64")
    pytester.makepyfile(
        mine="def run_it(): ...\n", test_it=THREADS.format(threads=max(machine.cpu_count() // 2, 1))
    )
    pytester.runpytest_subprocess("--bolt-adapter=mine.py", "-n", "2").assert_outcomes(passed=1)
