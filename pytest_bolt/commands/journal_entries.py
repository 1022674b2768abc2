"""Entries from the store: of a run, by an entry's id, and of a run that repeats another."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from pytest_bolt.core.claims import experiments, judged, of_experiment
from pytest_bolt.core.record import Run, RunState, Summary
from pytest_bolt.core.replication import replication
from pytest_bolt.errors import BoltError
from pytest_bolt.journal.build import entries_of
from pytest_bolt.journal.entry import Entry, Link, Relation
from pytest_bolt.stores.store import Store

_RUN = re.compile(r"([0-9a-f]{12})(?:-|\Z)")


def run_of(entry_id: str) -> str:
    """Return the run that an entry's id names, empty where it names none."""
    found = _RUN.match(entry_id)
    return found[1] if found else ""


def find_entries(store: Store, name: str) -> tuple[Summary, tuple[Entry, ...]]:
    """Return a stored run with its entries: all of them by the run's id, or the one of an entry's id.

    Raises BoltError where nothing is stored under the name, or the run is not at its end.
    """
    run_id = run_of(name) or name
    summary = store.summary(run_id)
    check_ended(summary.run)
    every = entries_of(summary)
    if not run_of(name) or name == summary.run.run_id:
        return summary, every
    chosen = tuple(each for each in every if each.entry_id == name)
    if not chosen:
        seen = {"entry": name, "its run has": "\n".join(each.entry_id for each in every)}
        raise BoltError("the stored run has no such entry", seen=seen)
    return summary, chosen


def check_ended(run: Run) -> None:
    """Raise BoltError for a run that is still under way."""
    if run.state is RunState.RUNNING:
        raise BoltError("this run is still under way", seen={"run": run.run_id}, advice="wait for its end")


def part_of(summary: Summary, entry: Entry) -> Summary:
    """Return the run as if it held only what an entry of it is about."""
    for title, parts in experiments(judged(summary)).items():
        if title == entry.title:
            return of_experiment(summary, parts)
    return summary


def repeating(first: Summary, original: Entry, second: Summary) -> Entry:
    """Return the entry of a run that repeats another one. Raises BoltError where it has nothing alike."""
    every = entries_of(second)
    same = [each for each in every if _slug(each) == _slug(original)]
    if not same:
        seen = {"entry": original.entry_id, "the second run has": "\n".join(each.title for each in every)}
        raise BoltError("the second run has no such experiment", seen=seen)
    again = same[0]
    found = replication(
        original.entry_id,
        part_of(first, original),
        part_of(second, again),
        parts=(original.parts, again.parts),
    )
    link = Link(relation=Relation.REPLICATES, entry_id=original.entry_id)
    title = f"Replication: {original.title}"
    return replace(again, title=title, replication=found, links=(link,))


def as_linked(store: Store, second: Summary, entry: Entry, links: Iterable[Link]) -> Entry:
    """Return an entry with the links of the journal, and what it says of the one that it repeats."""
    kept = tuple(links)
    for link in kept:
        if link.relation is Relation.REPLICATES:
            first, (original, *_) = find_entries(store, link.entry_id)
            return replace(repeating(first, original, second), links=kept)
    return replace(entry, links=kept)


def _slug(entry: Entry) -> str:
    return entry.entry_id.removeprefix(entry.run_id)
