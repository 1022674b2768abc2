"""What `compare` is given: a run or a commit by name, with its values in one environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from pytest_bolt.commands.locate import commit_of
from pytest_bolt.core.environment import Fingerprint
from pytest_bolt.core.measurement import Side
from pytest_bolt.core.plain_text import one_line
from pytest_bolt.core.stored import BaselineRecord
from pytest_bolt.errors import BoltError
from pytest_bolt.stores.store import Store

Values: TypeAlias = Mapping[str, tuple[BaselineRecord, ...]]

_RUN_DIGITS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredSide:
    """A run (its head side, also of a dirty tree), or a commit (all its clean values)."""

    name: str
    commit: str
    run_id: str
    fingerprints: tuple[Fingerprint, ...]

    @property
    def label(self) -> str:
        """Return what was found under the name."""
        return f"run {self.run_id} at {self.commit[:10]}" if self.run_id else f"{self.name} = {self.commit}"

    @property
    def ref(self) -> str:
        """Return what git calls the commit."""
        return self.commit[:10] if self.run_id else self.name


def find_side(store: Store, name: str, folder: Path) -> StoredSide:
    """Return what is stored under the name: a commit that git or the store knows, else a run.

    A whole run id is a run in any case. Raises BoltError where nothing is stored.
    """
    commit = None if _is_run(store, name) else commit_of(name, folder) or _only(store.commits(name))
    if commit is None:
        return _run_side(store, name)
    found = store.fingerprints(commit)
    if found:
        return StoredSide(name=name, commit=commit, run_id="", fingerprints=found)
    raise BoltError(
        f"Nothing is stored of {one_line(name)!r}",
        seen={"commit": commit, "store": store.where},
        advice="`pytest-bolt list` shows what is stored; `pytest --bolt` on a clean tree of it stores more",
    )


def common_values(store: Store, first: StoredSide, second: StoredSide) -> tuple[Fingerprint, Values, Values]:
    """Return the newest environment that both sides have values of, and those values.

    Raises BoltError where there is none, with what differs.
    """
    shared = {mark.digest for mark in second.fingerprints}
    for mark in first.fingerprints:
        if mark.digest in shared:
            return mark, _values(store, first, mark), _values(store, second, mark)
    parts = first.fingerprints[0].parts, second.fingerprints[0].parts
    names = [name for name in {**parts[0], **parts[1]} if parts[0].get(name) != parts[1].get(name)]
    raise BoltError(
        "A and B were never measured in the same environment",
        seen={name: f"{parts[0].get(name) or '-'} | {parts[1].get(name) or '-'}" for name in names},
        advice=f"measure both here: pytest --bolt-compare={first.ref}",
    )


def _is_run(store: Store, name: str) -> bool:
    return len(name) == _RUN_DIGITS and bool(store.values(name))


def _run_side(store: Store, prefix: str) -> StoredSide:
    try:
        run = store.run(prefix)
    except BoltError as error:
        what = f"{error.what}, and there is no commit of that name"
        raise BoltError(what, seen=error.seen, advice=error.advice) from None
    return StoredSide(
        name=prefix,
        commit=run.head.commit,
        run_id=run.run_id,
        fingerprints=(run.environment.fingerprint,),
    )


def _values(store: Store, side: StoredSide, mark: Fingerprint) -> Values:
    if not side.run_id:
        return store.baseline(side.commit, mark)
    stored = store.values(side.run_id).items()
    heads = {key: tuple(value for value in values if value.side is Side.HEAD) for key, values in stored}
    return {key: values for key, values in heads.items() if values}


def _only(commits: tuple[str, ...]) -> str | None:
    return commits[0] if len(commits) == 1 else None
