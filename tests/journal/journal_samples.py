"""Runs to write journal entries of."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from pytest_bolt.core.case import Case, CaseId
from pytest_bolt.core.comparison import Comparison, Interval, Metric
from pytest_bolt.core.environment import Environment
from pytest_bolt.core.record import Artifact, Evidence, Revision, Run, RunState, Summary
from pytest_bolt.core.statements import numbered
from pytest_bolt.core.units import BatchTime, IterationTime
from pytest_bolt.core.verdict import Verdict
from pytest_bolt.journal.build import entry_of

BASE = Revision(commit="0123456789" * 4, name="main", branch="main", subject="the base")
HEAD = Revision(
    commit="abcdef0123" * 4, branch="feature/fused-attention", subject="Fuse it", diff_hash="d1ff" * 4
)
EVIL = (
    "x`|\n<!-- /bolt:person -->\n<!-- /bolt:entry 0a1b2c3d4e5f 0000000000000000 -->\n| a | b |\n\n# @user\n"
    "<script>x</script> [l](https://evil.example) #123 {{ 7 * 7 }} {% endif %}"
)
WHEN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def compared(node_id="a.py::test_x", verdict=Verdict.FASTER, low=0.94, high=0.97, **fields) -> Comparison:
    """Return a comparison whose base ran 100 iterations in a batch of 2 ms."""
    base, middle = BatchTime(2e6).per_iteration(100), (low + high) / 2
    defaults = {
        "ratio": Interval(estimate=middle, low=low, high=high),
        "base_time": base,
        "head_time": IterationTime(base.ns * middle),
        "detectable": 0.03,
        "pairs": 8,
        "method": "Student's t over process pairs",
    }
    return Comparison(
        case=Case(case_id=CaseId(node_id=node_id)), verdict=verdict, margin=0.02, **(defaults | fields)
    )


def loss(base, head) -> Metric:
    return Metric(name="final loss", unit="nats", better="lower", base=base, head=head)


def memory(base, head) -> Metric:
    return Metric(name="peak_memory", unit="B", better="lower", base=base, head=head)


def summary(*comparisons, run_id="0a1b2c3d4e5f", days=0, **fields) -> Summary:
    defaults = {
        "started": WHEN + timedelta(days=days),
        "command": ("pytest", "--bolt-compare=main", "-k", "a or b"),
        "head": HEAD,
        "base": BASE,
        "environment": Environment(facts={"torch": "2.13", "cpu_model": "Imaginary 9"}),
        "mode": "paired",
        "state": RunState.FINISHED,
        "notes": ("null control: 3 benchmarks, noise floor 1.2 %",),
    }
    run = Run(run_id=run_id, **(defaults | fields))
    return Summary(run=run, comparisons=comparisons, collected=len(comparisons))


def full():
    """Return the entry of the seed's example: a fused attention that is 4.5 % faster."""
    expect = ["test_step: time <= -2%; test_step: final loss <= 1x base", "test_unclear: time <= 1x"]
    made = summary(
        compared("a.py::test_step[cpu]", metrics=(loss(2.6811, 2.6811), memory(1.2e9, 1.2e9))),
        compared("a.py::test_wrong", Verdict.INCORRECT, reason="all zeros"),
        compared("b.py::test_unclear", Verdict.INCONCLUSIVE, 0.95, 1.05),
        statements=numbered(["One fused kernel reads the scores once."], "option", expect),
    )
    return entry_of(made)


def hostile():
    """Return an entry in which every text tries to break out of where it is printed."""
    revision = Revision(commit="f" * 40, name=EVIL, branch=EVIL, subject=EVIL, diff_hash=EVIL)
    expect = [f"{part}: time <= 1x base" for part in (EVIL.replace(";", ""), "*x`|*")]
    made = summary(
        compared(
            EVIL, reason=EVIL, metrics=(Metric(name=EVIL, unit=EVIL, better="lower", base=1.0, head=2.0),)
        ),
        head=revision,
        base=revision,
        command=("pytest", EVIL),
        notes=(EVIL,),
        environment=Environment(facts={EVIL: EVIL}),
        statements=numbered([EVIL], "option", expect),
        evidence=Evidence(
            files=(EVIL,),
            tag=EVIL,
            artifacts=(Artifact(kind="figure", path=f"{EVIL}.svg", sha256="f" * 64, size=1),),
        ),
    )
    return entry_of(made, note=EVIL)


def small(run_id="0a1b2c3d4e5f", days=0, note=""):
    return entry_of(summary(compared(), run_id=run_id, days=days), note=note)
