"""Reports as a measuring job hands them over."""

from __future__ import annotations

from datetime import UTC, datetime

from fake_hosts import HEAD

from pytest_bolt.core.case import Case, CaseId
from pytest_bolt.core.comparison import Comparison, Interval
from pytest_bolt.core.environment import Environment
from pytest_bolt.core.place import LINE_NOTE
from pytest_bolt.core.record import Revision, Run, RunState, Summary
from pytest_bolt.core.units import IterationTime
from pytest_bolt.core.verdict import Verdict
from pytest_bolt.reports.json_report import render

BASE = "0123456789" * 4


def report(*names, head=HEAD, ratio=1.2, **fields):
    """Return the report of a run in which every benchmark is slower and fails."""
    interval = Interval(estimate=ratio, low=ratio - 0.05, high=ratio + 0.05)
    comparisons = tuple(
        Comparison(
            case=Case(case_id=CaseId(node_id=name)),
            verdict=Verdict.SLOWER,
            margin=0.05,
            ratio=interval,
            base_time=IterationTime(1000.0),
            head_time=IterationTime(1000.0 * ratio),
            detectable=0.03,
            pairs=8,
            failed=True,
            notes={LINE_NOTE: "12"},
        )
        for name in names or ("tests/test_speed.py::test_work",)
    )
    plain = {
        "run_id": "0a1b2c3d4e5f",
        "started": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
        "command": ("pytest", "--bolt-compare=origin/main", "tests"),
        "head": Revision(commit=head, branch="feature"),
        "base": Revision(commit=BASE, name="origin/main"),
        "environment": Environment(facts={"cpu_model": "Imaginary 9"}),
        "mode": "paired",
        "state": RunState.FINISHED,
    }
    return render(
        Summary(run=Run(**{**plain, **fields}), comparisons=comparisons, collected=len(comparisons))
    )
