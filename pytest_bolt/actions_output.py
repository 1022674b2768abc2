"""Whether a job of GitHub Actions is to be told of the run, and the summary of its step."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pytest_bolt.core.record import Summary
from pytest_bolt.core.summary import MachineLimits
from pytest_bolt.reports.markdown import render
from pytest_bolt.reports.sections import Budget

_SUMMARY_BYTES = 1_000_000  # of a step; the platform drops one of more than 1,024 KiB as a whole
_SUMMARY_FILE = "GITHUB_STEP_SUMMARY"


def is_wanted(when: str, environ: Mapping[str, str]) -> bool:
    """Return whether the runner is to be told; `when` is what `--bolt-github` says."""
    return when == "on" or (when == "auto" and environ.get("GITHUB_ACTIONS") == "true")


def write_step_summary(summary: Summary, limits: MachineLimits | None, environ: Mapping[str, str]) -> str:
    """Add the report to the step's summary; return a line about it, empty where the job has none.

    What the step has in its summary already counts against what the platform takes. A summary that cannot be
    written is told and is no error: the run has other reports.
    """
    name = environ.get(_SUMMARY_FILE, "")
    if not name:
        return ""
    path = Path(name)
    try:
        left = _SUMMARY_BYTES - (path.stat().st_size if path.exists() else 0)
        text = render(summary, limits, budget=Budget(size=max(left, 0)))
        if len(text.encode()) > left:
            return "the step's summary is full: nothing was added to it"
        with path.open("a", encoding="utf-8") as file:
            file.write(f"\n{text}")
    except OSError as error:
        return f"the step's summary could not be written: {error.strerror}"
    return "added the report to the step's summary"
