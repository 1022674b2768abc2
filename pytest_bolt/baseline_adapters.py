"""The implementation that others are compared with: it stands in for them on the base's side."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pytest

from pytest_bolt.adapter_reports import adapter_of
from pytest_bolt.adapters import Adapter, bundled, loaded
from pytest_bolt.errors import BoltError
from pytest_bolt.items import CLAIM, is_benchmark, marker_value
from pytest_bolt.settings import OWN_BASELINE, unknown


def stand_in(name: str, given: Adapter, package: str) -> Adapter:
    """Return the baseline for a test that was given an implementation.

    Arguments:
        name: of a shipped adapter, a Python file, or `own`: the test names its baseline itself.
        given: the implementation of the test.
        package: the package of the test's module, whose references are meant.

    Raises BoltError where there is no such adapter.
    """
    if name == OWN_BASELINE:
        return given
    if name.endswith(".py"):
        return loaded(Path(name))
    shipped = {adapter.name: adapter for adapter in bundled(package)}
    if name not in shipped:
        raise unknown("baseline", name, [*shipped, OWN_BASELINE])
    return shipped[name]


def comparable_items(items: Iterable[pytest.Item], name: str) -> tuple[list[pytest.Item], Counter[str]]:
    """Return the tests that stay in a comparison with a baseline, and how many do not, by reason.

    Raises BoltError where there is no such adapter, or no test stays that could be judged.
    """
    kept: list[pytest.Item] = []
    left_out: Counter[str] = Counter()
    for item in items:
        reason = _why_not(item, name) if is_benchmark(item) else ""
        if reason:
            left_out[reason] += 1
        else:
            kept.append(item)
    if left_out and not any(is_benchmark(item) or item.get_closest_marker(CLAIM) for item in kept):
        raise BoltError(
            f"no benchmark can be compared with the baseline {name}",
            seen={reason: f"{count} left out" for reason, count in left_out.items()},
            advice="compare with a commit, --bolt-compare=main, or name another baseline: an adapter, a "
            "file, or own for tests that are marked with one",
        )
    return kept, left_out


def _why_not(item: pytest.Item, name: str) -> str:
    if marker_value(item, "baseline"):
        return ""
    adapter = adapter_of(item)
    if adapter is None or name == OWN_BASELINE:
        return "it names no baseline of its own" if name == OWN_BASELINE else "it tests no implementation"
    package = str(getattr(getattr(item, "module", None), "__package__", "") or "")
    baseline = stand_in(name, adapter, package)
    if baseline.path.resolve() == adapter.path.resolve():
        return f"it is {name} itself"
    operation = marker_value(item, "operation")
    return f"{name} has no {operation}" if operation and not baseline.provides(operation) else ""
