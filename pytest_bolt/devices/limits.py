"""What this machine does at best, measured as one worker would run: bytes and operations a second."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from typing import Any

from pytest_bolt.core.summary import MachineLimits

_COPY_BYTES = 1 << 27
_MATRIX = 768
_REPEATS = 7
_LIMIT_S = 120


def measured_limits() -> MachineLimits | None:
    """Return the limits of the processor with one thread; None where torch is not installed.

    Bandwidth is that of a copy of 128 MiB (read and write counted), arithmetic that of a square matrix
    product, each the best of seven.
    """
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    try:
        answer = subprocess.run(
            [sys.executable, "-m", "pytest_bolt.devices.limits"],
            env=environment,
            capture_output=True,
            timeout=_LIMIT_S,
            check=True,
        )
        found = json.loads(answer.stdout)
    except (OSError, subprocess.SubprocessError, ValueError):
        return None
    return MachineLimits(bytes_per_second=found["bytes"], flops_per_second=found["flops"])


def _measure() -> dict[str, Any]:
    import torch

    source = torch.ones(_COPY_BYTES // 4)
    target = torch.empty_like(source)
    copy = _best(lambda: target.copy_(source))
    flops = {}
    for dtype in (torch.float32, torch.bfloat16):
        matrix = torch.ones(_MATRIX, _MATRIX, dtype=dtype)
        flops[str(dtype).removeprefix("torch.")] = 2 * _MATRIX**3 / _best(lambda m=matrix: m @ m)
    return {"bytes": 2 * _COPY_BYTES / copy, "flops": flops}


def _best(work: Any) -> float:
    times = []
    for _ in range(_REPEATS + 1):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times[1:])


if __name__ == "__main__":
    sys.stdout.write(json.dumps(_measure()))
