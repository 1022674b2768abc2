from __future__ import annotations

import json

import pytest

from pytest_bolt.devices import limits
from pytest_bolt.devices.limits import limits_of

FOUND = {"bytes": 1e10, "flops": {"float32": 2e10}}


@pytest.fixture
def measured(monkeypatch):
    """Count how often the machine is measured."""
    calls = []

    def measure():
        calls.append(1)
        return FOUND

    monkeypatch.setattr(limits, "_measured", measure)
    return calls


def test_a_machine_is_measured_once(tmp_path, measured):
    first = limits_of(tmp_path / "cache", "abc")
    assert (first.bytes_per_second, first.flops_per_second) == (1e10, {"float32": 2e10})
    assert limits_of(tmp_path / "cache", "abc") == first
    assert len(measured) == 1


def test_another_machine_has_limits_of_its_own(tmp_path, measured):
    limits_of(tmp_path, "abc")
    limits_of(tmp_path, "abd")
    assert len(measured) == 2


@pytest.mark.parametrize(
    "damaged",
    [
        "",
        "{",
        "[]",
        "null",
        '{"bytes": 1.0}',
        json.dumps({**FOUND, "bytes": "x"}),
        '{"bytes": -1.0, "flops": {}}',
    ],
)
def test_a_damaged_file_is_measured_again(tmp_path, measured, damaged):
    limits_of(tmp_path, "abc")
    (tmp_path / "limits-abc.json").write_text(damaged)
    assert limits_of(tmp_path, "abc").bytes_per_second == 1e10
    assert len(measured) == 2
    assert json.loads((tmp_path / "limits-abc.json").read_text()) == FOUND


def test_a_cache_that_cannot_be_written_costs_a_measurement_only(tmp_path, measured):
    (tmp_path / "file").write_text("")
    assert limits_of(tmp_path / "file", "abc").bytes_per_second == 1e10
    assert limits_of(tmp_path / "file", "abc").bytes_per_second == 1e10
    assert len(measured) == 2


def test_without_torch_there_are_none(tmp_path, monkeypatch):
    monkeypatch.setattr(limits, "_measured", lambda: None)
    assert limits_of(tmp_path, "abc") is None
    assert not list(tmp_path.iterdir())
