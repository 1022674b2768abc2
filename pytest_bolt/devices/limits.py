"""What this machine does at best, measured as one worker would run: bytes and operations a second.

It is measured once for a fingerprint and kept in the cache folder, so that two runs speak of one limit.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from pytest_bolt.atomic_file import write_atomically
from pytest_bolt.core.summary import MachineLimits
from pytest_bolt.errors import BoltError

_COPY_BYTES = 1 << 27
_MATRIX = 768
_REPEATS = 7
_LIMIT_S = 120


def limits_of(cache: Path, fingerprint: str) -> MachineLimits | None:
    """Return the limits of the processor with one thread; None where torch is not installed.

    Bandwidth is that of a copy of 128 MiB (read and write counted), arithmetic that of a square matrix
    product in each dtype, each the best of seven.

    Arguments:
        cache: the folder in which they are kept; without it, or where it cannot be written, they are
            measured each time.
        fingerprint: the digest of this machine's.
    """
    kept = cache / f"limits-{fingerprint}.json"
    found = _kept(kept)
    if found is None:
        found = _measured()
        if found is not None:
            with suppress(BoltError):
                write_atomically(kept, json.dumps(found) + "\n")
    if found is None:
        return None
    return MachineLimits(bytes_per_second=found["bytes"], flops_per_second=found["flops"])


def _kept(path: Path) -> dict[str, Any] | None:
    """Return what is kept at `path`, None where that is nothing, or damaged."""
    try:
        found = json.loads(path.read_text())
        rates = [found["bytes"], *found["flops"].values()]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return found if all(type(rate) is float and rate > 0 for rate in rates) else None


def _measured() -> dict[str, Any] | None:
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    try:
        answer = subprocess.run(
            [sys.executable, "-m", "pytest_bolt.devices.limits"],
            env=environment,
            capture_output=True,
            timeout=_LIMIT_S,
            check=True,
        )
        return dict(json.loads(answer.stdout))
    except (OSError, subprocess.SubprocessError, ValueError):
        return None


def _measure() -> dict[str, Any]:
    import torch

    source = torch.ones(_COPY_BYTES // 4)
    target = torch.empty_like(source)
    copy = _best(lambda: target.copy_(source))
    flops = {}
    for dtype in (torch.float64, torch.float32, torch.float16, torch.bfloat16):
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
