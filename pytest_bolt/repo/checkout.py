"""Make a folder hold exactly a commit: nothing of an earlier run, no hook, no network."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_bolt.errors import BoltError
from pytest_bolt.repo.cache import disk_full, unwritable
from pytest_bolt.repo.commands import Answer, common_folder, failure, run, top_level
from pytest_bolt.repo.slots import Slot, remove_folder_content
from pytest_bolt.scratch import make_writable

if TYPE_CHECKING:
    from git import Repo

# The smudge filter would download; with its program missing it would fail the whole checkout.
_NO_LFS = (
    "filter.lfs.smudge=",
    "filter.lfs.clean=",
    "filter.lfs.process=",
    "filter.lfs.required=false",
)
_POINTER = re.compile(rb"version https://git-lfs\.github\.com/spec/v1\n(?:.*\n)*?oid sha256:([0-9a-f]{64})\n")
_POINTER_BYTES = 1024
_SHOWN = 3


def check_out(repo: Repo, slot: Slot, commit: str, cache: Path) -> tuple[Path, tuple[str, ...]]:
    """Make the slot hold a pristine tree of `commit`; return its path and notes on what is not in it.

    The tree has the name of the user's own top folder, because a package at the very top is imported
    by that name. Whatever a killed run left is repaired or made anew.

    Raises BoltError where git cannot write it.
    """
    tree = slot.folder / top_level(repo).name
    reusable = bool(slot.commit) and (tree / ".git").is_file() and slot.owner() == common_folder(repo)
    slot.unmark()
    if not (reusable and _refresh(repo, tree, commit)):
        _rebuild(repo, slot, tree, commit, cache)
    notes = (*_fill_submodules(repo, tree), *_fill_lfs(repo, tree))
    slot.mark(commit, common_folder(repo))
    return tree, notes


def forget_worktree(common: Path, below: Path) -> None:
    """Delete git's record of the worktrees below a folder, and of no others.

    `git worktree prune` would drop the user's own as well, such as one on a disk not mounted now.
    """
    for record in _records(common):
        with suppress(OSError):
            tree = Path(record, (record / "gitdir").read_text().strip()).parent
            if Path(os.path.realpath(tree)).is_relative_to(os.path.realpath(below)):
                shutil.rmtree(record)
    with suppress(OSError):
        (common / "worktrees").rmdir()


def forget_vanished(common: Path, folder: Path) -> None:
    """Delete git's record of our worktrees whose place below `folder` is gone (a cache wiped by hand)."""
    for record in _records(common):
        with suppress(OSError):
            tree = Path((record / "gitdir").read_text().strip()).parent
            if tree.parent.parent == folder and not tree.parent.exists():
                shutil.rmtree(record)


def _records(common: Path) -> list[Path]:
    try:
        return list((common / "worktrees").iterdir())
    except OSError:
        return []


def _refresh(repo: Repo, tree: Path, commit: str) -> bool:
    """Bring an existing tree to `commit`; return whether that worked."""
    record = Path(run(repo, "rev-parse", "--absolute-git-dir", folder=tree).out.strip() or os.devnull)
    if record.parent != common_folder(repo) / "worktrees":
        return False
    for name in ("index.lock", "HEAD.lock"):  # of a killed git; nobody else works in a locked slot
        (record / name).unlink(missing_ok=True)
    checkout = ("checkout", "--force", "--detach", "--no-recurse-submodules", "--quiet", commit, "--")
    if run(repo, *checkout, folder=tree, settings=_NO_LFS).status:
        return False
    clean = ("clean", "-ffdxq")
    if run(repo, *clean, folder=tree).status == 0:
        return True
    make_writable(tree)
    return run(repo, *clean, folder=tree).status == 0


def _rebuild(repo: Repo, slot: Slot, tree: Path, commit: str, cache: Path) -> None:
    common = common_folder(repo)
    remove_folder_content(slot.folder, keep="lock")
    forget_worktree(common, slot.folder)
    # Written before the tree, so that pruning finds the record of a checkout that was killed.
    slot.mark("", common)
    command = ("worktree", "add", "--force", "--detach", str(tree), commit)
    answer = run(repo, *command, settings=_NO_LFS)
    if answer.status:
        raise _checkout_failed(repo, command, answer, cache)


def _checkout_failed(repo: Repo, command: tuple[str, ...], answer: Answer, cache: Path) -> BoltError:
    said = answer.err.strip()
    if "No space left on device" in said or "Disk quota exceeded" in said:
        return disk_full(cache, said)
    if not top_level(repo).is_dir():
        return BoltError(
            "the repository is gone",
            seen={"repository": top_level(repo)},
            advice="change into the checkout again: it was moved or deleted during the run",
        )
    if "Read-only file system" in said or "Permission denied" in said:
        if not os.access(common_folder(repo), os.W_OK):
            return BoltError(
                "git cannot note a second worktree: its own folder is read-only",
                seen={"folder": common_folder(repo), "git says": said},
                advice="compare in a clone that you can write: git clone PATH elsewhere",
            )
        return unwritable(cache, said)
    return failure(repo, command, answer)


def _fill_submodules(repo: Repo, tree: Path) -> tuple[str, ...]:
    """Fill submodules from the user's own copies of them, without a network or a second clone."""
    if not (tree / ".gitmodules").is_file():
        return ()
    listed = run(repo, "ls-files", "--stage", "-z", folder=tree).out.split("\0")
    links = [line for line in listed if line.startswith("160000 ")]
    missing = []
    for line in links:
        entry, _, path = line.partition("\t")
        sha = entry.split()[1]
        remove_folder_content(tree / path)
        if not _export(repo, top_level(repo) / path, sha, tree / path):
            missing.append(path)
    if not missing:
        return ()
    return (f"submodules left empty in the base tree (their commit is not here): {', '.join(missing)}",)


def _export(repo: Repo, source: Path, sha: str, target: Path) -> bool:
    """Write the files of a commit of another repository to a folder; return whether that worked."""
    if not (source / ".git").exists() or run(repo, "cat-file", "-e", sha, folder=source).status:
        return False
    index = target.parent / f".{target.name}.bolt-index"
    try:
        with repo.git.custom_environment(GIT_INDEX_FILE=str(index)):
            read = run(repo, "read-tree", sha, folder=source)
            copy = ("checkout-index", "-a", "-f", f"--prefix={target}/")
            write = run(repo, *copy, folder=source, settings=_NO_LFS)
    finally:
        index.unlink(missing_ok=True)
    return read.status == write.status == 0


def _fill_lfs(repo: Repo, tree: Path) -> tuple[str, ...]:
    """Put Git LFS contents that are in the local store in place of their pointers."""
    attributes = tree / ".gitattributes"
    if not (attributes.is_file() and b"filter=lfs" in attributes.read_bytes()):
        return ()
    paths = run(repo, "ls-files", "-z", "--", ":(attr:filter=lfs)", folder=tree).out.split("\0")
    missing = [path for path in paths if path and not _lfs_content(common_folder(repo) / "lfs", tree / path)]
    if not missing:
        return ()
    shown = ", ".join(missing[:_SHOWN]) + (", ..." if len(missing) > _SHOWN else "")
    return (f"{len(missing)} Git LFS files are pointers in the base tree (git lfs fetch --all): {shown}",)


def _lfs_content(store: Path, path: Path) -> bool:
    try:
        with path.open("rb") as file:
            match = _POINTER.match(file.read(_POINTER_BYTES))
        if match is None:
            return True
        digest = match[1].decode()
        content = (store / "objects" / digest[:2] / digest[2:4] / digest).read_bytes()
        if hashlib.sha256(content).hexdigest() != digest:
            return False
        path.write_bytes(content)
    except OSError:
        return False
    return True
