"""Memory of a process and of what it started are told apart."""

from __future__ import annotations

import os
import sys

import pytest

from benchmarks.watched_process import run

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
MB = 1_000_000
PARENT = """
import subprocess, sys
print("started")
subprocess.run([sys.executable, "-c", "len(bytes(range(256)) * 1_000_000)"], check=True)
sys.exit(3)
"""


def test_a_grandchild_is_not_the_child(tmp_path):
    finished = run([sys.executable, "-c", PARENT], cwd=tmp_path, environ=os.environ, output=tmp_path / "out")
    assert finished.code == 3
    assert finished.tail == "started"
    assert 0 < finished.own_peak < 200 * MB
    assert finished.any_peak > 250 * MB
