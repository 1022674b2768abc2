"""Numbered places for worktrees, each owned by at most one process at a time.

A place is owned while its lock file is flocked; the kernel lets go when the owner dies, however it dies.
`commit` in it says what its tree holds and is absent while the tree is being changed.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pytest_bolt.scratch import make_writable

_MARKER = "commit"
_LOCK = "lock"
_OWNER = "repository"


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """A locked place; `lock` is the file descriptor that holds the lock."""

    folder: Path
    lock: int

    @property
    def commit(self) -> str:
        """Return the commit whose tree is whole in here, empty where none is."""
        return held_commit(self.folder)

    def mark(self, commit: str, common: Path) -> None:
        """Note that the tree is whole, and which repository (its shared git folder) it belongs to."""
        (self.folder / _OWNER).write_text(str(common))
        (self.folder / _MARKER).write_text(commit)

    def unmark(self) -> None:
        """Note that the tree is about to change."""
        (self.folder / _MARKER).unlink(missing_ok=True)

    def owner(self) -> Path | None:
        """Return the shared git folder of the repository whose tree this is, None where unknown."""
        try:
            return Path((self.folder / _OWNER).read_text())
        except OSError:
            return None

    def trees(self) -> list[Path]:
        """Return the worktrees in here: one, or none."""
        with suppress(OSError):
            return [path for path in self.folder.iterdir() if path.is_dir() and not path.is_symlink()]
        return []

    def release(self) -> None:
        """Give the place back after use."""
        with suppress(OSError):
            os.utime(self.folder / _LOCK)
        os.close(self.lock)

    def leave(self) -> None:
        """Give the place back as it was, unused."""
        os.close(self.lock)

    def remove(self) -> None:
        """Delete the place with all that is in it, and give it back."""
        try:
            remove_folder_content(self.folder, keep=_LOCK)
            with suppress(OSError):  # the lock goes last: nobody takes a place that is half gone
                (self.folder / _LOCK).unlink()
                self.folder.rmdir()
                self.folder.parent.rmdir()
        finally:
            os.close(self.lock)


def take(folder: Path, commit: str) -> Slot:
    """Lock a free place below `folder`: one that holds `commit`, else the longest unused, else a new one."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in sorted(places(folder), key=lambda path: (held_commit(path) != commit, last_used(path))):
        if slot := try_lock(path):
            return slot
    number = 0
    while True:
        path = folder / str(number)
        with suppress(FileExistsError):
            path.mkdir(parents=True)
            if slot := try_lock(path):
                return slot
        number += 1


def try_lock(path: Path) -> Slot | None:
    """Lock a place, or return None where another process has it or has just removed it."""
    try:
        lock = os.open(path / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.path.samestat(os.fstat(lock), (path / _LOCK).stat()):
            return Slot(folder=path, lock=lock)
    except (BlockingIOError, FileNotFoundError):
        pass
    except BaseException:
        os.close(lock)
        raise
    os.close(lock)
    return None


def places(folder: Path) -> list[Path]:
    """Return the numbered places below a folder."""
    try:
        return [path for path in folder.iterdir() if path.name.isdigit()]
    except (FileNotFoundError, NotADirectoryError):
        return []


def held_commit(path: Path) -> str:
    """Return the commit that a place says to hold, empty where it says nothing."""
    try:
        return (path / _MARKER).read_text()
    except OSError:
        return ""


def last_used(path: Path) -> float:
    """Return when a place was last used, in seconds since the epoch."""
    try:
        return (path / _LOCK).stat().st_mtime
    except OSError:
        return 0.0


def remove_folder_content(folder: Path, *, keep: str = "") -> None:
    """Delete what is in a folder, also what tests have made read-only."""
    with suppress(FileNotFoundError):
        for path in list(folder.iterdir()):
            if path.is_symlink() or not path.is_dir():
                if path.name != keep:
                    path.unlink(missing_ok=True)
                continue
            shutil.rmtree(path, ignore_errors=True)
            if path.exists():
                make_writable(path)
                shutil.rmtree(path)
