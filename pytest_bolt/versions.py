"""Tagged versions of a project with the stored runs of their commits."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from pytest_bolt.core.measurement import Side
from pytest_bolt.core.record import BASELINE_MODE, RunState
from pytest_bolt.journal.matrix import VersionRun
from pytest_bolt.repo.commands import run
from pytest_bolt.stores.store import Store

if TYPE_CHECKING:
    from git import Repo


def version_runs(repo: Repo, store: Store) -> Iterator[VersionRun]:
    """Yield each tag whose commit was measured, clean, by a run that ended, with the newest such run."""
    tagged = dict(_tags(repo))
    for stored in store.runs():  # newest first
        if stored.state is not RunState.FINISHED or stored.mode == BASELINE_MODE:
            continue
        for side, revision in ((Side.HEAD, stored.head), (Side.BASE, stored.base)):
            if revision is None or revision.dirty or revision.commit not in tagged:
                continue
            version, date = tagged.pop(revision.commit)
            summary = store.summary(stored.run_id)
            yield VersionRun(version=version, date=date, summary=summary, side=side)


def _tags(repo: Repo) -> Iterator[tuple[str, tuple[str, datetime]]]:
    """Yield commit, tag and date; of several tags of one commit the highest version comes last."""
    fields = "%(objectname)%00%(*objectname)%00%(refname:short)%00%(creatordate:iso-strict)"
    found = run(repo, "for-each-ref", "--sort=version:refname", f"--format={fields}", "refs/tags")
    for line in found.out.splitlines():
        own, peeled, name, date = line.split("\0")
        if date:
            yield peeled or own, (name, datetime.fromisoformat(date))
