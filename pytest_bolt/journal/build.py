"""From a finished run to its journal entries; a pure function of stored data and a person's words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from pytest_bolt.core.claims import Judged, experiments, judged, of_experiment
from pytest_bolt.core.command_text import reproduce_commands, shell_line
from pytest_bolt.core.comparison import Comparison, Metric
from pytest_bolt.core.markdown_text import escape
from pytest_bolt.core.metric_text import head_text, metric_verdict_text
from pytest_bolt.core.plain_text import sentence
from pytest_bolt.core.record import Artifact, Revision, Run, Summary
from pytest_bolt.core.ruling import Ruled, Ruling, rule, rule_of_all
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
# A commit's trailer, and the person's field that it fills.
_TRAILERS = {"Goal": "goal", "Reasoning": "reasoning", "Strategy": "strategy", "Design": "design"}
_MOST_FACTS = 20  # of what tests said of their data; more would bury the results


def entries_of(summary: Summary, note: str = "") -> tuple[Entry, ...]:
    """Return the entries of a run: one for each experiment of its claims, or one for all of it.

    Arguments:
        summary: the finished run.
        note: the philosophical note, as prose; a person can write it into the journal later.
    """
    titles = experiments(judged(summary))
    if not titles:
        return (entry_of(summary, note=note),)
    return tuple(_of_experiment(summary, title, parts) for title, parts in titles.items())


def entry_summaries(summary: Summary) -> tuple[tuple[str, Summary], ...]:
    """Return the id of each entry of a run with the part of the run that it is about."""
    titles = experiments(judged(summary))
    if not titles:
        return ((summary.run.run_id, summary),)
    return tuple(
        (_entry_id(summary, title), of_experiment(summary, parts)) for title, parts in titles.items()
    )


def entry_of(summary: Summary, *, note: str = "") -> Entry:
    """Return one entry for all of a run; arguments as in `entries_of`."""
    run = summary.run
    parts = judged(summary)
    ruled = rule_of_all(part.ruled for part in parts) if parts else _unstated(summary)
    noise = (NOISE_ONLY,) if noise_only(summary) else ()
    fields = {name: _paragraphs(run.head.trailers.get(key, "")) for key, name in _TRAILERS.items()}
    return Entry(
        entry_id=run.run_id,
        date=run.started,
        title=_title(run),
        kind=_kind(summary, ruled),
        run_id=run.run_id,
        head=_side(run.head),
        base=_side(run.base) if run.base is not None else None,
        commands=_commands(run),
        environment=dict(sorted(run.environment.facts.items())),
        procedure=procedure(summary),
        notes=(*noise, *run.notes),
        parts=parts,
        ruled=ruled,
        results=tuple(row for c in ordered(summary.comparisons) for row in _results(c)),
        coverage=summary.coverage(),
        stated=run.started,
        measured=run.measured,
        devices=tuple(sorted({c.case.device for c in summary.comparisons})),
        seed=run.settings.get("seed", ""),
        data=_data(summary.comparisons),
        files=run.evidence.files,
        artifacts=run.evidence.artifacts,
        version=run.evidence.tag,
        person={**fields, "philosophical_note": _paragraphs(note)},
    )


def _commands(run: Run) -> tuple[str, ...]:
    """Return the command as typed, then those that repeat it at the same two commits, the diff applied."""
    checkout, again = reproduce_commands(run)
    diffs = [each for each in run.evidence.artifacts if each.kind == "diff" and each.stored]
    applied = [
        f"pytest-bolt journal show {run.run_id} --artifact {each.sha256[:12]} | git apply" for each in diffs
    ]
    return (shell_line(run.command), checkout, *applied, again)


def _of_experiment(summary: Summary, title: str, parts: Sequence[Judged]) -> Entry:
    own, entry_id = of_experiment(summary, parts), _entry_id(summary, title)
    entry = entry_of(own)
    return replace(
        entry,
        entry_id=entry_id,
        artifacts=tuple(each for each in entry.artifacts if _belongs(each, entry_id)),
        title=title,
        base=None,
        procedure=entry.procedure if own.timed else (_COMPUTED,),
        style=parts[0].statement.style,
    )


def _entry_id(summary: Summary, title: str) -> str:
    return f"{summary.run.run_id}-{_slug(title)}"


def _belongs(artifact: Artifact, entry_id: str) -> bool:
    """Return whether a file belongs to an entry: a figure that was drawn of another one does not."""
    name = artifact.path.rpartition("/")[2]
    drawn = artifact.kind == "figure" and name.startswith(entry_id.partition("-")[0])
    return not drawn or re.fullmatch(rf"{re.escape(entry_id)}-[a-z]+(?:-\d)?\.svg", name) is not None


def _unstated(summary: Summary) -> Ruled:
    return rule(summary.run, summary.comparisons, (), stated=False)


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


def _kind(summary: Summary, ruled: Ruled) -> Kind:
    if ruled.ruling is Ruling.NO_OP:
        return Kind.NO_OP
    if ruled.ruling in {Ruling.ERROR, Ruling.INCORRECT, Ruling.REFUTED}:
        return Kind.FAILED
    if summary.run.head.trailers.get("Kind", "").strip().lower() in {"decision", str(Kind.DECISION)}:
        return Kind.DECISION
    return Kind.BENCHMARK if summary.timed or not summary.comparisons else Kind.TRUTH


def _side(revision: Revision) -> Side:
    return Side(
        commit=revision.commit,
        name=revision.name,
        branch=revision.branch,
        subject=revision.subject,
        diff_hash=revision.diff_hash,
    )


def _data(comparisons: Iterable[Comparison]) -> Mapping[str, str]:
    """Return what the tests said of their data in `extra_info`: texts and numbers, a name once."""
    found: dict[str, str] = {}
    for comparison in ordered(comparisons):
        for name, value in comparison.case.extra_info.items():
            if isinstance(value, str | int | float) and str(name) not in found:
                found[str(name)] = str(value)
    return dict(list(found.items())[:_MOST_FACTS])


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
