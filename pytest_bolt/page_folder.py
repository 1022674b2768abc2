"""The folder of a page: ours alone, so that replacing the page can never destroy anything else."""

from __future__ import annotations

import errno
import os
import re
from pathlib import Path

from pytest_bolt.atomic_file import check_writable, unwritable, write_atomically
from pytest_bolt.core.plain_text import one_line
from pytest_bolt.errors import BoltError

PAGE = "index.html"
_OURS = '<meta name="generator" content="pytest-bolt '
_HEAD_LENGTH = 4096  # characters in which a page says what made it
_LEFT_BEHIND = re.compile(rf"\.{re.escape(PAGE)}\.\w+\.tmp")  # by a process that was killed while writing
_ADVICE = "name a new or empty folder, or one that holds an earlier page"
_MOST_NAMES = 3


def check_page_folder(folder: Path) -> None:
    """Raise BoltError, early, if a page could not be written, or if the folder holds anything else."""
    try:
        _check_place(folder)
        _check_content(folder)
        check_writable(folder / PAGE)
    except OSError as error:
        raise unwritable(folder, error) from error
    if (folder / PAGE).exists() and not os.access(folder / PAGE, os.W_OK):
        raise unwritable(folder / PAGE, OSError(errno.EACCES, os.strerror(errno.EACCES)))


def _check_place(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise BoltError("the folder of the page is a file", seen={"folder": folder}, advice=_ADVICE)
    if folder.is_symlink() and not folder.exists():
        what = "the folder of the page is a link to nothing"
        raise BoltError(what, seen={"folder": folder}, advice=_ADVICE)


def _check_content(folder: Path) -> None:
    names = sorted(path.name for path in folder.iterdir()) if folder.exists() else []
    foreign = [name for name in names if name != PAGE and not _LEFT_BEHIND.fullmatch(name)]
    if not foreign and (PAGE not in names or _is_ours(folder / PAGE)):
        return
    shown = foreign[:_MOST_NAMES] or [PAGE]
    more = [f"and {len(foreign) - len(shown)} more"] if len(foreign) > len(shown) else []
    seen = {"folder": folder, "holds": "\n".join([*map(one_line, shown), *more])}
    raise BoltError("the folder of the page holds something else", seen=seen, advice=_ADVICE)


def replace_page(folder: Path, html: str) -> Path:
    """Write the page, or put it in the place of an earlier one at once; return its path.

    Raises:
        BoltError: as `check_page_folder`, or if the disk is full.
    """
    check_page_folder(folder)
    write_atomically(folder / PAGE, html)
    return folder / PAGE


def _is_ours(path: Path) -> bool:
    if not path.is_file():
        return False
    with path.open(encoding="utf-8", errors="replace") as file:
        return _OURS in file.read(_HEAD_LENGTH)
