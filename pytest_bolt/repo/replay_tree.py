"""A tree as a stored run saw it: its commit, with the diff that was not committed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_bolt.core.record import Revision
from pytest_bolt.errors import BoltError
from pytest_bolt.repo.commands import run
from pytest_bolt.repo.refs import knows_commit
from pytest_bolt.repo.worktrees import acquire
from pytest_bolt.scratch import scratch

if TYPE_CHECKING:
    from git import Repo


@contextmanager
def tree_of(repo: Repo, head: Revision, diff: bytes | None, cache: Path) -> Iterator[Path]:
    """Lend a worktree that holds what `head` was, for the length of a block.

    Raises BoltError where the commit is gone, the diff was not kept or cannot be applied, and as `acquire`.
    """
    check_commit(repo, head.commit, "head")
    if head.dirty and diff is None:
        seen = {"commit": head.commit, "hash of the changes": head.diff_hash}
        advice = "a diff of more than 8 MiB, or of an older version's run, is not stored"
        what = "the tree of this run had uncommitted changes, and they were not kept"
        raise BoltError(what, seen=seen, advice=advice)
    with acquire(repo, head.commit, cache) as tree:
        if diff is not None:
            _apply(repo, tree.path, diff)
        yield tree.path


def check_commit(repo: Repo, commit: str, name: str) -> None:
    """Raise BoltError where the repository does not have a commit, which `name` says the place of."""
    if knows_commit(repo, commit):
        return
    shallow = run(repo, "rev-parse", "--is-shallow-repository").out.strip() == "true"
    advice = (
        "git fetch --unshallow" if shallow else "fetch it, or run this where it still is: git fetch --all"
    )
    seen = {"commit": commit or "none was stored", "repository": repo.working_dir}
    raise BoltError(f"the {name} commit of this run is not in the repository", seen=seen, advice=advice)


def _apply(repo: Repo, tree: Path, diff: bytes) -> None:
    with scratch("diff") as folder:
        patch = folder / "uncommitted.diff"
        patch.write_bytes(diff)
        answer = run(repo, "apply", "--whitespace=nowarn", str(patch), folder=tree)
    if answer.status:
        seen = {"git says": answer.err.strip()}
        raise BoltError("the uncommitted changes of this run cannot be applied to its commit", seen=seen)
