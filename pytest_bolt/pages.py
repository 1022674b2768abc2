"""From a finished run and its store to the page of it: figures drawn, entries rendered, one file written."""

from __future__ import annotations

from pathlib import Path

from pytest_bolt.core.comparison import Comparison
from pytest_bolt.core.record import Summary
from pytest_bolt.core.summary import MachineLimits
from pytest_bolt.journal.build import entries_of
from pytest_bolt.journal.render import Rendering, render
from pytest_bolt.page_folder import replace_page
from pytest_bolt.reports import html_page
from pytest_bolt.reports.html_page import Figures
from pytest_bolt.stores.store import Store

MOST_DRAWN = 60  # benchmarks with figures of their own: each takes a tenth of a second and 20 kB
HISTORY_RUNS = 40
_STYLE = "paper"  # of an entry that asks for none itself


def write_page(folder: Path, summary: Summary, store: Store, limits: MachineLimits | None = None) -> Path:
    """Write the page of a run into its folder and return its path.

    Arguments:
        folder: as `page_folder.check_page_folder` allows it.
        summary: the finished run.
        store: which holds the run, and what earlier runs say of its benchmarks.
        limits: what the machine can do at best.

    Raises:
        BoltError: if the folder cannot be written, or the store cannot be read.
    """
    drawn = figures_of(summary, store)
    entries = [render(entry, Rendering(style=entry.style or _STYLE)) for entry in entries_of(summary)]
    return replace_page(folder, html_page.render(summary, drawn, entries=entries, limits=limits))


def figures_of(summary: Summary, store: Store, most: int = MOST_DRAWN) -> Figures:
    """Return the figures of a run: all of it in one, and those of the `most` most telling benchmarks."""
    from pytest_bolt.plots.overview import most_telling, overview
    from pytest_bolt.plots.palette import style_sheet

    telling = most_telling(summary.timed)
    whole = overview(summary)
    return Figures(
        style=style_sheet(),
        overview=whole.inline() if whole is not None else "",
        by_case={c.case.case_id.key: _figures(c, summary, store) for c in telling[:most]},
        left_out=len(telling[most:]),
    )


def _figures(comparison: Comparison, summary: Summary, store: Store) -> tuple[str, ...]:
    from pytest_bolt.plots.distribution import distribution
    from pytest_bolt.plots.history import history

    run, case_id = summary.run, comparison.case.case_id
    points = store.history(case_id.key, run.environment.fingerprint, HISTORY_RUNS)
    plots = (distribution(comparison, run.control), history(case_id.node_id, points, run.run_id))
    return tuple(plot.inline() for plot in plots if plot is not None)
