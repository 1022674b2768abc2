"""Runs to make pages of: a plain one, one whose every text is hostile, and one of many benchmarks."""

from __future__ import annotations

import math
import random
from datetime import UTC, datetime
from html.parser import HTMLParser

from pytest_bolt.core.case import Case, CaseId, Workload
from pytest_bolt.core.comparison import FOUND_MODE, Comparison, Interval, Metric, NullControl
from pytest_bolt.core.environment import Environment
from pytest_bolt.core.record import Revision, Run, RunState, Summary
from pytest_bolt.core.statements import Statement
from pytest_bolt.core.units import IterationTime
from pytest_bolt.core.verdict import MetricVerdict, Verdict
from pytest_bolt.journal.build import entries_of
from pytest_bolt.journal.render import render
from pytest_bolt.pages import figures_of
from pytest_bolt.reports import html_page

WHEN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
HEAD = Revision(commit="abcdef0123" * 4, branch="feature/fused", subject="Fuse it", diff_hash="d1ff" * 4)
BASE = Revision(commit="0123456789" * 4, name="main", branch="main", subject="the base")
CONTROL = NullControl(
    ratio=Interval(estimate=1.001, low=0.992, high=1.012), values=9, benchmarks=3, floor=0.012
)
WRONG_TIMES = (12_300_000.0, 45_600_000.0)  # of the wrong answer: 12.3 ms and 45.6 ms
ATTACKS = (
    "<script>window.hacked = 1</script>",
    '"><img src=x onerror="window.hacked = 1">',
    "'><svg onload=window.hacked=1>",
    "</code></summary></details></table></main><h1>forged</h1>",
    "</title></style></script><script>window.hacked = 1</script>",
    "<a href='javascript:window.hacked=1'>x</a> [x](javascript:window.hacked=1) ![x](https://evil.example/x.png)",
    "javascript:window.hacked=1",
    "&lt;script&gt; &#60;img&#62; &amp;",
    "a|b\n| c | d |\r\n# heading\n\n> quote",
    "@user #123 GH-7 org/repo#1",
    "<!-- bolt:entry 0a1b2c3d4e5f 2026-01-01T00:00:00+00:00 --> <!-- /bolt:person -->",
    "{{ 7 * 7 }} {% for x in y %} ${x} #{x}",
    "\x1b[31mred\x1b[0m \x00\x07\x08",
    "\u202egnp.exe\u2066 \u200f\u200b",
    "\ud800 \udfff \ufffe",
    "x" * 10_000,
    "`tick` ``` $math$ *star* _under_ ~~gone~~ \\ https://evil.example www.evil.example",
)


def compared(node_id, verdict, ratio=None, *, pairs=9, **fields) -> Comparison:
    """Return a comparison whose base takes 20 us."""
    defaults: dict = {"margin": 0.05, "reason": ""}
    if ratio is not None:
        chance = random.Random(repr(node_id))
        defaults |= {
            "ratio": Interval(estimate=ratio, low=ratio * 0.97, high=ratio * 1.03),
            "base_time": IterationTime(20_000.0),
            "head_time": IterationTime(20_000.0 * ratio),
            "detectable": 0.03,
            "pairs": pairs,
            "pair_ratios": tuple(ratio * math.exp(chance.gauss(0, 0.02)) for _ in range(pairs)),
            "method": "Student over pairs",
        }
    case = Case(case_id=CaseId(node_id=node_id), device=fields.pop("device", "cpu"))
    return Comparison(case=case, verdict=verdict, **(defaults | fields))


def loss(name="final loss", unit="nats") -> Metric:
    return Metric(
        name=name, unit=unit, better="lower", base=2.5, head=2.6, verdict=MetricVerdict.WORSE, margin=0.01
    )


def every_verdict() -> tuple[Comparison, ...]:
    base, head = map(IterationTime, WRONG_TIMES)
    return (
        compared("a.py::test_same", Verdict.SAME, 1.004),
        compared("a.py::test_slower[big-fp32]", Verdict.SLOWER, 1.2, failed=True, metrics=(loss(),)),
        compared("a.py::test_faster", Verdict.FASTER, 0.5, device="cuda:0"),
        compared("b.py::test_unclear", Verdict.INCONCLUSIVE, 1.04, warnings=("page faults disagree",)),
        compared("b.py::test_new", Verdict.NEW, head_time=IterationTime(1500.0)),
        compared("b.py::test_gone", Verdict.MISSING),
        compared(
            "b.py::test_refused", Verdict.INCOMPARABLE, reason="no name 'fused'", detail="Trace\n  back"
        ),
        compared(
            "b.py::test_wrong",
            Verdict.INCORRECT,
            3.7,
            reason="all zeros",
            failed=True,
            base_time=base,
            head_time=head,
            metrics=(loss("secret"),),
        ),
    )


def summary(*comparisons, **fields) -> Summary:
    defaults = {
        "run_id": "0a1b2c3d4e5f",
        "started": WHEN,
        "ended": WHEN,
        "command": ("pytest", "--bolt-compare=main", "-k", "a or b"),
        "head": HEAD,
        "base": BASE,
        "environment": Environment(facts={"cpu_model": "Imaginary 9", "torch": "2.13"}),
        "mode": "paired",
        "state": RunState.FINISHED,
        "notes": ("the cache was cleaned",),
        "control": CONTROL,
        "hypothesis": "one pass instead of three",
        "statements": (Statement(text="one pass instead of three", source="option"),),
        "expect": ("test_faster: time <= 0.95x base",),
    }
    return Summary(run=Run(**(defaults | fields)), comparisons=comparisons, collected=len(comparisons))


def full() -> Summary:
    return summary(*every_verdict())


def hostile(text: str) -> Summary:
    """Return a run in which every text is this one."""
    evil = Metric(name=text, unit=text, better="lower", base=1.0, head=2.0)
    fields = {
        "reason": text,
        "detail": f"{text}\n{text}",
        "warnings": (text,),
        "metrics": (evil,),
        "notes": {text: text, "baseline": text},
        "method": text,
    }
    revision = Revision(commit="f" * 40, name=text, branch=text, subject=text, diff_hash=text)
    comparisons = (
        compared(f"t.py::t[{text}]", Verdict.SLOWER, 1.2, **fields),
        compared(text, Verdict.INCORRECT, **fields),
        compared(f"found {text}", Verdict.NEW, mode=FOUND_MODE, metrics=(evil,)),
    )
    case = Case(
        case_id=CaseId(node_id=f"case {text}"),
        operation=text,
        implementation=text,
        workload=Workload(dtype=text, bytes=7),
        device=text,
        group=text,
    )
    odd = Comparison(case=case, verdict=Verdict.NEW, margin=0.05, head_time=IterationTime(5.0))
    return summary(
        *comparisons,
        odd,
        head=revision,
        base=Revision(commit="e" * 40, name=text, branch=text),
        command=("pytest", text),
        notes=(text,),
        hypothesis=text,
        expect=(text,),
        statements=(Statement(text=text, source=text, published=text),),
        environment=Environment(facts={text: text}),
    )


def many(count: int) -> Summary:
    chance = random.Random(1)
    found = []
    for number in range(count):
        verdict = (
            (Verdict.SLOWER, Verdict.FASTER, Verdict.INCONCLUSIVE)[number % 3]
            if number % 20 == 0
            else Verdict.SAME
        )
        ratio = {Verdict.SLOWER: 1.2, Verdict.FASTER: 0.8}.get(verdict, math.exp(chance.gauss(0, 0.01)))
        found.append(compared(f"suites/test_x.py::test_many[{number}-bf16]", verdict, ratio))
    return summary(*found)


class NoHistory:
    """A store without a past."""

    def history(self, *_):
        return ()


def page(of: Summary, *, note: str = "") -> str:
    """Return the page of a run with its figures and its entry."""
    entries = [render(entry) for entry in entries_of(of, note=note)]
    return html_page.render(of, figures_of(of, NoHistory()), entries=entries)


class Outline(HTMLParser):
    """What a browser would find: elements with attributes, and the text of each that has an id or class."""

    VOID = frozenset({"meta", "link", "input", "br", "hr", "img"})

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[tuple[str, int]] = []
        self.texts: dict[int, str] = {}
        self.comments: list[str] = []
        self.unbalanced: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        self.texts[len(self.elements) - 1] = ""
        if tag not in self.VOID:
            self.open.append((tag, len(self.elements) - 1))

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in self.VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        if not self.open or self.open[-1][0] != tag:
            self.unbalanced.append(tag)
        else:
            self.open.pop()

    def handle_data(self, data):
        for _, number in self.open:
            self.texts[number] += data

    def handle_comment(self, data):
        self.comments.append(data)

    def tags(self) -> set[str]:
        return {tag for tag, _ in self.elements}

    def all(self, tag: str, **wanted: str) -> list[dict[str, str | None]]:
        return [attrs for name, attrs in self.elements if name == tag and wanted.items() <= attrs.items()]

    def text_of(self, tag: str, **wanted: str) -> list[str]:
        return [
            self.texts[number]
            for number, (name, attrs) in enumerate(self.elements)
            if name == tag and wanted.items() <= attrs.items()
        ]

    def attributes(self, name: str) -> list[str]:
        return [attrs[name] or "" for _, attrs in self.elements if name in attrs]
