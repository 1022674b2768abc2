"""The base's own tree: a detached worktree in the cache, locked, pristine, reused and pruned."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_bolt.repo.cache import (
    KEPT_SECONDS,
    cache_errors,
    cache_folder,
    compiler_caches,
    forget_unused,
    prepare_cache,
)
from pytest_bolt.repo.checkout import check_out, forget_vanished, forget_worktree
from pytest_bolt.repo.commands import common_folder, top_level
from pytest_bolt.repo.slots import Slot, last_used, places, take, try_lock

if TYPE_CHECKING:
    from git import Repo

__all__ = ["BaseTree", "acquire", "cache_folder", "compiler_caches", "counterpart", "prune"]

KEPT_PER_REPOSITORY = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseTree:
    """A checked out base, owned by this process for as long as the block runs.

    `path` is its top folder. `reused` says that the commit was there already. `notes` say what the
    tree lacks (submodules, Git LFS contents).
    """

    path: Path
    commit: str
    reused: bool
    notes: tuple[str, ...] = ()


@contextmanager
def acquire(repo: Repo, commit: str, cache: Path) -> Iterator[BaseTree]:
    """Lend a pristine tree of `commit` for the length of a block.

    It is kept for the next run, and removed where the block ends with an exception, Ctrl-C included.

    Raises BoltError where the cache folder cannot be written or the disk is full.
    """
    prepare_cache(cache)
    folder = _folder(repo, cache)
    with cache_errors(cache):
        slot = take(folder, commit)
    try:
        reused = slot.commit == commit
        with cache_errors(cache):
            path, notes = check_out(repo, slot, commit, cache)
        yield BaseTree(path=path, commit=commit, reused=reused, notes=notes)
    except BaseException:
        _discard(slot, common_folder(repo))
        raise
    with suppress(OSError):
        forget_vanished(common_folder(repo), folder)
        prune(cache, now=time.time())
    slot.release()


def prune(cache: Path, *, now: float) -> None:
    """Remove free trees unused for 14 days, beyond 4 a repository, or of a repository that is gone.

    `now` is in seconds since the epoch.
    """
    forget_unused(cache, now=now)
    for folder in (cache / "worktrees").iterdir():
        found = sorted(((last_used(path), path) for path in places(folder)), reverse=True)
        free = [(used, slot) for used, path in found if (slot := try_lock(path))]
        spare = KEPT_PER_REPOSITORY - (len(found) - len(free))
        for position, (used, slot) in enumerate(free):
            owner = slot.owner()
            if position < spare and now - used < KEPT_SECONDS and owner is not None and owner.is_dir():
                slot.leave()
            else:
                _discard(slot, owner)


def counterpart(repo: Repo, tree: Path, folder: Path) -> Path:
    """Return the folder in another tree of the repository that is what `folder` is in the user's."""
    return tree / folder.resolve().relative_to(top_level(repo))


def _folder(repo: Repo, cache: Path) -> Path:
    identity = f"{common_folder(repo)}\0{top_level(repo).name}"
    return cache / "worktrees" / hashlib.sha256(identity.encode(errors="surrogateescape")).hexdigest()[:12]


def _discard(slot: Slot, owner: Path | None) -> None:
    """Remove a slot's tree together with git's record of it."""
    if owner is not None:
        forget_worktree(owner, slot.folder)
    with suppress(OSError):
        slot.remove()
