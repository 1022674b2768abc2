"""Load on the other cores, as a neighbour on a shared machine makes it: bursts of work and pauses."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

# Seeded, so that two runs meet the same neighbour; it ends with its parent at the latest.
_NEIGHBOUR = """
import os, random, sys, time

draw, parent = random.Random(int(sys.argv[1])), os.getppid()
memory = bytearray(1 << 24)
while os.getppid() == parent:
    end = time.monotonic() + draw.uniform(0.2, 2.0)
    while time.monotonic() < end:
        memory[:] = memory[1:] + memory[:1] if draw.random() < 0.2 else memory
        sum(range(20_000))
    time.sleep(draw.uniform(0.0, 0.5))
"""


@contextmanager
def neighbours(count: int) -> Iterator[None]:
    """Keep `count` processes busy for as long as the block runs."""
    command = [sys.executable, "-c", _NEIGHBOUR]
    running = [subprocess.Popen([*command, str(seed)]) for seed in range(count)]
    try:
        yield
    finally:
        for process in running:
            process.kill()
            process.wait()
