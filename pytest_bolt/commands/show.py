"""`pytest-bolt show`: one run, its benchmarks, and on request every round."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path

from pytest_bolt.commands.listing import revision_text
from pytest_bolt.commands.screen import Screen
from pytest_bolt.core.comparison import Comparison, Metric
from pytest_bolt.core.measurement import ROUND_DTYPE, Measurement
from pytest_bolt.core.metric_text import all_metrics, metric_cells, telling_metrics
from pytest_bolt.core.plain_text import one_line
from pytest_bolt.core.record import Run, Summary
from pytest_bolt.core.summary import effect_text, ordered, percent, time_text
from pytest_bolt.errors import BoltError
from pytest_bolt.extras import require_report
from pytest_bolt.page_folder import check_page_folder
from pytest_bolt.reports.json_report import render
from pytest_bolt.stores.store import Store

_HEADER = ("VERDICT", "CHANGE", "BASE", "HEAD", "DETECTABLE", "BENCHMARK")
_METRIC_HEADER = ("VERDICT", "METRIC", "CHANGE", "BASE", "HEAD", "BENCHMARK")
_COLUMNS = ROUND_DTYPE.names or ()


def show_run(
    store: Store,
    screen: Screen,
    *,
    run_id: str,
    pattern: str,
    with_rounds: bool,
    as_json: bool,
    html: Path | None = None,
) -> None:
    """Write a run and those of its benchmarks that match `pattern`; raise BoltError where none does.

    As JSON it is the document of `--bolt-json`, with `rounds` (case key, side, column) where asked for; with
    `html` it is the page of `--bolt-html`, in that folder.
    """
    if html is not None and (as_json or with_rounds):
        raise BoltError("--html is a form of its own", advice="leave --json and --rounds out")
    summary = store.summary(run_id)
    chosen = _matching(summary, pattern)
    if as_json:
        screen.json(_document(store, summary, chosen, with_rounds=with_rounds))
        return
    if html is not None:
        screen.line(f"wrote {_write_page(store, replace(summary, comparisons=chosen), html)}")
        return
    screen.pairs(_facts(summary.run))
    screen.line()
    if chosen:
        screen.table(_HEADER, [_row(comparison) for comparison in chosen])
        _write_remarks(screen, chosen)
        _write_metrics(screen, all_metrics(chosen) if pattern else telling_metrics(chosen))
    screen.line()
    screen.line(summary.coverage())
    if with_rounds:
        for comparison in chosen:
            _write_rounds(store, screen, summary.run.run_id, comparison)


def _write_page(store: Store, summary: Summary, folder: Path) -> Path:
    from pytest_bolt.pages import write_page

    require_report("--html")
    check_page_folder(folder)
    return write_page(folder, summary, store)


def matches(node_id: str, pattern: str) -> bool:
    """Return whether a benchmark is meant: `*` and `?` are wild, without them any part of the id will do.

    Brackets stand for themselves, since every parametrised id has them.
    """
    if "*" not in pattern and "?" not in pattern:
        return pattern in node_id
    return fnmatchcase(node_id, pattern.replace("[", "[[]"))


def _matching(summary: Summary, pattern: str) -> tuple[Comparison, ...]:
    chosen = tuple(c for c in ordered(summary.comparisons) if matches(c.case.case_id.node_id, pattern))
    if chosen or not pattern:
        return chosen
    names = [comparison.case.case_id.node_id for comparison in summary.comparisons]
    near = difflib.get_close_matches(pattern, names, cutoff=0.3) or names[:3]
    raise BoltError(
        f"No benchmark of this run matches {one_line(pattern)!r}",
        seen={"run": summary.run.run_id, "nearest": "\n".join(map(one_line, near)) or "it has none"},
        advice="use * and ? as wild cards, or a part of the id",
    )


def _facts(run: Run) -> dict[str, object]:
    facts = {
        "run": run.run_id,
        "state": run.state,
        "started": f"{run.started:%Y-%m-%d %H:%M:%S} UTC",
        "ended": f"{run.ended:%Y-%m-%d %H:%M:%S} UTC" if run.ended else "",
        "command": " ".join(run.command),
        "mode": run.mode,
        "head": f"{revision_text(run.head)} {run.head.subject}".rstrip(),
        "base": f"{revision_text(run.base)} {run.base.subject}".rstrip() if run.base else "",
        "environment": run.environment.fingerprint.digest,
        **{f"  {name}": value for name, value in run.environment.fingerprint.parts.items() if value},
        "hypothesis": run.hypothesis,
        "expect": "\n".join(run.expect),
        "notes": "\n".join(run.notes),
    }
    return {name: value for name, value in facts.items() if value}


def _row(comparison: Comparison) -> tuple[str, ...]:
    return (
        str(comparison.verdict),
        effect_text(comparison),
        time_text(comparison, comparison.base_time),
        time_text(comparison, comparison.head_time),
        percent(comparison.detectable),
        comparison.case.case_id.node_id,
    )


def _write_remarks(screen: Screen, chosen: Sequence[Comparison]) -> None:
    for comparison in chosen:
        for remark in filter(None, (comparison.reason, *comparison.warnings)):
            screen.line(f"  {one_line(comparison.case.case_id.node_id)}: {one_line(remark)}")


def _write_metrics(screen: Screen, found: Sequence[tuple[Comparison, Metric]]) -> None:
    if found:
        screen.line()
        screen.table(_METRIC_HEADER, [_metric_row(comparison, metric) for comparison, metric in found])


def _metric_row(comparison: Comparison, metric: Metric) -> tuple[str, ...]:
    base, head, change, verdict = metric_cells(metric)
    return (verdict or "-", metric.name, change, base, head, comparison.case.case_id.node_id)


def _write_rounds(store: Store, screen: Screen, run_id: str, comparison: Comparison) -> None:
    for side, measurement in store.measurements(run_id, comparison.case.case_id.key).items():
        screen.line()
        screen.line(f"{one_line(comparison.case.case_id.node_id)}, {side}")
        for warning in measurement.warnings:
            screen.line(f"  {one_line(warning)}")
        screen.table(_COLUMNS, [*_cells(measurement)])


def _cells(measurement: Measurement) -> Iterator[list[str]]:
    return ([str(value) for value in row] for row in measurement.rounds.tolist())


def _document(
    store: Store, summary: Summary, chosen: tuple[Comparison, ...], *, with_rounds: bool
) -> dict[str, object]:
    document: dict[str, object] = json.loads(render(replace(summary, comparisons=chosen)))
    if with_rounds:
        keys = [comparison.case.case_id.key for comparison in chosen]
        document["rounds"] = {key: _columns(store, summary.run.run_id, key) for key in keys}
    return document


def _columns(store: Store, run_id: str, key: str) -> dict[str, dict[str, list[int]]]:
    sides = store.measurements(run_id, key)
    return {
        str(side): {name: measurement.rounds[name].tolist() for name in _COLUMNS}
        for side, measurement in sides.items()
    }
