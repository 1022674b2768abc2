"""The report for people: Markdown for a file, a step summary or the comment on a pull request."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pytest_bolt.core.command_text import reproduce_commands
from pytest_bolt.core.markdown_text import Markdown, code_block, escape
from pytest_bolt.core.plain_text import clipped
from pytest_bolt.core.record import Revision, RunState, Summary
from pytest_bolt.core.summary import (
    NOISE_ONLY,
    MachineLimits,
    changed,
    fails,
    first_line,
    noise_only,
    ordered,
    percent,
    procedure,
    shows_speed,
    speedup_lines,
)
from pytest_bolt.core.verdict import SEVERITY, Verdict
from pytest_bolt.reports.markdown_tables import (
    by_effect,
    changes_table,
    environment_table,
    failed_metrics_table,
    identifier,
    metrics_table,
    prose,
    throughput_table,
    whole_table,
)
from pytest_bolt.reports.sections import Budget, Section, fitted

COMMENT_BUDGET = Budget(characters=60_000)  # a code host refuses a comment of more than 65,536
_MOST_OPEN = 25  # changes of one verdict that are shown unfolded
_LONGEST_NOTE = 500

# What goes first where not everything fits has the highest number.
_SHED = {
    "command": 2,
    "noise": 3,
    "failed metrics": 4,
    "changes": 10,  # and one more for each step down in severity
    "speedups": 30,
    "environment": 35,
    "undecided": 40,
    "more changes": 50,
    "same": 70,
    "metrics": 80,
    "throughput": 90,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """What a report says where it is a comment.

    Arguments:
        marker: the hidden first line by which the comment is found again.
        label: what tells it from other comments on the same pull request; may be empty.
        fetch: the command that gets the head's commit, which a reader's clone may not have.
    """

    marker: str
    label: str = ""
    fetch: str = ""


def render(
    summary: Summary,
    limits: MachineLimits | None = None,
    *,
    budget: Budget = COMMENT_BUDGET,
    posted: Posted | None = None,
) -> str:
    """Return the report of a run; sections are shed whole until it fits, never cut.

    Arguments:
        summary: the finished run.
        limits: what the machine can do at best, for the share of it that each benchmark reaches.
        budget: how long it may be.
        posted: what a comment has more, None where it is none.
    """
    return fitted(_sections(summary, limits, posted), budget)


def outcome(summary: Summary) -> str:
    """Return in a word or two what became of the run."""
    if summary.run.state is RunState.INTERRUPTED:
        return "Stopped early"
    if any(map(fails, summary.comparisons)):
        return "Failed"
    if summary.run.base is None:
        return "Measured"
    return "Passed" if any(c.verdict.judged for c in summary.timed) else "Nothing judged"


def _sections(summary: Summary, limits: MachineLimits | None, posted: Posted | None) -> Iterable[Section]:
    undecided, same = (
        [c for c in ordered(summary.timed) if c.verdict is verdict]
        for verdict in (Verdict.INCONCLUSIVE, Verdict.SAME)
    )
    if posted is not None:
        yield Section(name="marker", text=posted.marker)
    yield Section(name="headline", text=_headline(summary, posted))
    yield from _changed_sections(summary)
    yield _section("metrics that failed", "failed metrics", failed_metrics_table(summary.timed))
    yield _section("speedups", "speedups", _speedups(summary))
    yield _section("what limits this run", "noise", _noise(summary))
    yield _section("undecided benchmarks", "undecided", _folded("Cannot tell", whole_table(undecided)))
    yield _section("unchanged benchmarks", "same", _folded("Same", whole_table(same)))
    yield _section("throughput", "throughput", _folded("Throughput", throughput_table(summary.timed, limits)))
    yield _section("metrics", "metrics", _folded("Metrics", metrics_table(summary.timed)))
    yield _section("environment", "environment", _environment(summary))
    yield _section("the command", "command", _reproduce(summary, posted))


def _section(name: str, kind: str, text: str) -> Section:
    return Section(name=name, text=text, shed=_SHED[kind])


def _headline(summary: Summary, posted: Posted | None) -> str:
    label = f" ({escape(posted.label)})" if posted is not None and posted.label else ""
    line = f"**{outcome(summary)}{label}: {escape(first_line(summary))}** ({escape(summary.coverage())})"
    run = summary.run
    sides = f"{_revision(run.base)} → {_revision(run.head)}" if run.base is not None else _revision(run.head)
    warning = f"\n\n**{NOISE_ONLY}**" if noise_only(summary) else ""
    return f"{line}\n\n{sides}{warning}"


def _changed_sections(summary: Summary) -> Iterable[Section]:
    found = changed(summary.timed)
    for rank, verdict in enumerate(SEVERITY):
        members = by_effect(c for c in found if c.verdict is verdict)
        first, more = members[:_MOST_OPEN], members[_MOST_OPEN:]
        if first:
            text = f"### {str(verdict).capitalize()}\n\n{changes_table(first)}"
            yield Section(name=f"{len(first)} {verdict}", text=text, shed=_SHED["changes"] + rank)
        if more:
            text = _folded(f"{verdict}, more".capitalize(), (changes_table(more), len(more)))
            shed = _SHED["more changes"] + rank
            yield Section(name=f"{len(more)} more {verdict}", text=text, shed=shed)
    if not found:
        yield Section(name="changes", text="Nothing changed that this run could see.")


def _folded(title: str, table: tuple[Markdown, int]) -> str:
    """Return a table that opens on a click, with the number of its rows; empty for none."""
    text, rows = table
    return _details(f"{title}: {rows}", text) if rows else ""


def _details(title: str, body: str) -> str:
    return f"<details>\n<summary>{escape(title)}</summary>\n\n{body}\n\n</details>"


def _noise(summary: Summary) -> str:
    seen = sorted(c.detectable for c in summary.timed if c.detectable is not None and shows_speed(c))
    lines: list[str] = [prose(line, _LONGEST_NOTE) for line in procedure(summary)]
    if seen:
        span = percent(seen[0]) if len(seen) == 1 else f"{percent(seen[0])} to {percent(seen[-1])}"
        lines.append(escape(f"smallest effect that could have been seen: {span}"))
    lines.extend(prose(note, _LONGEST_NOTE) for note in summary.run.notes)
    return "\n".join(f"- {line}" for line in lines)


def _speedups(summary: Summary) -> str:
    return "\n".join(f"- {prose(line.strip(), _LONGEST_NOTE)}" for line in speedup_lines(summary.timed))


def _environment(summary: Summary) -> str:
    facts = summary.run.environment.facts
    return _details("Environment", environment_table(facts)) if facts else ""


def _reproduce(summary: Summary, posted: Posted | None) -> str:
    run = summary.run
    dirty: Sequence[Revision] = [each for each in (run.head, run.base) if each is not None and each.dirty]
    fetch = [posted.fetch] if posted is not None and posted.fetch else []
    block = code_block([*fetch, *reproduce_commands(run)], "sh")
    return "\n\n".join([f"Run {identifier(run.run_id)}, to repeat it:", block, *map(_lost, dirty)])


def _lost(revision: Revision) -> Markdown:
    digits = clipped(revision.diff_hash, 80)
    return escape(f"The tree had changes that are in no commit, hash {digits}; they are not restored.")


def _revision(revision: Revision | None) -> str:
    if revision is None:
        return ""
    name = revision.name or revision.branch
    return f"{identifier(revision.short)} {identifier(name)}" if name else identifier(revision.short)
