"""Metrics in every report: what stands out, in which words, and what stays out of the way."""

from __future__ import annotations

import json

import jsonschema
import pytest
from report_samples import ESC, compared, interval, run, summary

from pytest_bolt.core.comparison import Comparison, Metric
from pytest_bolt.core.metric_text import failed_text, metric_verdict_text, telling_metrics
from pytest_bolt.core.verdict import MetricVerdict, Verdict
from pytest_bolt.journal.build import entry_of
from pytest_bolt.reports import json_report, markdown
from pytest_bolt.reports.terminal import failure_message, lines
from pytest_bolt.stores.rows import comparison_of, comparison_row

WORSE, BETTER, SAME, OPEN = (
    MetricVerdict.WORSE,
    MetricVerdict.BETTER,
    MetricVerdict.SAME,
    MetricVerdict.INCONCLUSIVE,
)
EVIL = f"loss|{ESC}\n# <b>"


def metric(name: str = "loss", verdict: MetricVerdict | None = WORSE, **fields: object) -> Metric:
    defaults: dict[str, object] = {
        "unit": "nats",
        "better": "lower",
        "base": 2.0,
        "head": 2.5,
        "ratio": interval(1.25, 1.25, 1.25),
        "margin": 0.01,
        "values": ((2.0, 2.5), (2.0, 2.5)),
    }
    return Metric(name=name, verdict=verdict, **(defaults | fields))


def of(*metrics: Metric, verdict: Verdict = Verdict.SAME, **fields: object) -> Comparison:
    return compared(verdict=verdict, ratio=interval(1.0, 0.99, 1.01), metrics=metrics, **fields)


def terminal(*comparisons: Comparison) -> str:
    return "\n".join(line.text for line in lines(summary(*comparisons), width=None))


@pytest.mark.parametrize(
    ("found", "verdict", "shown"),
    [
        (metric(), Verdict.SAME, True),
        (metric(verdict=BETTER), Verdict.SAME, True),
        (metric(verdict=SAME), Verdict.SAME, False),
        (metric(verdict=OPEN), Verdict.SAME, False),
        (metric(verdict=None), Verdict.SAME, False),
        (metric(verdict=SAME, gated=True), Verdict.SAME, True),
        (metric("peak_memory", OPEN), Verdict.SAME, True),
        (metric("peak_memory", SAME), Verdict.SAME, False),
        (metric("peak_rss", None), Verdict.SAME, True),
        (metric("cpu_time", WORSE), Verdict.SLOWER, False),  # the verdict says it
        (metric("cpu_time", WORSE), Verdict.SAME, True),
        (metric("cpu_time", BETTER), Verdict.SLOWER, True),
        (metric(), Verdict.INCORRECT, False),
    ],
)
def test_what_has_a_line(found, verdict, shown):
    assert bool(telling_metrics([of(found, verdict=verdict)])) is shown
    assert ("WORSE" in terminal(of(found, verdict=verdict))) is (shown and found.verdict is WORSE)


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (metric(failed=True), "WORSE, failed"),
        (metric(verdict=BETTER), "better"),
        (metric(verdict=SAME), "same within 1 %"),
        (metric(verdict=SAME, margin=0.0), "same"),
        (metric(verdict=OPEN), "INCONCLUSIVE"),
        (metric(verdict=None), ""),
    ],
)
def test_the_words(found, words):
    assert metric_verdict_text(found) == words


def test_a_row_of_the_terminal():
    text = terminal(
        of(metric("peak_memory", unit="B", base=2048.0, head=4096.0, ratio=interval(2.0, 2.0, 2.0)))
    )
    (row,) = [line for line in text.splitlines() if "peak_memory" in line]
    assert row.split()[1:] == ["peak_memory", "2.00", "KiB", "4.00", "KiB", "+100.0", "%", "WORSE"]


def test_what_is_the_same_is_counted():
    asked = [metric(name, SAME) for name in ("peak_memory", "peak_rss")]
    assert "peak_memory, peak_rss: the same in 2 of 3" in terminal(of(*asked), of(metric("peak_rss", OPEN)))
    assert "the same in" not in terminal(of(metric(verdict=SAME)))


def test_why_a_metric_fails_its_test():
    assert failed_text(metric()) == "WORSE: loss 2 nats -> 2.5 nats, +25.0 %, margin 1 %, lower is better"
    exact = metric(margin=0.0, better="higher", base=0.0, head=-1.0, ratio=None)
    assert failed_text(exact) == "WORSE: loss 0 nats -> -1 nats, any change counts, higher is better"


def test_a_number_that_is_none_is_named():
    assert "2 nats -> nan, " in failed_text(metric(head=float("nan"), ratio=None))


def test_a_test_that_fails_by_a_metric_begins_with_it():
    message = failure_message(of(metric(failed=True), failed=True, notes={"threads": "4"}), run())
    first, second, *rest = message.splitlines()
    assert first.startswith("WORSE: loss")
    assert second.strip().startswith("SAME")
    assert "  threads: 4" in rest
    both = failure_message(of(metric(failed=True), verdict=Verdict.SLOWER, failed=True), run())
    assert both.splitlines()[0].startswith("SLOWER")
    assert "  WORSE: loss" in both


def test_markdown_shows_what_failed_and_folds_the_rest():
    text = markdown.render(summary(of(metric(failed=True), metric("tokens", SAME))))
    failed = text[text.index("### Worse by a metric") :].partition("\n\n<details>")[0]
    assert "| loss | 2 nats | 2.5 nats | +25.0 % | WORSE, failed |" in failed
    assert "tokens" not in failed
    assert "<summary>Metrics: 2</summary>" in text
    assert "Worse by a metric" not in markdown.render(summary(of(metric())))


def test_names_of_metrics_are_foreign_text():
    hostile = of(metric(EVIL, failed=True), failed=True)
    assert all(ESC not in text for text in (terminal(hostile), markdown.render(summary(hostile))))
    assert "<b>" not in markdown.render(summary(hostile))
    assert ESC not in failure_message(hostile, run())


def test_the_journal_says_what_is_said():
    entry = entry_of(summary(of(metric(failed=True))))
    (found,) = [result for result in entry.results if result.metric == "loss"]
    assert (found.change, found.verdict) == ("+25.0 %", "WORSE, failed")


@pytest.mark.parametrize(
    "found",
    [
        metric(failed=True, gated=True),
        metric(verdict=None, gated=True, values=()),
        metric(margin=None),
        metric(verdict=None, margin=None, values=(), samples=(1.5, 2.5, 2.0)),
    ],
)
def test_stored_and_sent_metrics_come_back_whole(found):
    comparison = of(found)
    row = comparison_row(comparison) | {"variant": None, "case_detail": None}
    assert json.loads(json.dumps(row["metrics"]))  # plain data
    document = json.loads(json_report.render(summary(comparison)))
    jsonschema.Draft202012Validator(json_report.schema()).validate(document)
    assert json_report.parse(json.dumps(document)).comparisons == (comparison,)
    from pytest_bolt.stores.rows import case_detail

    again = comparison_of(row | {"case_detail": case_detail(comparison.case) | {"id": ["a", ""]}})
    assert again.metrics == comparison.metrics


def test_what_was_stored_before_anything_was_said_of_metrics_is_read():
    row = comparison_row(of(metric(verdict=None, gated=False, margin=None, values=())))
    (stored,) = row["metrics"]
    assert "verdict" not in stored
