"""Where the store is, and which commit a name stands for."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pytest_bolt.errors import BoltError
from pytest_bolt.repo.opening import main_worktree, open_repository
from pytest_bolt.repo.refs import resolve_commit
from pytest_bolt.stores.store import STORE_PLACE

STORE_VARIABLE = "BOLT_STORE"


def store_name(chosen: str | None, environ: Mapping[str, str], folder: Path) -> str:
    """Return the store to open: the option, else BOLT_STORE, else the default of the folder."""
    return chosen or environ.get(STORE_VARIABLE) or str(default_store(folder))


def default_store(folder: Path) -> Path:
    """Return the default store of a folder: in the main worktree, outside git in the folder itself."""
    try:
        repo = open_repository(folder)
    except BoltError:
        return folder / STORE_PLACE
    return main_worktree(repo) / STORE_PLACE


def commit_of(name: str, folder: Path) -> str | None:
    """Return the full hash of the commit that git calls `name`, None where it knows none."""
    try:
        return resolve_commit(open_repository(folder), name).commit
    except BoltError:
        return None
