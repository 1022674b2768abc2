"""Runs, records and comparisons to store, and a program that stores many of them: see `main`."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta

import numpy as np

from pytest_bolt.core.case import Case, CaseId, Workload
from pytest_bolt.core.comparison import Comparison, Interval, Metric
from pytest_bolt.core.environment import Environment
from pytest_bolt.core.measurement import ROUND_DTYPE, Clock, Measurement, Side
from pytest_bolt.core.record import Artifact, Evidence, Record, Revision, Run, RunState
from pytest_bolt.core.statements import Role, Statement
from pytest_bolt.core.units import IterationTime
from pytest_bolt.core.verdict import Verdict
from pytest_bolt.stores.store import open_store

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
BASE = Revision(commit="a" * 40, name="main", branch="main", subject="base", trailers={"Expect": "x"})
HEAD = Revision(commit="b" * 40, branch="work", diff_hash="d1")
ENVIRONMENT = Environment(facts={"cpu_model": "Z80", "cpu_count": "1", "host": "here"})


def make_run(run_id="0123456789ab", **changes):
    values = {
        "started": NOON,
        "command": ("pytest", "--bolt-compare", "main"),
        "head": HEAD,
        "base": BASE,
        "environment": ENVIRONMENT,
        "mode": "paired",
        "hypothesis": "one pass instead of three",
        "expect": ("time <= 0.95x base",),
        "settings": {"margin": "0.05"},
        "statements": (
            Statement(text="one pass", source="option", expect=("time <= 0.95x base",)),
            Statement(
                text="\ud800",
                source="claim",
                role=Role.ATTRIBUTION,
                node_id="a.py::test_x",
                experiment="e",
                published="5 %",
                style="paper",
            ),
        ),
        "evidence": Evidence(
            files=("a.py",),
            same_code=True,
            tag="v1",
            artifacts=(Artifact(kind="diff", path="x", sha256="a" * 64, size=3, stored=True),),
        ),
    }
    return Run(run_id=run_id, **{**values, **changes})


def make_case(node_id="tests/test_a.py::test_a[x]", source_hash="5ea1", **changes):
    return Case(case_id=CaseId(node_id=node_id, source_hash=source_hash), **changes)


def full_comparison(case):
    """A comparison in which no field has its default."""
    return Comparison(
        case=case,
        verdict=Verdict.SLOWER,
        margin=0.03,
        ratio=Interval(estimate=1.1, low=1.05, high=1.2),
        base_time=IterationTime(1e5 / 3),
        head_time=IterationTime(4e4),
        detectable=0.02,
        clock=Clock.DEVICE,
        mode="stored",
        method="hodges-lehmann",
        pairs=8,
        pair_ratios=(1.1, 1.123456),
        pair_errors=(0.01, 0.0),
        quads=40,
        seed=2**64 + 1,
        failed=True,
        noise_only=True,
        reason="slower by 10 %",
        detail="line\nline",
        warnings=("unstable", ""),
        metrics=(
            Metric(name="memory", unit="B", better="lower", base=1.5, head=None),
            Metric(
                name="loss",
                unit="",
                better="higher",
                base=0.1,
                head=0.2,
                ratio=Interval(estimate=2.0, low=1.9, high=2.1),
            ),
        ),
        notes={"null control": "0.4 %"},
    )


def full_case():
    """A case in which no field has its default."""
    return make_case(
        operation="softmax",
        implementation="ours",
        workload=Workload(shapes=((2, 3), ()), dtype="bf16", seed=7, bytes=2**70, flops=0),
        device="cuda:0",
        group="g",
        extra_info={"loss": 0.1, "shape": (1, 2), 3: b"\x00\xff", "set": {1, 2}, "none": None, "$": [{}]},
    )


def make_rounds(count, *, quads=5):
    random = np.random.default_rng(count)
    rounds = np.zeros(count, dtype=ROUND_DTYPE)
    rounds["quad"] = np.arange(count) * quads // max(count, 1)
    rounds["part"] = np.arange(count) % 2
    rounds["iterations"] = 12
    rounds["wall_ns"] = random.integers(1_900_000, 2_100_000, count)
    rounds["cpu_ns"] = rounds["wall_ns"] + random.integers(0, 20_000, count) - 15_000
    return rounds


def make_record(case, side, revision, *, ns=1000.0, clock=Clock.FILTERED, rounds=20, **changes):
    measurement = Measurement(side=side, rounds=make_rounds(rounds))
    return Record(
        case=case, revision=revision, measurement=measurement, time=IterationTime(ns), clock=clock, **changes
    )


def both_records(case, run, **changes):
    return [
        make_record(case, Side.BASE, run.base, **changes),
        make_record(case, Side.HEAD, run.head, **changes),
    ]


def simple_comparison(case, verdict=Verdict.SAME):
    return Comparison(case=case, verdict=verdict, margin=0.05)


def store_runs(store, count, *, case=None, base=BASE, ns=1000.0, environment=ENVIRONMENT):
    """Store `count` finished runs of one case, each a minute after the one before."""
    case = case or make_case()
    runs = [
        make_run(
            f"{number:012x}", started=NOON + timedelta(minutes=number), base=base, environment=environment
        )
        for number in range(count)
    ]
    for run in runs:
        store.begin(run)
        store.add(run.run_id, simple_comparison(case), both_records(case, run, ns=ns))
        store.finish(run.run_id, state=RunState.FINISHED, ended=run.started)
    return runs


def main(url, run_id, count):
    """Store a run of many cases, saying so on standard output before the first and after each."""
    with open_store(url) as store:
        run = make_run(run_id)
        store.begin(run)
        sys.stdout.write("begun\n")
        sys.stdout.flush()
        for number in range(int(count)):
            case = make_case(f"test_{number}")
            store.add(run_id, simple_comparison(case), both_records(case, run))
            sys.stdout.write("added\n")
            sys.stdout.flush()
        store.finish(run_id, state=RunState.FINISHED, ended=NOON)


if __name__ == "__main__":
    main(*sys.argv[1:])
