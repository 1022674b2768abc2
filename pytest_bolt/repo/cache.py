"""The folder for what can be made again, and what is said where it cannot be written."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from pytest_bolt.errors import BoltError

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
KEPT_SECONDS = 14 * 24 * 3600.0
_COMPILERS = {
    "TORCH_EXTENSIONS_DIR": "torch_extensions",
    "TORCHINDUCTOR_CACHE_DIR": "inductor",
    "TRITON_CACHE_DIR": "triton",
}
_TAG = "Signature: 8a477f597d28d172789f06886806bc55\n# Made by pytest-bolt; safe to delete.\n"


def cache_folder(environ: Mapping[str, str]) -> Path:
    """Return the cache folder: BOLT_CACHE_DIR, else `pytest-bolt` in XDG_CACHE_HOME or ~/.cache.

    A user without a home gets one below the temporary folder. Nothing is created.
    """
    if chosen := environ.get("BOLT_CACHE_DIR"):
        return Path(os.path.abspath(os.path.expanduser(chosen)))
    base = environ.get("XDG_CACHE_HOME", "")
    if os.path.isabs(base):
        return Path(base) / "pytest-bolt"
    if home := environ.get("HOME"):
        return Path(home) / ".cache" / "pytest-bolt"
    return Path(tempfile.gettempdir()) / f"pytest-bolt-{os.getuid()}"


def prepare_cache(cache: Path) -> None:
    """Create the cache folder so that neither git nor a backup looks into it.

    Raises BoltError where it cannot be created or written.
    """
    with cache_errors(cache):
        cache.mkdir(mode=0o700, parents=True, exist_ok=True)
        if cache.parent == Path(tempfile.gettempdir()) and cache.stat().st_uid != os.getuid():
            raise BoltError(  # what is built here is loaded later
                "the cache folder belongs to another user",
                seen={"folder": cache},
                advice="choose another one: BOLT_CACHE_DIR=PATH",
            )
        for name, text in ((".gitignore", "*\n"), ("CACHEDIR.TAG", _TAG)):
            if not (cache / name).exists():
                (cache / name).write_text(text)


def compiler_caches(cache: Path, *, tree: str) -> dict[str, str]:
    """Return the variables that give a tree just-in-time build caches of its own.

    Some are keyed by the name of what is built alone, so that two versions of it would be one.
    """
    folder = cache / "jit" / hashlib.sha256(tree.encode(errors="surrogateescape")).hexdigest()[:16]
    folder.mkdir(parents=True, exist_ok=True)
    os.utime(folder)
    return {name: str(folder / kind) for name, kind in _COMPILERS.items()}


def forget_unused(cache: Path, *, now: float) -> None:
    """Remove builds and just-in-time caches that no run has used for 14 days; `now` as `time.time()`."""
    for path in (*(cache / "builds").glob("*"), *(cache / "jit").glob("*")):
        with suppress(OSError):
            if now - path.stat().st_mtime > KEPT_SECONDS:
                shutil.rmtree(path)


@contextmanager
def cache_errors(cache: Path) -> Iterator[None]:
    """Turn errors of the file system below the cache folder into BoltErrors."""
    try:
        yield
    except OSError as error:
        raise (disk_full if error.errno in _FULL else unwritable)(cache, str(error)) from error


def disk_full(cache: Path, seen: str) -> BoltError:
    """Return the error for a disk without room for a second tree."""
    return BoltError(
        "the disk of the cache folder is full: there is no room to check the base out",
        seen={"folder": cache, "seen": seen},
        advice="free some space, or choose a folder on another disk: BOLT_CACHE_DIR=PATH",
    )


def unwritable(cache: Path, seen: str) -> BoltError:
    """Return the error for a cache folder that cannot be created or written."""
    return BoltError(
        "the cache folder, where the base is checked out, cannot be written",
        seen={"folder": cache, "seen": seen},
        advice="choose another one: BOLT_CACHE_DIR=PATH",
    )
