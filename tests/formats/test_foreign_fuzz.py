"""Whatever a file holds in whatever place, reading it ends with a run or with one message."""

from __future__ import annotations

import copy
import math

import pytest
from format_samples import (
    SOURCE,
    any_json,
    asv_document,
    benchmark_document,
    benchmark_entry,
    canonical,
    exported,
)
from hypothesis import given
from hypothesis import strategies as st

from pytest_bolt.errors import BoltError
from pytest_bolt.formats import asv, asv_files, bmf, pytest_benchmark
from pytest_bolt.formats.exchange import commit_of, usable

OURS = {
    "time_ns": 3.0,
    "clock": "cpu",
    "source_hash": "5ea1",
    "metrics": {"loss": {"value": 1, "unit": "", "better": "lower"}},
}
ROW = [
    [1e-6, None],
    [["1", "2"]],
    "v",
    1_770_000_000_000,
    1.5,
    [0.0, None],
    [1.0, None],
    [1e-6, None],
    [1e-6, None],
    [10, None],
    [1, None],
    [[1e-6], None],
    "profile",
]
ABOUT = {"time_it": {"unit": "seconds", "pytest-bolt": ["a", "b"]}, "version": 2}
VALID = {
    "pytest-benchmark": benchmark_document(
        benchmark_entry(), benchmark_entry("b", extra_info={"pytest-bolt": OURS})
    ),
    "asv": {"document": asv_document({"time_it": ROW}), "about": ABOUT},
    "bmf": {"a": {"latency": {"value": 1.0}, "size": {"value": 2, "lower_value": 1}}},
}
odd_values = any_json | st.sampled_from([math.nan, math.inf, -1.0, 10**400, 1e300, "\x1b[2J", 2**70])


def read(name, document):
    if name != "asv":
        return {"pytest-benchmark": pytest_benchmark, "bmf": bmf}[name].read(document, SOURCE)
    parts = [document.get(part) for part in ("document", "about")]
    if not all(isinstance(part, dict) for part in parts):
        raise BoltError("the command reads objects only")
    return asv.read(parts[0], SOURCE, benchmarks=parts[1])


def write_all(imported):
    for one in (pytest_benchmark, bmf, asv_files):
        canonical(one.write(exported(imported)))


@st.composite
def damaged(draw, document):
    """The document with another value in one place, or without what is there."""
    changed = copy.deepcopy(document)
    place = changed
    while True:
        name = draw(st.sampled_from(list(place) if isinstance(place, dict) else range(len(place))))
        inner = place[name]
        if isinstance(inner, dict | list) and inner and draw(st.integers(0, 4)):
            place = inner
            continue
        if draw(st.integers(0, 4)):
            place[name] = draw(odd_values)
        else:
            del place[name]
        return changed


def outcome(name, document):
    try:
        return read(name, document), ""
    except BoltError as error:
        return None, error.render()


@pytest.mark.parametrize("name", VALID)
@given(data=st.data())
def test_one_odd_place_gives_a_run_or_a_message(name, data):
    document = data.draw(damaged(VALID[name]))
    imported, message = outcome(name, document)
    assert "\x1b" not in message
    if imported is None:
        return
    write_all(imported)
    times = [comparison.head_time for comparison, _ in imported.entries]
    assert all(time is None or math.isfinite(time.ns) for time in times)


@pytest.mark.parametrize("name", VALID)
def test_the_documents_are_valid_before_they_are_damaged(name):
    imported = read(name, VALID[name])
    assert imported.entries
    write_all(imported)


def test_times_beyond_any_clock_are_none():
    assert [usable(value) for value in (0.0, 1.0, 1e10, -1.0, math.nan, math.inf)] == [
        True,
        True,
        False,
        False,
        False,
        False,
    ]


def test_a_commit_of_any_length_can_be_indexed():
    assert len(commit_of("a" * 10_000)) == 128
    assert [commit_of(None), commit_of(""), commit_of(7)] == ["unknown", "unknown", "7"]
