"""Pytest's items and reports, as both the controller and a worker see them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

CLAIM = "claim"  # the marker of a test that puts a claim to the proof
_MESSAGE_LIMIT = 300


def is_benchmark(item: pytest.Item) -> bool:
    """Return whether a test asks for the fixture `benchmark` or `bolt`."""
    return not {"benchmark", "bolt", "benchmark_weave"}.isdisjoint(getattr(item, "fixturenames", ()))


def marker_value(node: pytest.Item, key: str) -> Any:
    """Return the value of a key of the closest `bolt` marker that has it, or None."""
    for marker in node.iter_markers("bolt"):
        if key in marker.kwargs:
            return marker.kwargs[key]
    return None


def item_key(item: pytest.Item, root: Path) -> str:
    """Return what names a test on both sides: its file relative to `root`, then pytest's own path in it.

    Node ids alone do not do: those of files outside the root directory depend on where it lies.
    """
    return f"{place_in(root, item.path)}::{item.nodeid.partition('::')[2]}"


def place_in(root: Path, path: Path) -> str:
    """Return a path relative to `root`, through whatever links; absolute where it lies outside."""
    for spelling, top in ((path, root), (path.resolve(), root.resolve())):
        if spelling.is_relative_to(top):
            return spelling.relative_to(top).as_posix()
    return str(path)


def headline(report: pytest.TestReport) -> str:
    """Return one line that says why a test failed."""
    crash = getattr(report.longrepr, "reprcrash", None)
    text = str(getattr(crash, "message", "") or report.longreprtext).strip()
    line = text.splitlines()[0] if text else f"failed in {report.when}"
    prefix = "" if report.when == "call" else f"{report.when}: "
    return (prefix + line)[:_MESSAGE_LIMIT]


def skip_reason(report: pytest.TestReport) -> str:
    """Return why a test was skipped."""
    if isinstance(report.longrepr, tuple):
        return str(report.longrepr[2]).removeprefix("Skipped: ")
    return str(getattr(report, "wasxfail", "") or "skipped")
