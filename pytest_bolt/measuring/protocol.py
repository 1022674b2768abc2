"""The wire between controller and worker: one JSON object a line over a pair of inherited pipes.

A worker blocks in `read` while the other side is timed: it neither spins nor polls.
"""

from __future__ import annotations

import json
import os
import select
from collections.abc import Mapping
from typing import Any

from pytest_bolt.core.timing import Timing
from pytest_bolt.core.units import BatchTime

Message = Mapping[str, Any]

_CHUNK = 1 << 16


class ChannelClosed(Exception):
    """The other end is gone."""


class ChannelTimeout(Exception):
    """Nothing arrived in time."""


class Channel:
    """Both ends of the wire look the same: a descriptor to read from and one to write to."""

    def __init__(self, read_fd: int, write_fd: int) -> None:
        self._read_fd = read_fd
        self._write_fd = write_fd
        self._buffer = bytearray()

    def send(self, message: Message) -> None:
        """Write one message, as text what JSON has no word for. Raises ChannelClosed if nobody reads."""
        view = memoryview(json.dumps(message, default=repr, skipkeys=True).encode() + b"\n")
        try:
            while view:
                view = view[os.write(self._write_fd, view) :]
        except OSError as error:
            raise ChannelClosed(str(error)) from error

    def receive(self, timeout_s: float | None = None) -> dict[str, Any]:
        """Return the next message. Raises ChannelClosed, or ChannelTimeout after `timeout_s` of silence."""
        while (end := self._buffer.find(b"\n")) < 0:
            if timeout_s is not None and not select.select([self._read_fd], [], [], timeout_s)[0]:
                raise ChannelTimeout
            try:
                chunk = os.read(self._read_fd, _CHUNK)
            except OSError as error:
                raise ChannelClosed(str(error)) from error
            if not chunk:
                raise ChannelClosed
            self._buffer += chunk
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        message: dict[str, Any] = json.loads(line)
        return message

    def close(self) -> None:
        """Close both descriptors; the other end then sees that the wire is gone."""
        for fd in (self._read_fd, self._write_fd):
            try:
                os.close(fd)
            except OSError:  # closed before
                continue


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
