"""Files that are replaced whole: a reader sees the old text or the new one, never half of it."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import tempfile
from pathlib import Path

from pytest_bolt.errors import BoltError

_ADVICE = {
    errno.ENOSPC: "free some space on that disk, then run again",
    errno.EDQUOT: "free some of your quota on that disk, then run again",
    errno.EROFS: "choose a path on a disk that can be written",
    errno.EACCES: "choose a path that you may write, or change its permissions",
    errno.EPERM: "choose a path that you may write, or change its permissions",
    errno.ENOTDIR: "a part of the path is a file: choose another path",
    errno.EEXIST: "a part of the path is a file: choose another path",
    errno.ENAMETOOLONG: "choose a shorter name",
}
_MOST_LINKS = 40  # as Linux has it
_DESCRIPTORS = Path("/proc")  # an open file is /proc/PROCESS/fd/NUMBER


def write_atomically(path: Path, text: str) -> None:
    """Replace the file at `path` by `text` in UTF-8, creating missing folders.

    The text goes to a temporary file in the same folder which is then renamed, so that the old file
    stays whole whatever happens. A link is followed; permissions of an existing file are kept. What is
    no regular file, such as a pipe or a terminal, is written to and never replaced.

    Raises:
        BoltError: if the folder cannot be made or written, the path is a folder, or the disk is full.
    """
    try:
        is_folder = path.is_dir()
        content = text.encode("utf-8", "surrogateescape")
        if _is_special(path):
            _append(path, content)
        elif not is_folder:
            _replace(path.resolve(), content)
    except OSError as error:
        raise unwritable(path, error) from error
    if is_folder:
        raise BoltError(
            "cannot write a file where there is a folder", seen={"path": path}, advice="add a file name"
        )


def check_writable(path: Path) -> None:
    """Raise BoltError, early, if a file at `path` could not be written; leave nothing behind."""
    try:
        _check_writable(path)
    except OSError as error:  # a folder on the way that may not even be looked into
        raise unwritable(path, error) from error


def _check_writable(path: Path) -> None:
    if path.is_dir():
        raise BoltError(
            "cannot write a file where there is a folder", seen={"path": path}, advice="add a file name"
        )
    if _is_special(path):
        if not os.access(path, os.W_OK):
            code = errno.EACCES if path.exists() else errno.ENOENT
            raise unwritable(path, OSError(code, os.strerror(code)))
        return
    if path.exists() and not os.access(path, os.W_OK):
        raise unwritable(path, PermissionError(errno.EACCES, os.strerror(errno.EACCES)))
    folder = next(parent for parent in path.absolute().parents if parent.exists())
    with tempfile.TemporaryFile(dir=folder):
        return


def unwritable(path: Path, error: OSError) -> BoltError:
    """Return the error to raise for a file that could not be written."""
    seen = {"path": path, "error": error.strerror or error}
    return BoltError("cannot write the file", seen=seen, advice=_ADVICE.get(error.errno or 0))


def _is_special(path: Path) -> bool:
    """Return whether it is a pipe, terminal or other device, or an open file's number such as /dev/stdout.

    Renaming a file to it would take its name from it.
    """
    name = path.absolute()
    for _ in range(_MOST_LINKS):
        if _DESCRIPTORS in name.parent.resolve().parents:
            return True
        if not name.is_symlink():
            break
        name = name.parent / name.readlink()
    return path.exists() and not path.is_file() and not path.is_dir()


def _append(path: Path, content: bytes) -> None:
    with path.open("ab", buffering=0) as file:
        left = memoryview(content)
        while left:
            left = left[file.write(left) or 0 :]


def _replace(target: Path, content: bytes) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    mode = _mode_for(target)
    descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name[:100]}.", suffix=".tmp")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(mode)
        Path(name).replace(target)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise


def _mode_for(target: Path) -> int:
    """Return the permissions that the file has, or that a new one would get."""
    with contextlib.suppress(FileNotFoundError):
        mode = stat.S_IMODE(target.stat().st_mode)
        if not os.access(target, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(target))
        return mode
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask
