"""How much slower the head's functions are, by timing both in one process: not the way the plugin measures.

Both trees are imported into one process, which calls the function of each in turn with the same arguments and
reads its own CPU time. The median over many turns, then over several fresh processes, is the size of a
slowdown that is not known by construction.

    python -m benchmarks.direct_timing BASE HEAD SECONDS NAME...    one such process; ratios by name, as JSON
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.torch_slowdowns import Subject
from pytest_bolt.measuring.process import PINNED_ENVIRONMENT, THREAD_VARIABLES

Call = Callable[[], object]
BATCH_NS = 2_000_000
FEWEST_QUADS = 3
_PACKAGES = ("sample_library", "suites", "reference")


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """By how many percent the head is slower, with the standard error over processes."""

    percent: float
    error: float


def sizes(base: Path, head: Path, names: Sequence[str], *, processes: int, seconds: float) -> dict[str, Size]:
    """Return the size of each slowdown, from so many fresh processes.

    Arguments:
        base: the folder of the base's tree.
        head: the folder of the head's tree.
        names: of tests, such as `test_speed[squares]`.
        processes: how many.
        seconds: for each test in each process.
    """
    seen = [_one_process(base, head, names, serial, seconds) for serial in range(processes)]
    return {name: _size([each[name] for each in seen]) for name in names}


def _size(ratios: Sequence[float]) -> Size:
    spread = statistics.stdev(ratios) / len(ratios) ** 0.5 if len(ratios) > 1 else 0.0
    return Size(percent=round(100 * (statistics.median(ratios) - 1), 2), error=round(100 * spread, 2))


def _one_process(
    base: Path, head: Path, names: Sequence[str], serial: int, seconds: float
) -> dict[str, float]:
    environ = {**os.environ, **PINNED_ENVIRONMENT, **dict.fromkeys(THREAD_VARIABLES, "1")}
    environ["PADDING"] = "x" * random.Random(serial).randrange(4096)  # noqa: S311 - moves the stack, hides nothing
    command = [sys.executable, "-m", "benchmarks.direct_timing", str(base), str(head), str(seconds), *names]
    root = Path(__file__).parent.parent
    done = subprocess.run(command, cwd=root, env=environ, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def calls(folder: str, names: Sequence[str], inputs: dict[str, Any]) -> dict[str, Call]:
    """Import the packages of a tree and return what each test times.

    Arguments:
        folder: of the tree.
        names: of tests.
        inputs: by name of a test, filled here where it is missing: both sides read the same memory, as where
            it lies makes a difference of its own.
    """
    for name in [name for name in sys.modules if name.partition(".")[0] in _PACKAGES]:
        del sys.modules[name]
    sys.path.insert(0, folder)
    importlib.invalidate_caches()
    try:
        return {name: _call(name, inputs) for name in names}
    finally:
        sys.path.remove(folder)


def _call(name: str, inputs: dict[str, Any]) -> Call:
    return _generated(name, inputs) if name.startswith("test_speed[") else _shipped(name, inputs)


def _generated(name: str, inputs: dict[str, Any]) -> Call:
    workloads = importlib.import_module("sample_library.workloads").WORKLOADS
    function, items = workloads[name.removeprefix("test_speed[").removesuffix("]")]
    taken = inputs[name] = inputs[name] if name in inputs else items()
    return lambda: function(taken)


def _shipped(name: str, inputs: dict[str, Any]) -> Call:
    subject, manual = Subject.of(name), importlib.import_module("reference.adapters.manual")
    x, k, v, weight = inputs[name] = inputs[name] if name in inputs else _tensors(subject)
    if subject.operation == "softmax":
        return lambda: manual.run_softmax(x, -1)
    if subject.operation == "rmsnorm":
        return lambda: manual.run_rmsnorm(subject.shape[-1], 1e-5, weight, x)
    return lambda: manual.run_attention(x, k, v, causal=subject.causal)


def _tensors(subject: Subject) -> tuple[Any, ...]:
    """Return three tensors of the subject's shape and one of its last dimension."""
    import torch

    torch.set_num_threads(1)
    generator = torch.Generator().manual_seed(1)
    shapes = (subject.shape, subject.shape, subject.shape, subject.shape[-1:])
    kind = getattr(torch, subject.dtype)
    return tuple(torch.randn(shape, generator=generator).to(kind) for shape in shapes)


def ratio(base: Call, head: Call, seconds: float) -> float:
    """Return the median ratio head/base of CPU time over quads of base, head, head, base."""
    once = min(_elapsed(base, 1) for _ in range(3))
    count = max(1, round(BATCH_NS / max(1, once)))
    _elapsed(base, count), _elapsed(head, count)
    ratios: list[float] = []
    end = time.monotonic() + seconds
    while len(ratios) < FEWEST_QUADS or time.monotonic() < end:
        first, second, third, fourth = (_elapsed(call, count) for call in (base, head, head, base))
        ratios.append((second + third) / (first + fourth))
    return statistics.median(ratios)


def _elapsed(call: Call, count: int) -> int:
    begin = time.process_time_ns()
    for _ in range(count):
        call()
    return time.process_time_ns() - begin


def main(words: Sequence[str]) -> int:
    """Print the ratio of each test, as JSON."""
    base, head, seconds, *names = words
    inputs: dict[str, Any] = {}
    sides = calls(base, names, inputs), calls(head, names, inputs)
    gc.collect()
    gc.disable()
    print(json.dumps({name: ratio(sides[0][name], sides[1][name], float(seconds)) for name in names}))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
