"""From a finished run to its journal entry; a pure function of stored data and a person's words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from pytest_bolt.core.command_text import reproduce_commands, shell_line
from pytest_bolt.core.comparison import Comparison, Metric
from pytest_bolt.core.conclusion import Conclusion, Outcome, conclude, overall
from pytest_bolt.core.expectation import Expectation
from pytest_bolt.core.markdown_text import escape
from pytest_bolt.core.metric_text import metric_verdict_text
from pytest_bolt.core.plain_text import sentence
from pytest_bolt.core.record import Revision, Run, Summary
from pytest_bolt.core.summary import (
    NOISE_ONLY,
    change_text,
    effect_text,
    metric_change,
    metric_text,
    noise_only,
    ordered,
    percent,
    procedure,
    shows_speed,
    time_text,
    verdict_text,
)
from pytest_bolt.journal.entry import Entry, Kind, Result, Side

_TRUNKS = frozenset({"", "main", "master", "trunk", "develop", "dev", "HEAD"})
_TICKET_FOLDER = re.compile(r"^(?:[^/]+/)+")


def entry_of(
    summary: Summary, *, hypothesis: str = "", expectations: Sequence[Expectation] = (), note: str = ""
) -> Entry:
    """Return the entry of a run.

    Arguments:
        summary: the finished run.
        hypothesis: what a person said before the run; empty where nothing was said.
        expectations: what the hypothesis says of numbers; the conclusion is computed from them.
        note: the philosophical note, as prose; a person can write it into the journal later.
    """
    run = summary.run
    conclusions = tuple(conclude(expectation, summary.comparisons) for expectation in expectations)
    outcome = overall(conclusion.outcome for conclusion in conclusions)
    noise = (NOISE_ONLY,) if noise_only(summary) else ()
    return Entry(
        entry_id=run.run_id,
        date=run.started,
        title=_title(run),
        kind=_kind(conclusions, noise=bool(noise)),
        run_id=run.run_id,
        head=_side(run.head),
        base=_side(run.base) if run.base is not None else None,
        commands=(shell_line(run.command), *reproduce_commands(run)),
        environment=dict(sorted(run.environment.facts.items())),
        procedure=procedure(summary),
        notes=(*noise, *run.notes),
        hypothesis=hypothesis,
        conclusions=conclusions,
        outcome=outcome,
        results=tuple(row for c in ordered(summary.comparisons) for row in _results(c)),
        coverage=summary.coverage(),
        person={"philosophical_note": _paragraphs(note)},
    )


def _title(run: Run) -> str:
    branch, subject = run.head.branch, sentence(run.head.subject)
    if branch not in _TRUNKS:
        words = re.sub(r"[-_]+", " ", _TICKET_FOLDER.sub("", branch)).strip() or branch
        return words[0].upper() + words[1:]
    if not subject:
        return f"Run {run.run_id}"
    return f"Uncommitted changes after: {subject}" if run.head.dirty else subject


def _kind(conclusions: Iterable[Conclusion], *, noise: bool) -> Kind:
    if noise:
        return Kind.NO_OP
    refuted = any(conclusion.outcome is Outcome.REFUTED for conclusion in conclusions)
    return Kind.FAILED if refuted else Kind.BENCHMARK


def _side(revision: Revision) -> Side:
    return Side(
        commit=revision.commit, name=revision.name, branch=revision.branch, diff_hash=revision.diff_hash
    )


def _results(comparison: Comparison) -> Iterator[Result]:
    yield Result(
        node_id=comparison.case.case_id.node_id,
        metric="time",
        before=time_text(comparison, comparison.base_time),
        after=time_text(comparison, comparison.head_time),
        change=effect_text(comparison),
        verdict=_verdict(comparison),
        reason=comparison.reason,
    )
    if shows_speed(comparison):
        yield from (_metric_result(comparison, metric) for metric in comparison.metrics)


def _verdict(comparison: Comparison) -> str:
    """Return the verdict; with one that could not be reached, the effect that would have shown."""
    text = verdict_text(comparison)
    if comparison.detectable is None or comparison.verdict.judged or comparison.ratio is None:
        return text
    return f"{text}, smallest effect visible {percent(comparison.detectable)}"


def _metric_result(comparison: Comparison, metric: Metric) -> Result:
    return Result(
        node_id=comparison.case.case_id.node_id,
        metric=metric.name,
        before=metric_text(metric.base, metric.unit),
        after=metric_text(metric.head, metric.unit),
        change=change_text(metric_change(metric)),
        verdict=metric_verdict_text(metric),
    )


def _paragraphs(note: str) -> str:
    return "\n\n".join(escape(part) for part in re.split(r"\n\s*\n", note.strip()) if part.strip())
