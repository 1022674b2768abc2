"""From a finished run and its store to the page of it: figures drawn, entries rendered, one file written."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from pytest_bolt.core.comparison import Comparison
from pytest_bolt.core.environment import Fingerprint
from pytest_bolt.core.history import HistoryPoint
from pytest_bolt.core.record import Summary
from pytest_bolt.core.summary import MachineLimits
from pytest_bolt.journal.build import entries_of
from pytest_bolt.journal.render import Rendering, render
from pytest_bolt.page_folder import replace_page
from pytest_bolt.reports import html_page
from pytest_bolt.reports.html_page import Figures

MOST_DRAWN = 50  # benchmarks with figures of their own: each takes a quarter of a second and 20 kB
HISTORY_RUNS = 30
_STYLE = "paper"  # of an entry that asks for none itself


class Past(Protocol):
    """What tells of a benchmark's earlier runs: a store."""

    def history(self, case_key: str, fingerprint: Fingerprint, limit: int) -> tuple[HistoryPoint, ...]:
        """Return both sides of the newest `limit` runs, oldest first."""


def write_page(folder: Path, summary: Summary, past: Past, limits: MachineLimits | None = None) -> Path:
    """Write the page of a run into its folder and return its path.

    Arguments:
        folder: as `page_folder.check_page_folder` allows it.
        summary: the finished run.
        past: earlier runs, usually the store that holds this one too.
        limits: what the machine can do at best.

    Raises:
        BoltError: if the folder cannot be written, or the store cannot be read.
    """
    drawn = figures_of(summary, past)
    entries = [render(entry, Rendering(style=entry.style or _STYLE)) for entry in entries_of(summary)]
    return replace_page(folder, html_page.render(summary, drawn, entries=entries, limits=limits))


def figures_of(summary: Summary, past: Past, most: int = MOST_DRAWN) -> Figures:
    """Return the figures of a run: all of it in one, and those of the `most` most telling benchmarks."""
    from pytest_bolt.plots.overview import most_telling, overview
    from pytest_bolt.plots.palette import style_sheet

    telling = most_telling(summary.timed)
    whole = overview(summary)
    return Figures(
        style=style_sheet(),
        overview=whole.inline() if whole is not None else "",
        by_case={c.case.case_id.key: _figures(c, summary, past) for c in telling[:most]},
        left_out=len(telling[most:]),
    )


def _figures(comparison: Comparison, summary: Summary, past: Past) -> tuple[str, ...]:
    from pytest_bolt.plots.distribution import distribution
    from pytest_bolt.plots.history import history

    run, case_id = summary.run, comparison.case.case_id
    points = past.history(case_id.key, run.environment.fingerprint, HISTORY_RUNS)
    plots = (distribution(comparison, run.control), history(case_id.node_id, points, run.run_id))
    return tuple(plot.inline() for plot in plots if plot is not None)
