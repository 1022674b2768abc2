"""Results of other tools, as documents."""

from __future__ import annotations

import os
import subprocess
import sys

ASV = {
    "commit_hash": "d" * 40,
    "env_name": "py3.11",
    "date": 1_760_000_000_000,
    "params": {"machine": "box", "os": "Linux"},
    "python": "3.11",
    "requirements": {},
    "env_vars": {},
    "result_columns": ["result", "params", "version"],
    "results": {"m.time_it": [[2e-6, None, float("nan")], [["1", "2", "3"]], "v1"]},
    "durations": {},
    "version": 2,
}


BMF = {
    "a": {"latency": {"value": 88.5, "lower_value": 80}, "throughput": {"value": 3}},
    "b|\n": {"x": {"value": 1}},
}


def program(*command, folder, check=True):
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "BOLT_"))
    }
    return subprocess.run(
        [sys.executable, "-m", *command],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=check,
    )
