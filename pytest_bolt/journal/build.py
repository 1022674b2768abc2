"""From a finished run to its journal entry; a pure function of stored data and a person's words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from pytest_bolt.core.claims import Judged, experiments, of_experiment
from pytest_bolt.core.command_text import reproduce_commands, shell_line
from pytest_bolt.core.comparison import Comparison, Metric
from pytest_bolt.core.conclusion import Conclusion, Outcome, conclude, overall
from pytest_bolt.core.expectation import Expectation
from pytest_bolt.core.markdown_text import escape
from pytest_bolt.core.metric_text import head_text, metric_verdict_text
from pytest_bolt.core.plain_text import sentence
from pytest_bolt.core.record import Revision, Run, Summary
from pytest_bolt.core.speedups import BASELINE_NOTE
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

_COMPUTED = "worked out by the test itself, no time is measured"
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


def experiment_entries(summary: Summary, judged: Sequence[Judged]) -> tuple[Entry, ...]:
    """Return an entry for each experiment of a run: its claims, what was found, and what follows."""
    found = []
    for title, parts in experiments(judged).items():
        own = replace(summary, comparisons=of_experiment(summary, parts))
        conclusions = tuple(conclusion for part in parts for conclusion in part.conclusions)
        outcome = overall(part.outcome for part in parts)
        entry = replace(
            entry_of(own),
            entry_id=f"{summary.run.run_id}-{_slug(title)}",
            title=title,
            kind=_kind(conclusions, noise=False),
            conclusions=conclusions,
            claims=tuple(parts),
            outcome=outcome,
            base=None,
            procedure=entry_of(own).procedure if own.timed else (_COMPUTED,),
        )
        found.append(entry)
    return tuple(found)


def _slug(title: str) -> str:
    return re.sub(r"[^0-9a-z]+", "-", title.lower()).strip("-")[:60] or "experiment"


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
    if comparison.timed:
        yield _time_result(comparison)
    if shows_speed(comparison):
        yield from (_metric_result(comparison, metric) for metric in comparison.metrics)


def _time_result(comparison: Comparison) -> Result:
    return Result(
        node_id=comparison.case.case_id.node_id,
        metric="time",
        before=time_text(comparison, comparison.base_time),
        after=time_text(comparison, comparison.head_time),
        change=effect_text(comparison),
        verdict=_verdict(comparison),
        reason="; ".join(filter(None, (_against(comparison), comparison.reason))),
    )


def _against(comparison: Comparison) -> str:
    baseline = comparison.notes.get(BASELINE_NOTE, "")
    return f"before is {baseline}" if baseline else ""


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
        after=head_text(metric),
        change=change_text(metric_change(metric)),
        verdict=metric_verdict_text(metric),
    )


def _paragraphs(note: str) -> str:
    return "\n\n".join(escape(part) for part in re.split(r"\n\s*\n", note.strip()) if part.strip())
