"""Comparisons and histories to draw, and a program that draws all of them: see `main`."""

from __future__ import annotations

import math
import random
import sys
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree as ET

from pytest_bolt.core.case import Case, CaseId
from pytest_bolt.core.comparison import Comparison, Interval, NullControl
from pytest_bolt.core.environment import Environment
from pytest_bolt.core.history import HistoryPoint
from pytest_bolt.core.measurement import Clock, Side
from pytest_bolt.core.record import Revision, Run, RunState, Summary
from pytest_bolt.core.units import IterationTime
from pytest_bolt.core.verdict import Verdict
from pytest_bolt.plots.distribution import distribution
from pytest_bolt.plots.history import history
from pytest_bolt.plots.overview import overview

WHEN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
CONTROL = NullControl(
    ratio=Interval(estimate=1.001, low=0.992, high=1.012), values=9, benchmarks=3, floor=0.012
)
HOSTILE = (
    "t[<script>alert(1)</script>]",
    "t[</text></svg><img src=x onerror=alert(1)>]",
    "t[&amp;&#x3c; ]]> <![CDATA[ <!-- -->]",
    "t[a\nb\tc\x00\x07\x1b[31m]",
    "t[\u202eevil\u2066\u200f]",
    "t[\ud800 \udfff]",
    "t[\ufffe\uffff]",
    "t[@0 @1]",
    "@1",
    "",
    "t[" + "x" * 10_000 + "]",
    "t[{{ 7 * 7 }} {% x %} datum.value]",
    "\u6f22\u5b57" * 60,
)


def drawn(ratio=1.2, verdict=Verdict.SLOWER, pairs=12, node_id="a.py::test_x", half=0.05, **fields):
    """Return a comparison with `pairs` ratios around `ratio`."""
    chance = random.Random(pairs)
    values = tuple(ratio * math.exp(chance.gauss(0.0, half / 2)) for _ in range(pairs))
    defaults = {
        "margin": 0.05,
        "ratio": Interval(estimate=ratio, low=ratio * (1 - half), high=ratio * (1 + half)),
        "base_time": IterationTime(1000.0),
        "head_time": IterationTime(1000.0 * ratio),
        "pairs": pairs,
        "pair_ratios": values,
    }
    return Comparison(case=Case(case_id=CaseId(node_id=node_id)), verdict=verdict, **(defaults | fields))


def summary(*comparisons, **fields) -> Summary:
    run = Run(
        run_id="0a1b2c3d4e5f",
        started=WHEN,
        command=("pytest",),
        head=Revision(commit="a" * 40),
        base=Revision(commit="b" * 40),
        environment=Environment(),
        mode="paired",
        state=RunState.FINISHED,
        **fields,
    )
    return Summary(run=run, comparisons=comparisons, collected=len(comparisons))


def point(day, side=Side.HEAD, ns=1500.0, **fields) -> HistoryPoint:
    defaults = {
        "low": IterationTime(ns * 0.97),
        "high": IterationTime(ns * 1.04),
        "commit": f"{day + 1:07x}" + "0" * 33,
        "dirty": False,
        "clock": Clock.FILTERED,
    }
    return HistoryPoint(
        run_id=f"{day:012x}",
        started=WHEN + timedelta(days=day),
        side=side,
        time=IterationTime(ns),
        **(defaults | fields),
    )


def past(days, gaps=()):
    return [
        point(day, side, 1500.0 + 10 * day, gap=day in gaps and side is Side.BASE)
        for day in range(days)
        for side in Side
    ]


def texts(svg: str) -> list[str]:
    """Return the text of every text element, without what is told on hovering."""
    return [element.text or "" for element in elements(svg, "text")]


def elements(svg: str, name: str) -> list[ET.Element]:
    return [element for element in ET.fromstring(svg).iter() if element.tag.endswith(f"}}{name}")]


def shapes(svg: str, shade: str) -> list[ET.Element]:
    """Return the paths whose outline has this shade."""
    return [e for e in elements(svg, "path") if f"bolt-s-{shade}" in e.get("class", "").split()]


def main() -> None:
    """Write one figure of each kind to standard output."""
    several = [drawn(1 + number / 20, Verdict.SLOWER, node_id=f"{number}") for number in range(9)]
    for plot in (
        distribution(drawn(pairs=200), CONTROL),
        overview(summary(*several, drawn(0.9, Verdict.FASTER, node_id=HOSTILE[0]))),
        history("a", past(12, gaps=(4,)), f"{11:012x}"),
    ):
        sys.stdout.write(plot.standalone())


if __name__ == "__main__":
    main()
