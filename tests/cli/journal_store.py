"""A stored run whose numbers follow from each other, as those of a real run do, and its journals."""

from __future__ import annotations

import hashlib
import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from pytest_bolt.core import judgement
from pytest_bolt.core.case import Case, CaseId, Workload
from pytest_bolt.core.claims import found_metric
from pytest_bolt.core.comparison import FOUND_MODE, Comparison, Metric, NullControl
from pytest_bolt.core.environment import Environment
from pytest_bolt.core.judgement import PairRatio
from pytest_bolt.core.metrics import judged_again
from pytest_bolt.core.record import Artifact, Evidence, Revision, Run, RunState
from pytest_bolt.core.shared_variance import SharedVariance
from pytest_bolt.core.statements import Role, Statement, numbered
from pytest_bolt.core.units import IterationTime
from pytest_bolt.core.verdict import Verdict
from pytest_bolt.stores.store import open_store

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
RUN = "0a1b2c3d4e5f"
DIFF = b"diff --git a/a.py b/a.py\n"
DIFF_SHA = hashlib.sha256(DIFF).hexdigest()
BASE = Revision(commit="0123456789" * 4, name="main", branch="main", subject="the base")
HEAD = Revision(commit="abcdef0123" * 4, branch="feature/fused", subject="Fuse it", diff_hash="d1ff" * 4)
SPREAD = (0.004, -0.006, 0.001, -0.002, 0.007, -0.001, 0.003, -0.005)
STYLES = (
    "paper",
    "findings",
    "evidence",
    "worklog",
    "logbook",
    "experiment",
    "experiment-short",
    "changelog",
    "learning",
)


def compared(name, change, *, shared=None, base_ns=2e4, margin=0.05, **fields) -> Comparison:
    """Return a comparison of eight process pairs whose median ratio is near `1 + change`."""
    errors = [0.002] * len(SPREAD)
    ratios = [float(f"{math.exp(math.log1p(change) + each):.9g}") for each in SPREAD]
    pairs = tuple(
        PairRatio(pair=number, value=math.log(ratio), error=error, quads=5)
        for number, (ratio, error) in enumerate(zip(ratios, errors, strict=True))
    )
    found = judgement.estimate(pairs, shared=shared)
    verdict = judgement.judge(found, judgement.Margins(slower=margin, faster=margin))
    notes = {}
    if shared is not None:
        notes = {"shared_sd": f"{math.sqrt(shared.variance):.6g}", "shared_df": f"{shared.df:.6g}"}
    defaults = {
        "case": Case(
            case_id=CaseId(node_id=name, source_hash="5ea1"),
            workload=Workload(bytes=4096),
            extra_info={"dataset": "tiny-3", "rows": 1234},
        ),
        "verdict": verdict,
        "margin": margin,
        "ratio": judgement.ratio_of(found),
        "base_time": IterationTime(base_ns),
        "head_time": IterationTime(base_ns * (1 + change)),
        "detectable": math.expm1(found.detectable),
        "method": "paired process blocks, 98 % interval",
        "pairs": len(ratios),
        "pair_ratios": tuple(ratios),
        "pair_errors": tuple(errors),
        "quads": 40,
        "reason": "still undecided after 8 process pairs" if verdict is Verdict.INCONCLUSIVE else "",
        "notes": notes,
    }
    return Comparison(**(defaults | fields))


def memory(*values) -> Metric:
    plain = Metric(
        name="peak_memory",
        unit="B",
        better="lower",
        base=values[0][0],
        head=values[0][1],
        values=values,
        margin=0.05,
    )
    verdict, ratio = judged_again(plain, 0.05)
    return replace(plain, verdict=verdict, ratio=ratio)


def comparisons() -> tuple[Comparison, ...]:
    shared = SharedVariance(variance=0.005**2, df=5.37)
    return (
        compared("a.py::test_step[cpu]", -0.1, metrics=(memory((2.0e6, 1.5e6), (2.1e6, 1.6e6)),)),
        compared("a.py::test_same", 0.002, shared=shared),
        compared("b.py::test_unclear", 0.048),
        compared("b.py::test_wrong", 0.0, verdict=Verdict.INCORRECT, ratio=None, pairs=0, reason="all 0"),
    )


def found_only() -> Comparison:
    metric = found_metric("loss", [1.25, 1.5, 1.375, 1.3125], "nats")
    case = Case(case_id=CaseId(node_id="c.py::test_loss"))
    return Comparison(case=case, verdict=Verdict.SAME, margin=0.05, mode=FOUND_MODE, metrics=(metric,))


def claim() -> Statement:
    return Statement(
        text="the loss is 1.4",
        source="claim",
        role=Role.ATTRIBUTION,
        expect=("loss >= 1.1 nats",),
        node_id="c.py::test_loss",
        experiment="003 A loss",
        published="1.36 nats",
    )


def make_run(run_id=RUN, days=0, **changes) -> Run:
    started = NOON + timedelta(days=days)
    kept = (
        Artifact(kind="diff", path="uncommitted.diff", sha256=DIFF_SHA, size=len(DIFF), stored=True),
        Artifact(kind="log", path="run7.log", sha256="f7" * 32, size=123),
    )
    said = ["1. One fused kernel reads 3 scores once.", "2. (attribution) it is 2 loops fewer"]
    values = {
        "started": started,
        "measured": started + timedelta(seconds=11),
        "command": ("pytest", "--bolt-compare=main", "-k", "a or b", "--bolt-seed=42"),
        "head": HEAD,
        "base": BASE,
        "environment": Environment(facts={"cpu_model": "Z80", "cpu_count": "2", "torch": "2.13"}),
        "mode": "paired",
        "settings": {"seed": "42", "margin": "0.05"},
        "statements": numbered(said, "option", ["1. *step*: time <= -4%", "*step*: peak_memory <= 1.5 MiB"]),
        "evidence": Evidence(files=("a.py", "b7.py"), tag="v1.2.3", artifacts=kept),
    }
    return Run(run_id=run_id, **(values | changes))


def store_run(path, run=None, compared=None, *, diff=DIFF, state=RunState.FINISHED) -> Run:
    """Store a whole run; return it."""
    run = run or make_run()
    with open_store(str(path)) as store:
        store.begin(run, collected=4)
        if diff is not None:
            store.keep(run.run_id, diff)
        store.add_all(run.run_id, comparisons() if compared is None else compared)
        even = NullControl(
            ratio=judgement.ratio_of(judgement.estimate(_even())),
            values=9,
            benchmarks=3,
            floor=0.012,
        )
        if state is not RunState.RUNNING:
            store.finish(
                run.run_id,
                state=state,
                ended=run.started + timedelta(minutes=3),
                notes=("2 submodules left empty",),
                control=even,
                measured=run.measured,
            )
    return run


def _even():
    return tuple(PairRatio(pair=n, value=each / 4, error=0.001, quads=5) for n, each in enumerate(SPREAD))
