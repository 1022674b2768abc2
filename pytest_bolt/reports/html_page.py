"""One page a comparison: a file that works offline, without JavaScript, on paper and read aloud.

Nothing on it is loaded from anywhere: its policy allows the one style sheet and the one script in it, by
their digests, and nothing else.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from pytest_bolt import __version__
from pytest_bolt.core.command_text import reproduce_commands, shell_line
from pytest_bolt.core.metric_text import METRIC_HEADER, metric_cells
from pytest_bolt.core.plain_text import one_line, sentence
from pytest_bolt.core.record import Revision, Run, Summary
from pytest_bolt.core.summary import (
    NOISE_ONLY,
    MachineLimits,
    effect_header,
    first_line,
    noise_only,
    percent,
    procedure,
    shows_speed,
    speedup_lines,
)
from pytest_bolt.reports.page_rows import Row, rows_of
from pytest_bolt.reports.prose import html_of

if TYPE_CHECKING:
    from jinja2 import Environment

_HEADER = ("benchmark", "verdict", "base", "head", "change", "smallest effect visible", "device")
_SORTED_AS_NUMBERS = frozenset({"verdict", "base", "head", "change", "speedup", "smallest effect visible"})
_RIGHT = _SORTED_AS_NUMBERS - {"verdict"}
_ENTRY_LEVEL = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """The figures of a page as SVG elements, with the style sheet that they share.

    `by_case` holds those of each benchmark by case key; `left_out` counts the benchmarks that could have
    some and have none, to keep the page small.
    """

    style: str = ""
    overview: str = ""
    by_case: Mapping[str, Sequence[str]] = field(default_factory=dict)
    left_out: int = 0


def render(
    summary: Summary,
    figures: Figures | None = None,
    *,
    entries: Sequence[str] = (),
    limits: MachineLimits | None = None,
) -> str:
    """Return the page of a run: same input, same text.

    Arguments:
        summary: the finished run.
        figures: what was drawn of it.
        entries: its journal entries, as Markdown.
        limits: what the machine can do at best.
    """
    figures = figures or Figures()
    rows = rows_of(summary.timed, figures.by_case, limits)
    style = f"{_file('page.css')}{figures.style}"
    script = _file("page.js")
    return (
        _environment()
        .get_template("page.html.j2")
        .render(
            policy=_policy(style, script),
            style=_raw(style),
            script=_raw(script),
            version=__version__,
            overview=_raw(figures.overview),
            rows=[_with_figures(row) for row in rows],
            entries=[_raw(html_of(entry, below=_ENTRY_LEVEL)) for entry in entries],
            left_out=_left_out(summary.run, figures.left_out),
            parts=_parts(summary, figures, entries),
            **_about(summary),
            **_table(summary, rows),
        )
    )


def _about(summary: Summary) -> dict[str, Any]:
    run = summary.run
    found = [
        (c.case.case_id.node_id, metric.name, *metric_cells(metric))
        for c in summary.comparisons
        if not c.timed
        for metric in c.metrics
    ]
    return {
        "headline": first_line(summary),
        "title": _title(run),
        "coverage": summary.coverage(),
        "warnings": [NOISE_ONLY] if noise_only(summary) else [],
        "sides": [_side("Head", run.head), *([_side("Base", run.base)] if run.base is not None else [])],
        "speedups": [sentence(line) for line in speedup_lines(summary.timed)],
        "found": found,
        "method": [*procedure(summary), *_visible(summary), *map(sentence, (*run.notes, *_words(run)))],
        "commands": _commands(run),
        "facts": sorted(run.environment.facts.items()),
        "run_id": run.run_id,
        "started": f"{run.started:%Y-%m-%d %H:%M:%S %Z}",
        "metric_header": METRIC_HEADER[1:],
    }


def _table(summary: Summary, rows: Sequence[Row]) -> dict[str, Any]:
    header = effect_header(_HEADER, summary.timed)
    columns = [
        {"name": name, "number": name in _RIGHT, "sort": "number" if name in _SORTED_AS_NUMBERS else "text"}
        for name in header
    ]
    return {"columns": columns, "verdicts": list(summary.counted().items()), "row_count": len(rows)}


def _title(run: Run) -> str:
    head = run.head.branch or run.head.name or run.head.short
    if run.base is None:
        return f"{head}, measured"
    return f"{head} compared with {run.base.name or run.base.branch or run.base.short}"


def _side(role: str, revision: Revision) -> dict[str, str]:
    return {
        "role": role,
        "commit": revision.commit or "no repository",
        "name": revision.branch or revision.name,
        "subject": sentence(revision.subject),
        "diff": revision.diff_hash,
    }


def _visible(summary: Summary) -> list[str]:
    seen = sorted(c.detectable for c in summary.timed if c.detectable is not None and shows_speed(c))
    if not seen:
        return []
    span = percent(seen[0]) if len(seen) == 1 else f"{percent(seen[0])} to {percent(seen[-1])}"
    return [f"smallest effect that could have been seen: {span}"]


def _words(run: Run) -> list[str]:
    said = [f"hypothesis, stated before the run: {run.hypothesis}"] if run.hypothesis else []
    return [*said, *(f"expected, before the run: {text}" for text in run.expect)]


def _commands(run: Run) -> list[tuple[str, list[str]]]:
    found = [("What was typed", [shell_line(run.command)])] if run.command else []
    if run.head.commit:
        found.append(("The same against these two commits", list(reproduce_commands(run))))
    return [*found, ("All that is stored of it", [shell_line(["pytest-bolt", "show", run.run_id])])]


def _left_out(run: Run, count: int) -> list[str]:
    if not count:
        return []
    command = shell_line(["pytest-bolt", "show", run.run_id, "PART-OF-ITS-NAME", "--html=DIR"])
    return [
        f"To keep this page small, {count} less telling benchmarks have no figures. {command} draws them."
    ]


def _parts(summary: Summary, figures: Figures, entries: Sequence[str]) -> list[tuple[str, str]]:
    parts = {
        "overview": ("Overview", bool(figures.overview)),
        "verdicts": ("Verdicts", True),
        "benchmarks": ("Benchmarks", bool(summary.timed)),
        "found": ("Found without a time", len(summary.timed) < len(summary.comparisons)),
        "entry": ("Journal entry", bool(entries)),
        "method": ("How it was measured", True),
        "commands": ("Commands", True),
        "environment": ("Environment", bool(summary.run.environment.facts)),
    }
    return [(anchor, name) for anchor, (name, there) in parts.items() if there]


def _with_figures(row: Row) -> dict[str, Any]:
    fields = {name: getattr(row, name) for name in Row.__dataclass_fields__}
    return {**fields, "figures": [_raw(figure) for figure in row.figures]}


def _policy(style: str, script: str) -> str:
    """Return the content security policy: what is in this file, by digest, and nothing from elsewhere."""
    return "; ".join(
        (
            "default-src 'none'",
            f"style-src '{_digest(style)}'",
            f"script-src '{_digest(script)}'",
            "img-src data:",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )


def _digest(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


@cache
def _file(name: str) -> str:
    return files("pytest_bolt.reports").joinpath("templates", name).read_text(encoding="utf-8")


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=PackageLoader("pytest_bolt.reports"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def _raw(text: str) -> Any:
    """Return text that is HTML already: our own files, figures, and what was sanitised."""
    from markupsafe import Markup

    return Markup(text)  # noqa: S704 - of the three kinds named above only


def _shown(value: Any) -> Any:
    """Return what a template prints: foreign text on one line, without what cannot be seen."""
    if value is None:
        msg = "a template printed a value that is not there"
        raise TypeError(msg)
    return value if hasattr(value, "__html__") else one_line(str(value))
