"""Files that belong to a run: logs, figures and data that a person named, by their hashes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path, PurePath

from pytest_bolt.core.record import Artifact

_KINDS = {
    "figure": {"svg", "png", "jpg", "jpeg", "webp", "pdf"},
    "log": {"log", "txt", "out", "err"},
    "diff": {"diff", "patch"},
}


def kind_of(path: str) -> str:
    """Return "figure", "log" or "diff" by the suffix of a path, else "data"."""
    suffix = PurePath(path).suffix.lower().lstrip(".")
    return next((kind for kind, suffixes in _KINDS.items() if suffix in suffixes), "data")


def named_files(paths: Iterable[str], folder: Path) -> tuple[tuple[Artifact, ...], tuple[str, ...]]:
    """Return the files that a person named, and a note for each that cannot be read.

    Arguments:
        paths: as typed, relative to `folder`.
        folder: where pytest was started.
    """
    found, notes = [], []
    for path in paths:
        try:
            with (folder / path).open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
                size = file.tell()
        except OSError as error:
            notes.append(f"the artifact {path} could not be read: {error.strerror or error}")
            continue
        found.append(Artifact(kind=kind_of(path), path=path, sha256=digest, size=size))
    return tuple(found), tuple(notes)
