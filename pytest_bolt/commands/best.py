"""`pytest-bolt best`: the best known speedup of each benchmark over a baseline."""

from __future__ import annotations

from pytest_bolt.commands.screen import Screen
from pytest_bolt.commands.show import matches
from pytest_bolt.core.best import Result, best_of
from pytest_bolt.core.speedups import BASELINE_NOTE
from pytest_bolt.core.summary import effect_text
from pytest_bolt.stores.store import Store

_HEADER = ("SPEEDUP", "BASELINE", "BENCHMARK", "COMMIT", "RUN", "STARTED (UTC)", "MACHINE")


def show_best(store: Store, screen: Screen, *, pattern: str, as_json: bool) -> None:
    """Write one line a benchmark, baseline and machine, or a JSON document with `schema`, `store`, `best`."""
    found = [each for each in best_of(store.against_baselines()) if matches(_node_id(each), pattern)]
    if as_json:
        screen.json({"schema": 1, "store": store.where, "best": found})
    elif found:
        screen.table(_HEADER, [_row(each) for each in found])
    else:
        screen.line("no speedup is stored; `pytest --bolt-baseline=framework` measures some")


def _node_id(result: Result) -> str:
    return result.comparison.case.case_id.node_id


def _row(result: Result) -> tuple[str, ...]:
    return (
        effect_text(result.comparison),
        result.comparison.notes.get(BASELINE_NOTE, ""),
        _node_id(result),
        result.revision.short,
        result.run_id,
        f"{result.started:%Y-%m-%d %H:%M:%S}",
        result.fingerprint[:8],
    )
