"""Run a program and know how long it took and how much memory it used, its children left out."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

EVERY_S = 0.02
GRACE_S = 20.0
_TAIL = 4000


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """How a process ended.

    `own_peak` is its own largest resident memory in bytes; `any_peak` the largest of its own and that of
    any process that it started and waited for, which is what the kernel says of a child that has ended.
    """

    code: int
    seconds: float
    own_peak: int
    any_peak: int
    output: str

    @property
    def tail(self) -> str:
        """Return the end of what it printed."""
        return self.output[-_TAIL:].strip()


def run(command: Sequence[str], *, cwd: Path, environ: Mapping[str, str], output: Path) -> Finished:
    """Run a command to its end; Ctrl-C and any other exception end it first.

    The kernel keeps the high-water mark of a process's own memory in /proc only while it lives, so it is
    read every 20 ms. It begins anew with the program, so what this process used does not count.
    """
    with output.open("wb") as out:
        begin = time.perf_counter()
        process = subprocess.Popen(
            command,
            cwd=cwd,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
        watch = _Watch(process.pid)
        try:
            _, status, usage = os.wait4(process.pid, 0)
        except BaseException:
            _end(process)
            raise
        finally:
            watch.stop()
        seconds = time.perf_counter() - begin
    process.returncode = os.waitstatus_to_exitcode(status)
    return Finished(
        code=process.returncode,
        seconds=seconds,
        own_peak=watch.peak,
        any_peak=usage.ru_maxrss * 1024,
        output=output.read_text(errors="replace"),
    )


def exit_when_terminated() -> None:
    """Make SIGTERM an ordinary exit, so that what was started is ended and temporary folders are removed."""
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))


class _Watch:
    """Reads the high-water mark of a process until told to stop."""

    def __init__(self, pid: int) -> None:
        self.peak = 0
        self._status = Path(f"/proc/{pid}/status")
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread."""
        self._stopped.set()
        self._thread.join()

    def _read(self) -> None:
        while not self._stopped.wait(EVERY_S):
            try:
                lines = self._status.read_text().splitlines()
            except OSError:
                return
            self.peak = max(
                [self.peak, *(1024 * int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))]
            )


def _end(process: subprocess.Popen[bytes]) -> None:
    """Interrupt a process so that it can end what it started; end it where that does not help."""
    process.send_signal(signal.SIGINT)
    try:
        process.wait(GRACE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
