"""Plain output: aligned columns, colour where the terminal and the user want it, JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime
from typing import Any, TextIO

from pytest_bolt.core.plain_text import display_width, one_line, padded
from pytest_bolt.core.verdict import Verdict

_COLOURS = {
    Verdict.INCORRECT: "31;1",
    Verdict.INCOMPARABLE: "33",
    Verdict.MISSING: "33",
    Verdict.SLOWER: "31",
    Verdict.FASTER: "32",
    Verdict.INCONCLUSIVE: "33",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Screen:
    """Where a command writes."""

    stream: TextIO
    colour: bool = False

    def line(self, text: str = "") -> None:
        """Write one line."""
        self.stream.write(text + "\n")

    def pairs(self, values: Mapping[str, object]) -> None:
        """Write names and values aligned, leaving out what is empty; a newline in a value starts a line."""
        width = max(map(len, values), default=0)
        for name, value in values.items():
            for number, text in enumerate(str(value).splitlines()):
                self.line(f"{(name if number == 0 else '').ljust(width)}  {one_line(text)}")

    def table(self, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Write rows in columns as wide as their text: nothing is ever cut off."""
        clean = [[one_line(cell) for cell in row] for row in (header, *rows)]
        widths = [max(map(display_width, column)) for column in zip(*clean, strict=True)]
        for number, row in enumerate(clean):
            cells = [padded(cell, width) for cell, width in zip(row[:-1], widths, strict=False)]
            text = "  ".join([*cells, row[-1]]).rstrip()
            self.line(self.painted(text, "2") if number == 0 else self._by_verdict(text, row[0]))

    def painted(self, text: str, code: str) -> str:
        """Return the text in a colour, where colours are wanted."""
        return f"\x1b[{code}m{text}\x1b[0m" if self.colour and code else text

    def json(self, value: Mapping[str, object]) -> None:
        """Write one JSON document."""
        self.line(json.dumps(plain(value), indent=2))

    def _by_verdict(self, text: str, first: str) -> str:
        code = next((code for verdict, code in _COLOURS.items() if verdict == first.strip()), "")
        return self.painted(text, code)


def wants_colour(stream: TextIO, environ: Mapping[str, str]) -> bool:
    """Return whether to colour: NO_COLOR forbids it, FORCE_COLOR asks for it, else only on a terminal."""
    if environ.get("NO_COLOR"):
        return False
    if environ.get("FORCE_COLOR"):
        return True
    return stream.isatty() and environ.get("TERM") != "dumb"


def plain(value: Any) -> Any:
    """Return a value as JSON can hold it: types of ours by field name, times in ISO 8601, NaN as null."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, datetime):
        return value.isoformat()
    return None if isinstance(value, float) and not math.isfinite(value) else value
