"""Where a benchmark stands in the repository, from what a run carries of it."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_bolt.core.comparison import Comparison
from pytest_bolt.core.record import Run

LINE_NOTE = "line"  # of a comparison: the line at which its test begins, from 1
ROOT_SETTING = (
    "root"  # of a run: where node ids begin, below the repository's top folder; left out for itself
)
_MOST_DIGITS = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A file, by its path from the repository's top folder, and a line from 1, None where it is not known."""

    file: str
    line: int | None = None


def place_of(run: Run, comparison: Comparison) -> Place | None:
    """Return where the test of a benchmark stands, None where its file lies outside of the repository."""
    named = comparison.case.case_id.node_id.partition("::")[0]
    file = _below(f"{run.settings.get(ROOT_SETTING, '')}/{named}") if not named.startswith("/") else None
    return None if not file else Place(file=file, line=_line(comparison.notes.get(LINE_NOTE, "")))


def _below(path: str) -> str | None:
    """Return a relative path without dots, None where they lead out of the top folder."""
    parts: list[str] = []
    for part in path.split("/"):
        if part == ".." and not parts:
            return None
        if part == "..":
            parts.pop()
        elif part not in {"", "."}:
            parts.append(part)
    return "/".join(parts)


def _line(text: str) -> int | None:
    known = text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS and int(text) > 0
    return int(text) if known else None
