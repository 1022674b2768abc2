"""The wire between controller and worker: one JSON object a line over a pair of inherited pipes.

A worker blocks in `read` while the other side is timed: it neither spins nor polls.
"""

from __future__ import annotations

import errno
import json
import os
import select
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from pytest_bolt.core.timing import Timing
from pytest_bolt.core.units import BatchTime

Message = Mapping[str, Any]

_CHUNK = 1 << 16
_GONE = frozenset({errno.EPIPE, errno.EBADF, errno.ECONNRESET})


class ChannelClosed(Exception):
    """The other end is gone."""


class ChannelTimeout(Exception):
    """Nothing arrived in time."""


class Channel:
    """Both ends of the wire look the same: a descriptor to read from and one to write to."""

    def __init__(self, read_fd: int, write_fd: int) -> None:
        self._read_fd = read_fd
        self._write_fd = write_fd
        self._process: int | None = None
        self._owner = os.getpid()
        self._buffer = bytearray()
        self._poll = select.poll()
        self._poll.register(read_fd, select.POLLIN)

    def watch(self, process: int) -> None:
        """Take `process`, from `os.pidfd_open`, for the other end: its children may hold the pipe open."""
        self._process = process
        self._poll.register(process, select.POLLIN)

    def send(self, message: Message) -> None:
        """Write one message, as text what JSON has no word for. Raises ChannelClosed if nobody reads."""
        self._leave_forks()
        view = memoryview(json.dumps(message, default=repr, skipkeys=True).encode() + b"\n")
        with _closed():
            while view:
                view = view[os.write(self._write_fd, view) :]

    def receive(self, timeout_s: float | None = None) -> dict[str, Any]:
        """Return the next message. Raises ChannelClosed, or ChannelTimeout after `timeout_s` of silence."""
        self._leave_forks()
        while (end := self._buffer.find(b"\n")) < 0:
            self._wait(timeout_s)
            with _closed():
                chunk = os.read(self._read_fd, _CHUNK)
            if not chunk:
                raise ChannelClosed
            self._buffer += chunk
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        message: dict[str, Any] = json.loads(line)
        return message

    def _wait(self, timeout_s: float | None) -> None:
        """Return once there is something to read."""
        if timeout_s is None and self._process is None:
            return
        ready = {fd for fd, _ in self._poll.poll(None if timeout_s is None else timeout_s * 1000)}
        if not ready:
            raise ChannelTimeout
        if self._read_fd not in ready:
            raise ChannelClosed

    def _leave_forks(self) -> None:
        """End a forked child that has come back from a test: the wire belongs to its parent."""
        if os.getpid() != self._owner:
            os._exit(1)

    def close(self) -> None:
        """Close both descriptors; the other end then sees that the wire is gone."""
        for fd in (self._read_fd, self._write_fd, self._process):
            if fd is not None:
                with suppress(OSError):
                    os.close(fd)
        self._read_fd = self._write_fd = -1
        self._process = None


@contextmanager
def _closed() -> Iterator[None]:
    """Tell a wire that is gone from errors that a test's own signal handlers raise in between."""
    try:
        yield
    except OSError as error:
        if error.errno in _GONE:
            raise ChannelClosed(str(error)) from error
        raise


def timing_to_wire(timing: Timing) -> list[float]:
    """Return the fields of a timing in their order."""
    return [
        timing.iterations,
        timing.wall.ns,
        timing.cpu.ns,
        timing.device.ns,
        timing.minor_faults,
        timing.voluntary,
        timing.involuntary,
    ]


def timing_from_wire(fields: list[float]) -> Timing:
    """Return the timing that `timing_to_wire` took apart."""
    iterations, wall, cpu, device, faults, voluntary, involuntary = fields
    return Timing(
        iterations=int(iterations),
        wall=BatchTime(wall),
        cpu=BatchTime(cpu),
        device=BatchTime(device),
        minor_faults=int(faults),
        voluntary=int(voluntary),
        involuntary=int(involuntary),
    )
