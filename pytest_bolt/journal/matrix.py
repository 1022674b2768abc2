"""The version comparison matrix of a changelog: metric by version, from stored runs of tagged commits."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from pytest_bolt.core.comparison import Comparison
from pytest_bolt.core.environment import Fingerprint
from pytest_bolt.core.markdown_text import Markdown, code, escape, table
from pytest_bolt.core.measurement import Side
from pytest_bolt.core.record import Summary
from pytest_bolt.core.summary import metric_text, ordered, shows_speed, time_text
from pytest_bolt.errors import BoltError
from pytest_bolt.journal.styles import STYLES

_BLOCK = re.compile(r"^<!-- bolt:matrix -->\r?\n.*?^<!-- /bolt:matrix -->\r?\n", re.MULTILINE | re.DOTALL)
_BY_HAND = re.compile(r"^#{1,3} Version Comparison\b", re.MULTILINE | re.IGNORECASE)
_MOST_VERSIONS = 12
_MOST_ROWS = 60
_APART = (
    "Each column is a run of its own: across columns a difference within the noise of the machine says "
    "nothing. `pytest --bolt-compare=TAG` measures two versions side by side."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionRun:
    """A tagged version with the newest stored run that measured its commit, and on which side."""

    version: str
    date: datetime
    summary: Summary
    side: Side = Side.HEAD

    @property
    def fingerprint(self) -> Fingerprint:
        """Return what decides whether its times may be set beside others."""
        return self.summary.run.environment.fingerprint


def matrix(runs: Sequence[VersionRun]) -> str:
    """Return the matrix between its markers, oldest version first; without a run a line that says so."""
    shown = sorted(runs, key=lambda run: run.date)[-_MOST_VERSIONS:]
    body = "\n\n".join(_body(shown)) if shown else "No run of a tagged commit is stored yet."
    return f"<!-- bolt:matrix -->\n## Version Comparison\n\n{body}\n<!-- /bolt:matrix -->\n"


def with_matrix(text: str, runs: Sequence[VersionRun]) -> str:
    """Return a changelog with its matrix made again; one that a person keeps by hand stays as it is.

    Where there is none yet, it goes before the first version. Raises BoltError where a marker has no partner.
    """
    made = matrix(runs)
    marked = list(_BLOCK.finditer(text))
    if len(marked) > 1 or text.count("<!-- bolt:matrix -->") != len(marked):
        raise BoltError("the matrix of this changelog is damaged", advice="mend its `<!-- bolt:matrix` lines")
    if marked:
        found = marked[0]
        newline = "\r\n" if "\r\n" in found.group() else "\n"
        return text[: found.start()] + made.replace("\n", newline) + text[found.end() :]
    if _BY_HAND.search(text) or not runs:
        return text
    first = re.search(rf"^(?:<!-- bolt:entry |{STYLES['changelog'].heading.pattern[1:]})", text, re.MULTILINE)
    at = first.start() if first else len(text)
    return f"{text[:at]}{made}\n{text[at:]}"


def _body(runs: Sequence[VersionRun]) -> Iterable[str]:
    columns = [_cells(run.summary.comparisons, run.side) for run in runs]
    names = list(dict.fromkeys(name for column in columns for name in column))
    rows: list[tuple[str, ...]] = [("Date", *(f"{run.date:%Y-%m-%d}" for run in runs))]
    rows += [("Machine", *(code(run.fingerprint.digest[:8]) for run in runs))]
    rows += [(name, *(column.get(name, "-") for column in columns)) for name in names[:_MOST_ROWS]]
    yield table(("Metric", *(run.version for run in runs)), rows, right=range(1, len(runs) + 1))
    if len(names) > _MOST_ROWS:
        yield f"And {len(names) - _MOST_ROWS} more metrics, which are stored."
    if len({run.fingerprint.digest for run in runs}) > 1:
        yield "These versions ran on different machines: their times cannot be compared."
    yield _APART


def _cells(comparisons: Iterable[Comparison], side: Side) -> dict[Markdown, str]:
    cells: dict[Markdown, str] = {}
    for comparison in ordered(comparisons):
        name = code(comparison.case.case_id.node_id)
        time = comparison.head_time if side is Side.HEAD else comparison.base_time
        if time is not None:
            cells[Markdown(f"time, {name}")] = time_text(comparison, time)
        for metric in comparison.metrics if shows_speed(comparison) else ():
            value = metric.head if side is Side.HEAD else metric.base
            cells[Markdown(f"{escape(metric.name)}, {name}")] = metric_text(value, metric.unit)
    return cells
