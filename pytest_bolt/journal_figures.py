"""Figures beside a journal's entries: drawn from stored numbers, named by the entry, told by their hashes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import replace

from pytest_bolt.core.record import Artifact, Summary
from pytest_bolt.errors import BoltError
from pytest_bolt.extras import require_report
from pytest_bolt.journal.build import entry_summaries
from pytest_bolt.journal.write import FIGURES
from pytest_bolt.pages import HISTORY_RUNS, Past

_DRAWN = 3  # benchmarks of an entry whose pairs and history are shown; the overview has all


def can_draw() -> bool:
    """Return whether the library that draws is installed."""
    try:
        require_report("figures", ("vl_convert",))
    except BoltError:
        return False
    return True


def drawn(summary: Summary, past: Past) -> tuple[Summary, Mapping[str, str]]:
    """Return the run with its figures among its evidence, and the figures: path beside a journal -> SVG.

    Arguments:
        summary: the finished run.
        past: earlier runs, usually the store that holds this one too.
    """
    figures = {
        (FIGURES / f"{entry_id}-{name}.svg").as_posix(): text
        for entry_id, own in entry_summaries(summary)
        for name, text in _figures(own, past)
    }
    evidence = summary.run.evidence
    others = [each for each in evidence.artifacts if each.path not in figures]
    artifacts = (*others, *(_artifact(path, text) for path, text in figures.items()))
    run = replace(summary.run, evidence=replace(evidence, artifacts=artifacts))
    return replace(summary, run=run), figures


def _artifact(path: str, text: str) -> Artifact:
    content = text.encode()
    return Artifact(kind="figure", path=path, sha256=hashlib.sha256(content).hexdigest(), size=len(content))


def _figures(summary: Summary, past: Past) -> Iterator[tuple[str, str]]:
    from pytest_bolt.plots.distribution import distribution
    from pytest_bolt.plots.history import history
    from pytest_bolt.plots.overview import most_telling, overview

    run = summary.run
    whole = overview(summary)
    if whole is not None and len(summary.timed) > 1:
        yield "changes", whole.standalone()
    for number, comparison in enumerate(most_telling(summary.timed)[:_DRAWN], start=1):
        case_id = comparison.case.case_id
        points = past.history(case_id.key, run.environment.fingerprint, HISTORY_RUNS)
        for name, plot in (
            ("pairs", distribution(comparison, run.control)),
            ("history", history(case_id.node_id, points, run.run_id)),
        ):
            if plot is not None:
                yield f"{name}-{number}", plot.standalone()
