"""What differs between the working tree and a commit."""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_bolt.core.source import code_digest, is_document
from pytest_bolt.repo.commands import ask, read_object, run, top_level

if TYPE_CHECKING:
    from git import Repo

# What running tests leaves behind: never a change of the code, also where nobody ignores it.
RUN_OUTPUT = frozenset(
    {".bolt", "__pycache__", ".pytest_cache", ".hypothesis", ".benchmarks", ".mypy_cache", ".ruff_cache"}
)
# Entries that are files of their own, and figures, by the names that they are given.
_BESIDE_A_JOURNAL = re.compile(
    r"(?:^|/)(?:figures/[0-9a-f]{12}-(?:[0-9a-z-]+-)?(?:changes|pairs|history)(?:-\d)?\.svg"
    r"|\d{4}-\d{2}-\d{2}-(?:[0-9a-z-]+-)?[0-9a-f]{12}\.md)$"
)
_LARGEST_SOURCE = 4 * 2**20  # bytes; a larger file that differs counts as changed code
_WHOLE_CONTENT = 64 * 2**20  # bytes; of a larger file size and time are hashed, or start-up takes minutes


def differences(repo: Repo, commit: str, *, ignore: Iterable[Path] = ()) -> tuple[str, ...]:
    """Return the paths, relative to the top, in which the working tree differs from a commit.

    Tracked files staged or not, and untracked files that git does not ignore. `.bolt/`, caches of
    Python and pytest, what is written beside a journal, and the files in `ignore` do not count.
    """
    top = top_level(repo)
    tracked = ask(
        repo,
        *("diff", "--name-only", "-z", "--no-renames", "--no-ext-diff", "--no-relative"),
        *("--ignore-submodules=none", commit, "--"),
    )
    untracked = ask(repo, "ls-files", "--others", "--exclude-standard", "-z")
    ignored = {os.path.relpath(Path(path).resolve(), top) for path in ignore}
    paths = {path for path in (tracked + "\0" + untracked).split("\0") if path}
    return tuple(sorted(path for path in paths if path not in ignored and not _is_run_output(path)))


def diff_hash(repo: Repo, commit: str, *, ignore: Iterable[Path] = ()) -> str:
    """Return 16 hexadecimal digits of what differs from a commit, empty where nothing does."""
    top = top_level(repo)
    digest = hashlib.sha256()
    paths = differences(repo, commit, ignore=ignore)
    for path in paths:
        digest.update(os.fsencode(path) + b"\0" + _content(repo, top / path) + b"\0")
    return digest.hexdigest()[:16] if paths else ""


def identical(repo: Repo, base_commit: str, *, ignore: Iterable[Path] = ()) -> bool:
    """Return whether the working tree is the base commit, file for file: a run measures noise only."""
    return not differences(repo, base_commit, ignore=ignore)


def same_code(repo: Repo, commit: str, paths: Iterable[str]) -> bool:
    """Return whether none of these paths differs in code from the commit, whatever else differs in them.

    It ends at the first that does; git is not asked about documents, of which there may be thousands.
    """
    top = top_level(repo)
    return all(
        is_document(path) or _code_here(top, path) == _code_there(repo, commit, path) for path in paths
    )


def _code_here(top: Path, path: str) -> str:
    place = top / path
    try:
        status = place.lstat()
        if stat.S_ISREG(status.st_mode) and status.st_size <= _LARGEST_SOURCE:
            return code_digest(path, place.read_bytes()) + ("x" if status.st_mode & stat.S_IXUSR else "")
    except FileNotFoundError:
        return code_digest(path, b"")
    except OSError:
        return "unreadable"
    return "no plain file"


def _code_there(repo: Repo, commit: str, path: str) -> str:
    listed = run(repo, "ls-tree", "-z", "-l", commit, "--", path).out.rstrip("\0")
    if not listed:
        return code_digest(path, b"")
    mode, kind, _, size = listed.partition("\t")[0].split()
    if kind != "blob" or mode == "120000" or int(size) > _LARGEST_SOURCE:
        return "no plain file there"
    content = read_object(repo, f"{commit}:{path}")
    return code_digest(path, content or b"") + ("x" if mode == "100755" else "")


def differs_only_in_suite(
    repo: Repo, base_commit: str, root: Path, overlaid: Collection[Path], *, ignore: Iterable[Path] = ()
) -> bool:
    """Return whether all that differs from the base is laid over it anyway.

    Both sides then run the same code too. `overlaid` are the files and folders, relative to the
    pytest root `root`, that the head lends to the base.
    """
    try:
        prefix = root.resolve().relative_to(top_level(repo))
    except ValueError:
        return False
    lent = {prefix / path for path in overlaid}
    changed = [Path(path) for path in differences(repo, base_commit, ignore=ignore)]
    return all(path in lent or not lent.isdisjoint(path.parents) for path in changed)


def _is_run_output(path: str) -> bool:
    return not RUN_OUTPUT.isdisjoint(path.split("/")) or _BESIDE_A_JOURNAL.search(path) is not None


def _content(repo: Repo, path: Path) -> bytes:
    """Return what stands for a path's kind and content."""
    try:
        status = path.lstat()
        if stat.S_ISLNK(status.st_mode):
            return b"link " + os.fsencode(path.readlink())
        if stat.S_ISDIR(status.st_mode):  # a submodule, or a repository inside this one
            return b"repository " + _nested(repo, path)
        executable = b"x" if status.st_mode & stat.S_IXUSR else b"-"
        if not stat.S_ISREG(status.st_mode) or status.st_size > _WHOLE_CONTENT:
            return b"large %s %d %d" % (executable, status.st_size, status.st_mtime_ns)
        return executable + hashlib.sha256(path.read_bytes()).digest()
    except FileNotFoundError:
        return b"gone"
    except OSError as error:
        return b"unreadable " + type(error).__name__.encode()


def _nested(repo: Repo, folder: Path) -> bytes:
    if not (folder / ".git").exists():
        return b"empty"
    head = run(repo, "rev-parse", "HEAD", folder=folder).out
    changed = run(repo, "diff", "--no-ext-diff", "--binary", "HEAD", folder=folder).out
    untracked = run(repo, "ls-files", "--others", "--exclude-standard", "-z", folder=folder).out
    return hashlib.sha256(os.fsencode(f"{head}\0{changed}\0{untracked}")).digest()
