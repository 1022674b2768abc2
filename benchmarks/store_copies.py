"""Runs that are copies of others inside the database: the same rows in a fraction of the time."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Integer, Table, bindparam, case, cast, insert, select

from pytest_bolt.core.record import Run, RunState
from pytest_bolt.stores.schema import comparisons, records, rounds, runs
from pytest_bolt.stores.store import Store

_NEW, _OLD = bindparam("new_run"), bindparam("old_run")


def store_copy(store: Store, run: Run, like: str, *, collected: int) -> None:
    """Store `run` with the results and rounds of the run called `like`, at its own two commits."""
    store.begin(run, collected=collected)
    with store._writing() as connection:  # noqa: SLF001 - nothing but this program writes so
        new, old = (_numbers(connection, run_id) for run_id in (run.run_id, like))
        numbers = {"new_run": new.id, "old_run": old.id}
        connection.execute(_copied(comparisons, {}), numbers)
        commits = {"base": new.base_id, "head": new.head_id}
        connection.execute(_copied(records, {"revision_id": case(commits, value=records.c.side)}), numbers)
        connection.execute(_copied_rounds(), numbers)
    store.finish(run.run_id, state=RunState.FINISHED, ended=run.started)


def _numbers(connection: Connection, run_id: str) -> Any:
    query = select(runs.c.id, runs.c.base_id, runs.c.head_id).where(runs.c.run_id == run_id)
    return connection.execute(query).one()


def _copied(table: Table, other: dict[str, Any]) -> Any:
    """Return the statement that copies rows of a run to another one, with other values in some columns."""
    names = [column.name for column in table.c if column.name not in {"id", "run"}]
    values = [other.get(name, table.c[name]) for name in names]
    rows = select(cast(_NEW, Integer), *values).where(table.c.run == _OLD).order_by(table.c.id)
    return insert(table).from_select(["run", *names], rows)


def _copied_rounds() -> Any:
    copy, original = records.alias("copy"), records.alias("original")
    twins = (
        (original.c.run == _OLD) & (original.c.case_id == copy.c.case_id) & (original.c.side == copy.c.side)
    )
    rows = (
        select(copy.c.id, rounds.c.data)
        .join(original, twins)
        .join(rounds, rounds.c.record_id == original.c.id)
        .where(copy.c.run == _NEW)
        .order_by(copy.c.id)
    )
    return insert(rounds).from_select(["record_id", "data"], rows)
