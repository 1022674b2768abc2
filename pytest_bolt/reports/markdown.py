"""The report for people: Markdown for a pull request or a file, short enough for a comment."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pytest_bolt.core.command_text import reproduce_commands
from pytest_bolt.core.comparison import Comparison, Metric
from pytest_bolt.core.markdown_text import Markdown, code, code_block, escape, table
from pytest_bolt.core.metric_text import METRIC_HEADER, all_metrics, metric_cells
from pytest_bolt.core.record import Revision, Summary
from pytest_bolt.core.summary import (
    NOISE_ONLY,
    MachineLimits,
    changed,
    effect_header,
    effect_text,
    first_line,
    noise_only,
    ordered,
    percent,
    procedure,
    rate_cells,
    shows_speed,
    speedup_lines,
    throughput,
    time_text,
    verdict_text,
)
from pytest_bolt.core.verdict import SEVERITY, Verdict

LIMIT = 60_000  # characters; a code host refuses a comment of more than 65,536
_HEADER = ("benchmark", "device", "base", "head", "change", "smallest effect visible", "verdict")
_NUMBERS = (2, 3, 4, 5)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Section:
    """A part that is shown whole or not at all; of two, the one with the higher `shed` goes first."""

    name: str
    text: str
    shed: int = 0


def render(summary: Summary, limits: MachineLimits | None = None) -> str:
    """Return the report of a run, under 60,000 characters: sections are shed whole, never cut.

    Arguments:
        summary: the finished run.
        limits: what the machine can do at best, for the share of it that each benchmark reaches.
    """
    sections = [section for section in _sections(summary, limits) if section.text]
    left_out: list[_Section] = []
    while len(text := _joined(sections, left_out)) >= LIMIT and any(section.shed for section in sections):
        largest = max(sections, key=lambda section: section.shed)
        sections.remove(largest)
        left_out.append(largest)
    return text


def _joined(sections: Sequence[_Section], left_out: Sequence[_Section]) -> str:
    texts = [section.text for section in sections]
    if left_out:
        names = ", ".join(section.name for section in left_out)
        texts.append(f"Left out, because the report would be too long: {names}.")
    return "\n\n".join(texts) + "\n"


def _sections(summary: Summary, limits: MachineLimits | None) -> Iterable[_Section]:
    undecided, same = (
        [c for c in ordered(summary.timed) if c.verdict is verdict]
        for verdict in (Verdict.INCONCLUSIVE, Verdict.SAME)
    )
    yield _Section(name="headline", text=_headline(summary))
    yield from _changed_sections(summary)
    yield _Section(name="speedups", text=_speedups(summary))
    yield _Section(name="metrics that failed", text=_failed_metrics(summary), shed=2)
    yield _Section(name="what limits this run", text=_noise(summary), shed=1)
    yield _Section(name="undecided benchmarks", text=_folded("Cannot tell", undecided), shed=20)
    yield _Section(name="unchanged benchmarks", text=_folded("Same", same), shed=30)
    yield _Section(name="throughput", text=_throughput(summary, limits), shed=40)
    yield _Section(name="metrics", text=_metrics(summary), shed=35)
    yield _Section(name="environment", text=_environment(summary), shed=15)
    yield _Section(name="the command", text=_reproduce(summary), shed=2)


def _headline(summary: Summary) -> str:
    line = f"**{escape(first_line(summary))}** ({escape(summary.coverage())})"
    run = summary.run
    sides = f"{_revision(run.base)} → {_revision(run.head)}" if run.base is not None else _revision(run.head)
    warning = f"\n\n**{NOISE_ONLY}**" if noise_only(summary) else ""
    return f"{line}\n\n{sides}{warning}"


def _changed_sections(summary: Summary) -> Iterable[_Section]:
    groups = {v: [c for c in changed(summary.timed) if c.verdict is v] for v in SEVERITY}
    for rank, (verdict, members) in enumerate(groups.items()):
        if members:
            text = f"### {str(verdict).capitalize()}\n\n{_table(members)}"
            yield _Section(name=f"{len(members)} {verdict}", text=text, shed=3 + rank)
    if not any(groups.values()):
        yield _Section(name="changes", text="Nothing changed that this run could see.")


def _folded(title: str, comparisons: Sequence[Comparison]) -> str:
    return _details(f"{title}: {len(comparisons)}", _table(comparisons)) if comparisons else ""


def _details(title: str, body: str) -> str:
    return f"<details>\n<summary>{escape(title)}</summary>\n\n{body}\n\n</details>"


def _table(comparisons: Iterable[Comparison]) -> Markdown:
    shown = tuple(comparisons)
    return table(effect_header(_HEADER, shown), map(_row, shown), right=_NUMBERS)


def _row(comparison: Comparison) -> tuple[str, ...]:
    speed = shows_speed(comparison)
    verdict = verdict_text(comparison)
    reasons = [text for text in (comparison.reason, *comparison.warnings) if text]
    return (
        code(comparison.case.case_id.node_id),
        comparison.case.device,
        time_text(comparison, comparison.base_time),
        time_text(comparison, comparison.head_time),
        Markdown(effect_text(comparison)),
        percent(comparison.detectable if speed else None),
        "; ".join([verdict, *reasons]),
    )


def _noise(summary: Summary) -> str:
    seen = sorted(c.detectable for c in summary.timed if c.detectable is not None and shows_speed(c))
    lines = list(map(escape, procedure(summary)))
    if seen:
        span = percent(seen[0]) if len(seen) == 1 else f"{percent(seen[0])} to {percent(seen[-1])}"
        lines.append(escape(f"smallest effect that could have been seen: {span}"))
    lines.extend(map(escape, summary.run.notes))
    return "\n".join(f"- {line}" for line in lines)


def _speedups(summary: Summary) -> str:
    return "\n".join(f"- {escape(line.strip())}" for line in speedup_lines(summary.timed))


def _throughput(summary: Summary, limits: MachineLimits | None) -> str:
    header = ("benchmark", "base", "head", "of the machine's limit")
    rates = [(c, rate) for c in ordered(summary.timed) if (rate := throughput(c, limits)) is not None]
    rows = [(code(c.case.case_id.node_id), *rate_cells(rate)) for c, rate in rates]
    return _details(f"Throughput: {len(rows)}", table(header, rows, right=(1, 2, 3))) if rows else ""


def _failed_metrics(summary: Summary) -> str:
    failed = [(c, metric) for c, metric in all_metrics(summary.timed) if metric.failed]
    return f"### Worse by a metric\n\n{_metric_table(failed)}" if failed else ""


def _metrics(summary: Summary) -> str:
    found = all_metrics(summary.timed)
    return _details(f"Metrics: {len(found)}", _metric_table(found)) if found else ""


def _metric_table(found: Iterable[tuple[Comparison, Metric]]) -> Markdown:
    rows = ((code(c.case.case_id.node_id), metric.name, *metric_cells(metric)) for c, metric in found)
    return table(METRIC_HEADER, rows, right=(2, 3, 4))


def _environment(summary: Summary) -> str:
    facts = sorted(summary.run.environment.facts.items())
    return (
        _details("Environment", table(("fact", "value"), ((k, code(v)) for k, v in facts))) if facts else ""
    )


def _reproduce(summary: Summary) -> str:
    run = summary.run
    dirty = [revision for revision in (run.head, run.base) if revision is not None and revision.dirty]
    lost = [f"{escape(_lost(revision))}" for revision in dirty]
    block = code_block(reproduce_commands(run), "sh")
    return "\n\n".join([f"Run {code(run.run_id)}, to repeat it:", block, *lost])


def _lost(revision: Revision) -> str:
    return f"The tree had changes that are in no commit, hash {revision.diff_hash}; they are not restored."


def _revision(revision: Revision | None) -> str:
    if revision is None:
        return ""
    name = revision.name or revision.branch
    return f"{code(revision.short)} {code(name)}" if name else code(revision.short)
