"""Ctrl-C or SIGKILL at any moment leaves no process and no lock, and a store that can be read."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path

import pytest
from plugin_projects import COMPARE, QUICK, heed_ctrl_c

PATIENCE_S = 120.0
MOMENTS = {
    "collecting": "import time\ntime.sleep(600)\n\ndef test_work(benchmark): pass\n",
    "plain test": "import time\n\ndef test_plain():\n    time.sleep(600)\n\ndef test_work(benchmark): pass\n",
    "worker collecting": "import os, time\nif 'BOLT_WORKER' in os.environ:\n    time.sleep(600)\n\n"
    "def test_work(benchmark): pass\n",
    "in the call": "import time\n\ndef test_work(benchmark):\n    benchmark(time.sleep, 600)\n",
    "timing": "def test_work(benchmark):\n    benchmark(sum, range(1000))\n",
}
# Where a moment cannot be seen from outside, a file says that it has come.
REACHED = "import pathlib\npathlib.Path({place!r}).touch()\n"


@pytest.fixture
def marked(monkeypatch, tmp_path):
    """Return what tells the processes of this test from all others: their environment carries it."""
    marker = f"BOLT_TEST_{uuid.uuid4().hex}"
    monkeypatch.setenv(marker, "1")
    (tmp_path / "tmp").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    yield marker
    for pid in processes(marker):
        os.kill(pid, signal.SIGKILL)


def processes(marker: str) -> list[int]:
    """Return the processes, other than this one, whose environment carries the marker."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and int(folder.name) != os.getpid():
            try:
                environment = (folder / "environ").read_bytes()
            except OSError:
                continue
            if marker.encode() in environment:
                found.append(int(folder.name))
    return found


def wait_until(condition, process) -> None:
    """Wait for something that has to happen, however busy the machine is."""
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert process.poll() is None, "pytest has ended before"
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.02)


def started(project, *arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", COMPARE, *arguments]
    return subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=project.root,
        preexec_fn=heed_ctrl_c,  # noqa: PLW1509 - this test runs no threads
    )


def stop(process: subprocess.Popen[str], signal_number: int) -> str:
    process.send_signal(signal_number)
    return process.communicate(timeout=PATIENCE_S)[0]


def nobody_left(marker: str) -> bool:
    """Return whether all processes are gone; the kernel may need a moment for the orphans of a killed one."""
    end = time.monotonic() + PATIENCE_S
    while processes(marker):
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


@pytest.mark.parametrize(
    ("moment", "number"),
    [
        pytest.param(
            moment, number, id=f"{moment}-{name}", marks=() if moment == "in the call" else pytest.mark.slow
        )
        for moment in MOMENTS
        for name, number in (("ctrl-c", signal.SIGINT), ("killed", signal.SIGKILL))
    ],
)
def test_stopped_at_any_moment(project, marked, tmp_path, moment, number):
    reached = tmp_path / "reached"
    text = MOMENTS[moment]
    mark = REACHED.format(place=str(reached))
    if moment == "timing":
        text = f"{text}\n{mark}"
    else:
        text = text.replace("time.sleep(600)", f"open({str(reached)!r}, 'w').close(); time.sleep(600)")
        text = text.replace(
            "time.sleep, 600", f"lambda: (open({str(reached)!r}, 'w').close(), time.sleep(600))"
        )
    good = (project.root / "tests" / "test_speed.py").read_text()
    project.write({"tests/test_speed.py": text})
    process = started(project, "--bolt-thorough" if moment == "timing" else "-q")
    if moment == "timing":
        lines = iter(process.stdout.readline, "")
        assert any("process pair 2" in line for line in lines)
    else:
        wait_until(reached.exists, process)
    said = stop(process, number)
    if number == signal.SIGINT:
        assert process.returncode == pytest.ExitCode.INTERRUPTED, said
        assert "KeyboardInterrupt" in said
        assert "INTERNALERROR" not in said
        assert list((tmp_path / "tmp").glob("pytest-bolt-*")) == []
    assert nobody_left(marked)
    stored = json.loads(project.command("list", "--json").stdout)
    assert "running" not in json.dumps(stored)
    project.write({"tests/test_speed.py": good})
    after = project.report(COMPARE, QUICK)
    assert after.verdicts == {"test_work": "inconclusive"}
    listed = project.command("list").stdout
    if moment in {"in the call", "timing", "worker collecting"}:
        assert "interrupted" in listed, listed
    assert len(list((tmp_path / "cache" / "worktrees").glob("*/[0-9]*"))) == 1
    assert project.git("worktree", "list").count("\n") == 1


@pytest.mark.slow
def test_what_was_judged_before_ctrl_c_is_kept(project, marked):
    project.suite(
        """
        from mylib.core import work

        def test_wrong(benchmark):
            assert benchmark(work, 10) == 0

        def test_work(benchmark):
            benchmark(work, 10)
        """
    )
    process = started(project, "--bolt-thorough")
    lines = iter(process.stdout.readline, "")
    assert any("process pair 1" in line for line in lines)
    said = stop(process, signal.SIGINT)
    assert process.returncode == pytest.ExitCode.INTERRUPTED
    assert "tests/test_speed.py::test_wrong" in said
    run = json.loads(project.command("list", "--json").stdout)
    assert "interrupted" in json.dumps(run)
    shown = project.command("list").stdout
    assert "1 incorrect" in shown
