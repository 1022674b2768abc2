"""Bencher Metric Format: benchmark -> measure -> value with optional bounds.

Reference: bencher.dev/docs/reference/bencher-metric-format/ (schema v0). The measure `latency` is in
nanoseconds, `throughput` in operations a second.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from pytest_bolt.core.case import Case, CaseId
from pytest_bolt.core.plain_text import one_line
from pytest_bolt.core.record import Record, Revision
from pytest_bolt.errors import BoltError
from pytest_bolt.formats.exchange import (
    UNKNOWN_COMMIT,
    Exported,
    Foreign,
    Imported,
    Source,
    document_of,
    imported_run,
    original_of,
    usable,
)
from pytest_bolt.formats.reading import Json, checked, number, shortened
from pytest_bolt.formats.rounds import seconds_of

NAME = "bmf"
_LATENCY = "latency"
_UNITS = {"throughput": "ops/s", "file-size": "B", "build-time": "s"}
_HIGHER = {"throughput"}


def read(document: Mapping[str, Json], source: Source) -> Imported:
    """Return the run that a BMF document stands for; it names neither a commit nor a machine.

    Raises BoltError where it does not have that form.
    """
    found = [_foreign(name, checked(measures, dict, name)) for name, measures in document.items()]
    return imported_run(
        source,
        tool=NAME,
        document={},
        head=Revision(commit=UNKNOWN_COMMIT),
        facts={},
        started=None,
        found=found,
    )


def write(exported: Exported) -> dict[str, Json]:
    """Return the BMF document of one side; a number that is not finite is left out, as JSON has none."""
    same = document_of(exported.run, NAME) is not None
    document = {}
    for record in exported.records:
        kept = original_of(record) if same else {}
        name, measures = kept.get("name", record.case.case_id.node_id), kept.get("measures")
        measures = _measures(record) if measures is None else measures
        if measures or same:
            document[name] = measures
    return document


def _foreign(name: str, measures: Mapping[str, Json]) -> Foreign:
    if not name:
        raise BoltError("A benchmark of the file has no name", seen={"format": NAME})
    values = {measure: _value(metric, f"{name}.{measure}") for measure, metric in measures.items()}
    latency = values.pop(_LATENCY, None)
    return Foreign(
        case=Case(case_id=CaseId(node_id=name)),
        original={"name": name, "measures": measures},
        seconds=math.nan if latency is None else latency / 1e9,
        reason=_reason(latency),
        metrics={
            measure: (value, _UNITS.get(measure, ""), "higher" if measure in _HIGHER else "lower")
            for measure, value in values.items()
        },
    )


def _value(metric: Json, place: str) -> float:
    value = number(checked(metric, dict, place).get("value"), f"{place}.value")
    if math.isfinite(value):
        return value
    raise BoltError(
        "A measure of the file has no value",
        seen={"place": one_line(place), "found": shortened(metric)},
        advice="BMF asks for a finite number in every `value`",
    )


def _reason(latency: float | None) -> str:
    if latency is None:
        return "the file has no latency of it"
    return "" if usable(latency) else f"its latency is negative: {latency:g}"


def _measures(record: Record) -> dict[str, Json]:
    time = record.time.ns
    measures: dict[str, Json] = {_LATENCY: {"value": time, **_bounds(record)}} if usable(time) else {}
    for name, (value, _unit, _better) in record.metrics.items():
        if math.isfinite(value):
            measures[name if name != _LATENCY else f"{name} (recorded)"] = {"value": value}
    return measures


def _bounds(record: Record) -> dict[str, float]:
    """Return the quartiles of the rounds, widened to hold the value itself."""
    if not len(record.measurement.rounds):
        return {}
    low, high = np.quantile(np.array(seconds_of(record)[0]) * 1e9, [0.25, 0.75])
    time = record.time.ns
    return {"lower_value": min(float(low), time), "upper_value": max(float(high), time)}
