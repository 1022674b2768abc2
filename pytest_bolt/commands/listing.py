"""`pytest-bolt list`: the stored runs, newest first."""

from __future__ import annotations

from collections.abc import Mapping

from pytest_bolt.commands.screen import Screen
from pytest_bolt.core.record import Revision, Run
from pytest_bolt.core.verdict import SEVERITY, Verdict
from pytest_bolt.stores.store import Store

_HEADER = ("RUN", "STARTED (UTC)", "STATE", "MODE", "HEAD", "BASE", "BENCHMARKS")


def list_runs(store: Store, screen: Screen, *, limit: int | None, as_json: bool) -> None:
    """Write one line a run, or a JSON document with `schema`, `store` and `runs`."""
    runs = store.runs(limit)
    verdicts = store.verdicts([run.run_id for run in runs])
    if as_json:
        entries = [{"run": run, "verdicts": verdicts.get(run.run_id, {})} for run in runs]
        screen.json({"schema": 1, "store": store.where, "runs": entries})
    elif runs:
        screen.table(_HEADER, [_row(run, verdicts.get(run.run_id, {})) for run in runs])
    else:
        screen.line(f"no run is stored in {store.where}; `pytest --bolt` stores one")


def revision_text(revision: Revision | None) -> str:
    """Return `main 0123456789+`, a dash for none; the plus sign is a dirty tree."""
    if revision is None:
        return "-"
    named = revision.name and not revision.commit.startswith(revision.name)
    return f"{revision.name} {revision.short}" if named else revision.short


def _row(run: Run, verdicts: Mapping[Verdict, int]) -> tuple[str, ...]:
    counts = ", ".join(f"{verdicts[verdict]} {verdict}" for verdict in SEVERITY if verdict in verdicts)
    return (
        run.run_id,
        f"{run.started:%Y-%m-%d %H:%M:%S}",
        str(run.state),
        run.mode,
        revision_text(run.head),
        revision_text(run.base),
        counts or "-",
    )
