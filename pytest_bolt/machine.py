"""What is known of this machine and interpreter, and how several processes share it."""

from __future__ import annotations

import os
import platform
import re
import socket
import sys
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from pytest_bolt.core.environment import Environment

_PACKAGES = ("pytest", "pytest-benchmark", "pytest-bolt", "numpy", "torch", "triton")
_NVIDIA = Path("/proc/driver/nvidia")
_CPU_INFO = Path("/proc/cpuinfo")


def environment(*, threads: str, variables: Mapping[str, str]) -> Environment:
    """Return the facts of this machine.

    Arguments:
        threads: the intra-op threads of a worker, as text.
        variables: environment variables that were set for the workers.
    """
    facts = {
        "cpu_model": cpu_model(),
        "cpu_count": str(cpu_count()),
        "system": platform.system(),
        "machine": platform.machine(),
        "kernel": platform.release(),
        "python_implementation": platform.python_implementation(),
        "python_minor": f"{sys.version_info.major}.{sys.version_info.minor}",
        "python": platform.python_version(),
        "threads": threads,
        "host": socket.gethostname(),
        "process": str(os.getpid()),
        "load": _load(),
        **{name: installed for name in _PACKAGES if (installed := _version(name))},
        **_gpus(),
        **{f"env {name}": value for name, value in sorted(variables.items())},
    }
    return Environment(facts=facts)


def cpu_model() -> str:
    """Return the processor's name, empty where the system does not tell."""
    try:
        lines = _CPU_INFO.read_text(errors="replace").splitlines()
    except OSError:
        return platform.processor()
    names = [line.partition(":")[2].strip() for line in lines if line.lower().startswith("model name")]
    return names[0] if names else platform.processor()


def cpu_count() -> int:
    """Return how many processors this process may use; 0 where nobody knows."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 0


def share_processors(processes: int) -> None:
    """Leave each of several processes of tests, as under xdist, its share of torch's threads.

    With all of them in each, there are several a processor, which wait for one another: the suites take three
    times as long (`benchmarks/README.md`).
    """
    torch = sys.modules.get("torch")
    if processes > 1 and torch is not None:
        torch.set_num_threads(min(torch.get_num_threads(), max(cpu_count() // processes, 1)))


def _load() -> str:
    return f"{os.getloadavg()[0]:.2f}" if hasattr(os, "getloadavg") else ""


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def _gpus() -> dict[str, str]:
    """Return GPU names and the driver's major version, from where the driver tells them without torch."""
    try:
        driver = (_NVIDIA / "version").read_text(errors="replace")
        facts = [path.read_text(errors="replace") for path in sorted(_NVIDIA.glob("gpus/*/information"))]
    except OSError:
        return {}
    models = [
        line.partition(":")[2].strip()
        for text in facts
        for line in text.splitlines()
        if line.startswith("Model:")
    ]
    major = re.search(r"\s(\d+)\.\d+", driver)
    return {"gpu_names": ", ".join(models), "gpu_driver_major": major[1] if major else ""}
