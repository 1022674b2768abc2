"""What failed, as annotations of GitHub Actions: commands to its runner, one a line, on standard output."""

from __future__ import annotations

from pytest_bolt.core.comparison import Comparison
from pytest_bolt.core.place import Place, place_of
from pytest_bolt.core.plain_text import clipped, one_line
from pytest_bolt.core.record import Run, Summary
from pytest_bolt.core.summary import effect_text, fails, ordered, verdict_text
from pytest_bolt.core.verdict import Verdict
from pytest_bolt.reports.terminal import failure_message

MOST = 10  # of each kind that the platform shows of one step
_MOST_MESSAGE = 4_000  # it cuts a message at 4,096 characters
_LONGEST_TITLE = 200
_LONGEST_LINE = 600


def annotation_lines(summary: Summary) -> tuple[str, ...]:
    """Return a command for each benchmark that failed and each that is slower, most severe first."""
    errors, warnings = [], []
    for comparison in ordered(summary.timed):
        if fails(comparison):
            errors.append(_annotation("error", summary.run, comparison))
        elif comparison.verdict is Verdict.SLOWER:
            warnings.append(_annotation("warning", summary.run, comparison))
    return (*errors[:MOST], *warnings[:MOST])


def _annotation(kind: str, run: Run, comparison: Comparison) -> str:
    name = one_line(comparison.case.case_id.node_id)
    lines = [name, *failure_message(comparison, run).splitlines()]
    message = "\n".join(clipped(line, _LONGEST_LINE) for line in lines)[:_MOST_MESSAGE]
    effect = effect_text(comparison)
    title = clipped(f"{verdict_text(comparison)} {effect if effect != '-' else ''}".rstrip(), _LONGEST_TITLE)
    where = _properties(place_of(run, comparison))
    return f"::{kind} {where}title={_property(title)}::{_data(message)}"


def _properties(place: Place | None) -> str:
    if place is None:
        return ""
    line = f"line={place.line}," if place.line is not None else ""
    return f"file={_property(one_line(place.file))},{line}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
