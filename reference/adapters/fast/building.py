"""C files of this folder as loaded libraries: compiled at the first call, kept outside of the tree.

A build is kept under a name made of the source, the compiler, its options, what `native` means on this
processor, and torch's version; it is made in a folder of its own and moved there whole, so that processes
that build at the same time do not meet.
"""

from __future__ import annotations

import ctypes
import functools
import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import torch

OPTIONS = (
    "-O3",
    "-march=native",
    "-mprefer-vector-width=512",
    "-fopenmp-simd",
    "-fno-math-errno",
    "-fno-trapping-math",
    "-shared",
    "-fPIC",
)
HERE = Path(__file__).parent


def compiler() -> str | None:
    """Return the path of the C compiler: `CC`, else gcc; None where there is none."""
    return shutil.which(os.environ.get("CC", "gcc"))


@functools.cache
def library(name: str) -> ctypes.CDLL:
    """Return the library of `name`.c, compiled where no build of it is kept.

    Raises:
        RuntimeError: there is no compiler, or it fails; with what it says.
    """
    source = HERE / f"{name}.c"
    return ctypes.CDLL(str(built(source, cache_folder())))


def built(source: Path, cache: Path) -> Path:
    """Return the library made from `source`, below `cache`.

    Raises:
        RuntimeError: as in `library`.
    """
    command = compiler()
    if command is None:
        msg = f"{source.name} has to be compiled, and no C compiler was found: install gcc, or set CC"
        raise RuntimeError(msg)
    kept = cache / f"{source.stem}-{_digest(source, command)}.so"
    if not kept.exists():
        cache.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f"{source.stem}-", dir=cache) as folder:
            made = Path(folder) / kept.name
            _said([command, *OPTIONS, "-o", str(made), str(source), "-lm"])
            made.replace(kept)
    return kept


def cache_folder() -> Path:
    """Return where builds are kept: where torch keeps its extensions, if it was told, else a user's cache."""
    if chosen := os.environ.get("TORCH_EXTENSIONS_DIR"):
        return Path(chosen) / "pytest-bolt"
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "pytest-bolt" / "kernels"


def _digest(source: Path, command: str) -> str:
    native = _said([command, *OPTIONS, "-Q", "--help=target"])
    version = _said([command, "--version"])
    told = "\0".join((source.read_text(), *OPTIONS, version, native, torch.__version__))
    return hashlib.sha256(told.encode()).hexdigest()[:24]


def _said(command: list[str]) -> str:
    """Return what a command prints.

    Raises:
        RuntimeError: it fails, or cannot be started.
    """
    try:
        done = subprocess.run(command, check=False, capture_output=True, text=True)
    except OSError as error:
        msg = f"the C compiler cannot be started: {error}"
        raise RuntimeError(msg) from error
    if done.returncode:
        msg = f"the C compiler failed: {' '.join(command)}\n{done.stderr.strip()}"
        raise RuntimeError(msg)
    return done.stdout
