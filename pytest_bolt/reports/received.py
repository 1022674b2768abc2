"""A report that came from elsewhere: whoever wrote it may want to break, mislead or exhaust its reader."""

from __future__ import annotations

import json
import math
import os
import re
import stat
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

from pytest_bolt.core.command_text import started_by_pytest
from pytest_bolt.core.comparison import Comparison, Interval
from pytest_bolt.core.plain_text import clipped
from pytest_bolt.core.record import Revision, Summary
from pytest_bolt.errors import BoltError
from pytest_bolt.reports.json_report import summary_of

MOST_BYTES = 32 * 2**20
MOST_COMPARISONS = 20_000
_MOST_DEPTH = 40
_MOST_VALUES = 3_000_000
_MOST_DIGITS = 40
_MOST_SAMPLES = 1_000
_LONGEST_ERROR = 300
_HASH = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_RUN_ID = re.compile(r"[0-9a-f]{1,32}")
_LIKELY_RATIO = (1e-12, 1e12)
_LIKELY_NS = (1e-6, 1e18)
_ADVICE = "write it with `pytest --bolt-compare=REF --bolt-json=PATH`, and hand over that file alone"


def read_report(path: Path) -> Summary:
    """Return the summary in a report of unknown origin; every number in it can be printed.

    Raises:
        BoltError: if the file is not a plain file, too large, not a report, or not one that a run writes.
    """
    text = _content(path)
    try:
        document = json.loads(text, parse_constant=_no_constant)
        _check_shape(document)
        summary = summary_of(document)
        _check_meaning(summary)
    except RecursionError as error:
        raise _refused(f"nested more than {_MOST_DEPTH} levels deep") from error
    except ValueError as error:
        raise _refused(error) from error
    except BoltError as error:
        seen = {key: _told(value) for key, value in error.seen.items()}
        raise BoltError(error.what, seen=seen, advice=error.advice) from error
    # The reader of a comment will copy the command: it starts pytest, whatever the file says.
    return replace(summary, run=replace(summary.run, command=started_by_pytest(summary.run.command)))


def _content(path: Path) -> str:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        seen = {"file": path, "error": error.strerror}
        raise BoltError("cannot read the report", seen=seen, advice=_ADVICE) from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise BoltError("the report is not a plain file", seen={"file": path}, advice=_ADVICE)
    with os.fdopen(descriptor, "rb") as file:
        content = file.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise _refused(f"larger than {MOST_BYTES // 2**20} MiB")
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise _refused(f"not UTF-8 at byte {error.start}") from error


def _check_shape(document: object) -> None:
    """Raise ValueError for what no run writes: depth, digits, amount. Without recursion."""
    if isinstance(document, dict) and len(_inside_list(document.get("comparisons"))) > MOST_COMPARISONS:
        _fail(f"$.comparisons has more than {MOST_COMPARISONS} items")
    level: list[object] = [document]
    seen = 0
    for _ in range(_MOST_DEPTH):
        level = [inner for value in level for inner in _inside(value)]
        seen += len(level)
        if seen > _MOST_VALUES:
            _fail(f"more than {_MOST_VALUES} values")
        if not level:
            return
    _fail(f"nested more than {_MOST_DEPTH} levels deep")


def _inside_list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _inside(value: object) -> Iterable[object]:
    if isinstance(value, dict):
        return value.values()
    if isinstance(value, int) and abs(value) >= 10**_MOST_DIGITS:
        _fail(f"a number of more than {_MOST_DIGITS} digits")
    return value if isinstance(value, list) else ()


def _check_meaning(summary: Summary) -> None:
    """Raise ValueError for values of the right type that no run writes, naming the place."""
    run = summary.run
    if not _RUN_ID.fullmatch(run.run_id):
        _fail(f"$.run.run_id is not a run's: {run.run_id!r}")
    for side, revision in (("head", run.head), ("base", run.base)):
        _check_revision(f"$.run.{side}", revision)
    if run.control is not None:
        _check_interval("$.run.control.ratio", run.control.ratio)
    for place, comparison in _placed(summary.comparisons):
        _check_comparison(place, comparison)


def _check_revision(place: str, revision: Revision | None) -> None:
    if revision is not None and not _HASH.fullmatch(revision.commit):
        _fail(f"{place}.commit is not a full hash: {revision.commit!r}")


def _check_comparison(place: str, comparison: Comparison) -> None:
    if comparison.ratio is not None:
        _check_interval(f"{place}.ratio", comparison.ratio)
        if not math.isfinite(comparison.ratio.estimate):
            _fail(f"{place}.ratio.estimate is not a number")
    for side in ("base_time", "head_time"):
        time = getattr(comparison, side)
        if time is not None and time.ns != 0:
            _check_likely(f"{place}.{side}.ns", time.ns, _LIKELY_NS)
    for at, metric in enumerate(comparison.metrics):
        if len(metric.samples) > _MOST_SAMPLES or not all(map(math.isfinite, metric.samples)):
            _fail(f"{place}.metrics[{at}].samples are not up to {_MOST_SAMPLES} numbers")


def _check_interval(place: str, interval: Interval) -> None:
    for name in ("estimate", "low", "high"):
        _check_likely(f"{place}.{name}", getattr(interval, name), _LIKELY_RATIO)


def _check_likely(place: str, value: float, bounds: tuple[float, float]) -> None:
    """Let numbers pass that are not known, NaN and positive infinity, and those within the bounds."""
    low, high = bounds
    if not (math.isnan(value) or value == math.inf or low <= value <= high):
        _fail(f"{place} is beyond belief: {value!r}")


def _placed(comparisons: Iterable[Comparison]) -> Iterator[tuple[str, Comparison]]:
    return ((f"$.comparisons[{at}]", comparison) for at, comparison in enumerate(comparisons))


def _no_constant(text: str) -> Any:
    _fail(f"{text} is no JSON")


def _fail(problem: str) -> NoReturn:
    raise ValueError(problem)


def _told(problem: object) -> str:
    """Return words that may come from the report, on one line that no runner takes for a command to it."""
    return clipped(str(problem), _LONGEST_ERROR).replace("##[", "## [")[:_LONGEST_ERROR]


def _refused(problem: object) -> BoltError:
    seen = {"error": _told(problem)}
    return BoltError("this is not a report that a run wrote", seen=seen, advice=_ADVICE)
