from __future__ import annotations

import subprocess

import pytest

from benchmarks import busy


def test_neighbours_work_while_the_block_runs_and_no_longer(monkeypatch):
    started = []

    class Watched(subprocess.Popen):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            started.append(self)

    monkeypatch.setattr(busy.subprocess, "Popen", Watched)
    with pytest.raises(KeyboardInterrupt), busy.neighbours(2):  # noqa: PT012 - what happens inside is the test
        assert [process.poll() for process in started] == [None, None]
        raise KeyboardInterrupt
    assert all(process.poll() is not None for process in started)
