"""One JSON line a finished run, written at once, so that a long program can be taken up again."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

Line: TypeAlias = Mapping[str, Any]


class RunLog:
    """The lines of one file; a line that was cut off in the middle is forgotten."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lines: list[Line] = _read(path)

    def find(self, **wanted: object) -> Line | None:
        """Return the line that has all these values and no error, or None."""
        for line in self.lines:
            if "error" not in line and all(line.get(key) == value for key, value in wanted.items()):
                return line
        return None

    def append(self, line: Line) -> None:
        """Write a line and see to it that it is on the disk."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        content = self.path.read_bytes() if self.path.exists() else b""
        cut_off = bool(content) and not content.endswith(b"\n")
        with self.path.open("a", encoding="utf-8") as out:
            out.write(("\n" if cut_off else "") + json.dumps(line) + "\n")
            out.flush()
            os.fsync(out.fileno())
        self.lines.append(line)


def _read(path: Path) -> list[Line]:
    if not path.exists():
        return []
    lines: list[Line] = []
    for text in path.read_text(encoding="utf-8").splitlines():
        try:
            lines.append(json.loads(text))
        except ValueError:
            continue
    return lines
