"""A made-up run in which everything occurs that an entry can print, to try a template with."""

from __future__ import annotations

from datetime import datetime, timedelta

from pytest_bolt.core.case import Case, CaseId
from pytest_bolt.core.comparison import Comparison, Interval, Metric, NullControl
from pytest_bolt.core.environment import Environment
from pytest_bolt.core.record import Artifact, Evidence, Revision, Run, RunState, Summary
from pytest_bolt.core.statements import numbered
from pytest_bolt.core.units import IterationTime
from pytest_bolt.core.verdict import Verdict

_EXPECT = ("1. *step*: time <= -2%", "2. *step*: loss <= 1x base")
_SAID = "1. One fused kernel reads the scores once.\n2. The loss does not change."


def sample(now: datetime) -> Summary:
    """Return a finished run of four benchmarks: faster, the same, undecided and wrong."""
    compared = (
        _compared("step", Verdict.FASTER, (0.94, 0.955, 0.97), metrics=_METRICS),
        _compared("softmax", Verdict.SAME, (0.99, 1.0, 1.01)),
        _compared("load", Verdict.INCONCLUSIVE, (0.9, 1.0, 1.1), reason="the time budget ended"),
        _compared("norm", Verdict.INCORRECT, None, reason="all values are zero", failed=True),
    )
    return Summary(run=_run(now), comparisons=compared, collected=len(compared))


_METRICS = (
    Metric(name="loss", unit="nats", better="lower", base=2.6811, head=2.6811),
    Metric(name="peak_memory", unit="B", better="lower", base=1.2e9, head=1.1e9),
)


def _compared(
    name: str, verdict: Verdict, ratio: tuple[float, float, float] | None, **more: object
) -> Comparison:
    low, estimate, high = ratio or (1.0, 1.0, 1.0)
    return Comparison(
        case=Case(case_id=CaseId(node_id=f"tests/test_speed.py::test_{name}[cpu]"), extra_info={"seed": 7}),
        verdict=verdict,
        margin=0.05,
        ratio=Interval(estimate=estimate, low=low, high=high) if ratio else None,
        base_time=IterationTime(2e4),
        head_time=IterationTime(2e4 * estimate),
        detectable=0.03,
        method="paired process blocks",
        pairs=8,
        **more,  # type: ignore[arg-type]
    )


def _run(now: datetime) -> Run:
    diff = Artifact(kind="diff", path="uncommitted.diff", sha256="5a" * 32, size=1234, stored=True)
    figure = Artifact(kind="figure", path="step.svg", sha256="c4" * 32, size=5678)
    even = Interval(estimate=1.001, low=0.996, high=1.006)
    return Run(
        run_id="0123456789ab",
        started=now,
        measured=now + timedelta(seconds=9),
        ended=now + timedelta(minutes=2),
        command=("pytest", "--bolt-compare=main"),
        head=Revision(
            commit="2b" * 20, branch="fused-attention", subject="Fuse attention", diff_hash="d1" * 8
        ),
        base=Revision(commit="1a" * 20, name="main", branch="main", subject="The base"),
        environment=Environment(facts={"cpu_model": "a made-up processor", "python": "3.13.1"}),
        mode="paired",
        state=RunState.FINISHED,
        settings={"seed": "42"},
        notes=("this run is made up",),
        control=NullControl(ratio=even, values=9, benchmarks=3, floor=0.012),
        statements=numbered([_SAID], "option", _EXPECT),
        evidence=Evidence(files=("model.py",), tag="v1.2.0", artifacts=(diff, figure)),
    )
