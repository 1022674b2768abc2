"""Temporary folders that somebody else may remove once their owner is dead, however it died.

The owner holds a lock on a file in the folder; the kernel lets go of it with the process. A folder without
such a file is nobody's business here, whatever it is called.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_PREFIX = "pytest-bolt-"
_LOCK = ".pytest-bolt-lock"


class Scratch:
    """A temporary folder, this process's own until `remove`."""

    def __init__(self, kind: str) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{kind}-"))
        unlocked = self.folder / f"{_LOCK}-new"  # under its name only once it is locked
        self._lock: int | None = os.open(unlocked, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        with suppress(OSError):  # a file system without locks: the folder is then never swept
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            unlocked.rename(self.folder / _LOCK)

    def remove(self) -> None:
        """Delete the folder with all that is in it; once is enough."""
        if self._lock is None:
            return
        _delete(self.folder)
        os.close(self._lock)
        self._lock = None


@contextmanager
def scratch(kind: str) -> Iterator[Path]:
    """Lend a temporary folder for the length of a block."""
    lent = Scratch(kind)
    try:
        yield lent.folder
    finally:
        lent.remove()


def abandoned() -> Iterator[Path]:
    """Give this user's folders whose owner is dead, each locked meanwhile; they are deleted afterwards."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        lock = _take(folder)
        if lock is None:
            continue
        try:
            yield folder
            _delete(folder)
        finally:
            os.close(lock)


def make_writable(folder: Path) -> None:
    """Let the owner write every folder below, so that what is in it can be deleted."""
    for current, folders, _ in os.walk(folder):  # top-down: a folder is opened before it is entered
        for path in [Path(current), *(Path(current, name) for name in folders)]:
            if not path.is_symlink():
                path.chmod(stat.S_IRWXU | stat.S_IMODE(path.stat().st_mode))


def _take(folder: Path) -> int | None:
    """Lock a folder that this user's dead process has left; None where it is anything else."""
    try:
        status = folder.lstat()
        if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid():
            return None
        lock = os.open(folder / _LOCK, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(lock)
        return None
    return lock


def _delete(folder: Path) -> None:
    """Delete a folder, also what tests have made read-only.

    Its lock goes last, so that a rest is found again.
    """
    with suppress(OSError):
        make_writable(folder)
        for path in list(folder.iterdir()):
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path, ignore_errors=True)
            elif path.name != _LOCK:
                path.unlink(missing_ok=True)
        if [path.name for path in folder.iterdir()] in ([_LOCK], []):
            shutil.rmtree(folder, ignore_errors=True)
