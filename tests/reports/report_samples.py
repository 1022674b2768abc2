"""Summaries to report on: plain ones, and one whose every text is hostile."""

from __future__ import annotations

from datetime import UTC, datetime

from pytest_bolt.core.case import Case, CaseId, Workload
from pytest_bolt.core.comparison import Comparison, Interval, Metric, NullControl
from pytest_bolt.core.environment import Environment
from pytest_bolt.core.measurement import Clock
from pytest_bolt.core.record import Artifact, Evidence, Revision, Run, RunState, Summary
from pytest_bolt.core.statements import Role, Statement
from pytest_bolt.core.units import BatchTime, IterationTime
from pytest_bolt.core.verdict import Verdict

BASE = Revision(commit="0123456789" * 4, name="main", branch="main", subject="the base")
HEAD = Revision(
    commit="abcdef0123" * 4, branch="feature/fused", subject="Fuse the kernel", diff_hash="d1ff" * 4
)
ESC = "\x1b[31m"
HOSTILE = (
    "tests/a.py::t[a|b]",
    "tests/a.py::t[<img src=x>]",
    "tests/a.py::t[@user]",
    "tests/a.py::t[`ticks` ```]",
    "tests/a.py::t[one\ntwo\n\n## three]",
    "tests/a.py::t[" + "long" * 75 + "]",
    "tests/a.py::t[#123 GH-7]",
    "tests/a.py::t[[click](https://evil.example) www.evil.example]",
    "tests/a.py::t[\\|back\\slash|]",
    "tests/a.py::t[</details></code>]",
    "tests/a.py::t[<!-- bolt:entry 0 -->]",
    f"tests/a.py::t[{ESC}red]",
)


def interval(estimate: float, low: float, high: float) -> Interval:
    return Interval(estimate=estimate, low=low, high=high)


def compared(node_id="suites/test_x.py::test_x", verdict=Verdict.SAME, ratio=None, **fields) -> Comparison:
    """Return a comparison whose base ran 100 iterations in a batch of 2 ms."""
    base = BatchTime(2e6).per_iteration(100)
    workload = fields.pop("workload", Workload())
    defaults = {
        "margin": 0.05,
        "pairs": 8,
        "quads": 40,
        "seed": 1,
        "detectable": 0.03,
        "method": "Student's t",
    }
    if ratio is not None:
        head = IterationTime(base.ns * ratio.estimate)
        defaults |= {"ratio": ratio, "base_time": base, "head_time": head}
    case = Case(case_id=CaseId(node_id=node_id, source_hash="5eed"), workload=workload)
    return Comparison(case=case, verdict=verdict, **(defaults | fields))


def every_verdict() -> tuple[Comparison, ...]:
    """Return one comparison a verdict, in no order."""
    return (
        compared("suites/test_x.py::test_same", Verdict.SAME, interval(1.004, 0.99, 1.018)),
        compared(
            "suites/test_x.py::test_slower[big-fp32]", Verdict.SLOWER, interval(1.2, 1.15, 1.25), failed=True
        ),
        compared("suites/test_x.py::test_faster", Verdict.FASTER, interval(0.5, 0.48, 0.52)),
        compared(
            "suites/test_x.py::test_unclear",
            Verdict.INCONCLUSIVE,
            interval(1.04, 0.98, 1.1),
            detectable=0.0812,
            warnings=("page faults disagree",),
        ),
        compared("suites/test_x.py::test_new", Verdict.NEW, head_time=IterationTime(1500.0), detectable=None),
        compared("suites/test_x.py::test_gone", Verdict.MISSING, detectable=None, failed=True),
        compared(
            "suites/test_x.py::test_refused",
            Verdict.INCOMPARABLE,
            reason="the base raised ImportError: no name 'fused'",
            detail="Traceback\nImportError",
            detectable=None,
        ),
        compared(
            "suites/test_x.py::test_wrong",
            Verdict.INCORRECT,
            interval(0.1, 0.09, 0.11),
            reason="error 40 times the framework's own at (3, 7)",
            detail="\n".join(f"element {n}" for n in range(9)),
            failed=True,
        ),
    )


def run(**fields) -> Run:
    defaults = {
        "run_id": "0a1b2c3d4e5f",
        "started": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
        "ended": datetime(2026, 1, 2, 3, 5, 5, 250000, tzinfo=UTC),
        "command": ("pytest", "--bolt-compare=main", "-k", "a or b"),
        "head": HEAD,
        "base": BASE,
        "environment": Environment(facts={"cpu_model": "Imaginary 9", "torch": "2.13"}),
        "mode": "paired",
        "state": RunState.FINISHED,
        "notes": ("the base's cache folder was cleaned",),
        "control": NullControl(ratio=interval(1.001, 0.992, 1.012), values=9, benchmarks=3, floor=0.012),
    }
    return Run(**(defaults | fields))


def summary(*comparisons: Comparison, **fields) -> Summary:
    return Summary(run=run(**fields), comparisons=comparisons, collected=len(comparisons))


def full() -> Summary:
    return summary(*every_verdict())


def hostile() -> Summary:
    """Return a summary in which every text tries to break out of where it is printed."""
    evil = "`|\n| a | b |\n\n# @user <script>x</script> [l](https://evil.example) #123 <!-- bolt:entry 0 -->"
    comparisons = [
        compared(node_id, Verdict.SLOWER, interval(1.2, 1.15, 1.25), reason=evil, warnings=(evil,))
        for node_id in HOSTILE
    ]
    comparisons.append(compared("z", Verdict.INCORRECT, reason=evil, detail=f"{ESC}\n{evil}"))
    revision = Revision(commit="f" * 40, name=evil, branch=evil, subject=evil, diff_hash=evil)
    return summary(
        *comparisons,
        head=revision,
        base=Revision(commit="e" * 40, name=evil, branch=evil),
        command=("pytest", evil, "````", "it's"),
        notes=(evil,),
        environment=Environment(facts={evil: evil, "cpu|model": "a|b"}),
    )


def everything() -> Summary:
    """Return a summary with a value in every field, numbers that JSON has no word for among them."""
    return summary(
        compared(
            "suites/test_x.py::test_x[π]",
            Verdict.SLOWER,
            interval(1.2, float("nan"), float("inf")),
            workload=Workload(shapes=((2, 3), ()), dtype="bf16", seed=7, bytes=96, flops=12),
            clock=Clock.DEVICE,
            metrics=(
                Metric(name="loss", unit="nats", better="lower", base=2.5, head=None),
                Metric(
                    name="tok",
                    unit="tok/s",
                    better="higher",
                    base=1.0,
                    head=2.0,
                    ratio=interval(2.0, 1.9, 2.1),
                ),
            ),
            notes={"a": "b"},
            noise_only=True,
        ),
        compared(detectable=float("-inf")),
        hypothesis="one pass",
        expect=("time <= 0.95x base",),
        statements=(
            Statement(text="one pass", source="option", expect=("time <= 0.95x base",)),
            Statement(
                text="fewer reads",
                source="claim",
                role=Role.ATTRIBUTION,
                node_id="a.py::test_x",
                experiment="One pass",
                published="-5 %",
                style="logbook",
            ),
        ),
        measured=datetime(2026, 1, 2, 3, 4, 6, tzinfo=UTC),
        evidence=Evidence(
            files=("a.py",),
            same_code=True,
            tag="v1",
            artifacts=(Artifact(kind="diff", path="x.diff", sha256="a" * 64, size=3, stored=True),),
        ),
        settings={"margin": "5%"},
        head=Revision(commit="a" * 40, trailers={"Expect": "x"}),
        base=None,
    )
