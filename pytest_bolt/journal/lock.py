"""One writer at a time for a file that several runs change."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pytest_bolt.atomic_file import unwritable
from pytest_bolt.errors import BoltError

WAIT_S = 30.0
_POLL_S = 0.02


@contextmanager
def locked(path: Path, *, wait_s: float = WAIT_S) -> Iterator[None]:
    """Hold the lock of the file at `path`, a file beside it that is removed again.

    The kernel frees the lock of a process that dies, so that a lock file left behind stops nobody.

    Raises:
        BoltError: if another process holds the lock for `wait_s` seconds, or the folder is read-only.
    """
    lock = path.with_name(f".{path.name}.lock")
    descriptor = _acquired(lock, path, wait_s)
    try:
        yield
    finally:
        with suppress(OSError):
            lock.unlink()
        os.close(descriptor)


def _acquired(lock: Path, path: Path, wait_s: float) -> int:
    deadline = time.monotonic() + wait_s
    while (descriptor := _tried(lock, path)) is None:
        if time.monotonic() >= deadline:
            advice = "wait for the other run to end, then run again"
            raise BoltError("another process is writing this journal", seen={"lock": lock}, advice=advice)
        time.sleep(_POLL_S)
    return descriptor


def _tried(lock: Path, path: Path) -> int | None:
    """Return the descriptor of the lock, None where another process has it or has just removed it."""
    try:
        lock.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(lock, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o666)
    except OSError as error:
        raise unwritable(path, error) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.fstat(descriptor).st_ino == lock.stat().st_ino:
            return descriptor
    except OSError:  # held by another process, or its file was removed meanwhile
        os.close(descriptor)
        return None
    os.close(descriptor)
    return None
