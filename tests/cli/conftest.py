"""A store with made-up runs, and the command run in this process."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import pytest

from pytest_bolt.cli import main
from pytest_bolt.core.case import Case, CaseId
from pytest_bolt.core.comparison import Comparison, Interval
from pytest_bolt.core.environment import Environment
from pytest_bolt.core.measurement import Clock, Measurement, Side, Timing, rounds_of
from pytest_bolt.core.record import Record, Revision, Run, RunState
from pytest_bolt.core.units import BatchTime, IterationTime
from pytest_bolt.core.verdict import Verdict
from pytest_bolt.stores.store import open_store

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HERE = Environment(facts={"cpu_model": "Z80"})


class Done(NamedTuple):
    code: int
    out: str
    err: str


@pytest.fixture
def path(tmp_path, monkeypatch):
    """The store that the commands read."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BOLT_STORE", str(tmp_path / "store.sqlite"))
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "store.sqlite"


@pytest.fixture
def bolt(path, capsys):
    def run(*arguments):
        code = main(arguments)
        return Done(code, *capsys.readouterr())

    return run


@pytest.fixture
def fill(path):
    """Store runs of one benchmark; `times` are (base, head) in nanoseconds, one pair a run."""

    def store_runs(
        times,
        *,
        node_id="test_a.py::test_a[x]",
        base="a" * 40,
        head="b" * 40,
        dirty=False,
        first=0,
        facts=None,
        verdict=Verdict.SAME,
        state=RunState.FINISHED,
        clock=Clock.FILTERED,
        mode="paired",
        ratio=1.01,
    ):
        case = Case(case_id=CaseId(node_id=node_id, source_hash="5ea1"))
        sides = {
            Side.BASE: Revision(commit=base, name="main"),
            Side.HEAD: Revision(commit=head, diff_hash="d" if dirty else "", subject="faster"),
        }
        with open_store(str(path)) as store:
            for number, values in enumerate(times, start=first):
                run = Run(
                    run_id=f"{number:x}".rjust(3, "0") + "c0ffee000",
                    started=NOON + timedelta(minutes=number),
                    command=("pytest", "--bolt-compare", "main"),
                    head=sides[Side.HEAD],
                    base=sides[Side.BASE],
                    environment=Environment(facts=facts) if facts else HERE,
                    mode=mode,
                    hypothesis="one pass",
                    expect=("time <= 0.95x base",),
                )
                store.begin(run)
                records = [
                    Record(
                        case=case,
                        revision=sides[side],
                        time=IterationTime(ns),
                        clock=clock,
                        measurement=Measurement(
                            side=side,
                            rounds=rounds_of(
                                0, 0, 0, [Timing(iterations=2, wall=BatchTime(2 * ns), cpu=BatchTime(ns))]
                            ),
                        ),
                    )
                    for side, ns in zip(Side, values, strict=True)
                ]
                comparison = Comparison(
                    case=case,
                    verdict=verdict,
                    margin=0.05,
                    ratio=Interval(estimate=ratio, low=ratio - 0.02, high=ratio + 0.02),
                    mode=mode,
                    notes={"baseline": "framework"} if mode == "baseline" else {},
                    base_time=IterationTime(values[0]),
                    head_time=IterationTime(values[1]),
                    detectable=0.02,
                    reason="not enough pairs" if verdict is Verdict.INCONCLUSIVE else "",
                )
                store.add(run.run_id, comparison, records)
                store.finish(
                    run.run_id, state=state, ended=run.started + timedelta(seconds=9), notes=("quiet",)
                )

    return store_runs


@pytest.fixture
def write(path, tmp_path):
    def write_file(document, name="results.json"):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        text = document if isinstance(document, str) else json.dumps(document)
        file.write_text(text, encoding="utf-8")
        return str(file)

    return write_file


@pytest.fixture
def imported(bolt, write):
    """Import a document; returns the id of its run."""

    def import_document(document, name="results.json"):
        done = bolt("import", write(document, name), "--json")
        assert (done.code, done.err) == (0, "")
        (outcome,) = json.loads(done.out)["imported"]
        return outcome["run"]

    return import_document
