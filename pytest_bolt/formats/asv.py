"""Results of asv (airspeed velocity), api_version 2: `results/MACHINE/COMMIT-ENV.json` and `benchmarks.json`.

Reference: "Data format" in asv's developer documentation. In a list of results a number is a measurement,
null a failure, NaN a benchmark that its suite skipped. Each parameter combination is a benchmark of ours.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from pytest_bolt.core.case import Case, CaseId
from pytest_bolt.core.measurement import Clock, empty_rounds
from pytest_bolt.core.record import Revision
from pytest_bolt.errors import BoltError
from pytest_bolt.formats.asv_names import combinations, label
from pytest_bolt.formats.exchange import (
    Foreign,
    Imported,
    Source,
    commit_of,
    imported_run,
    moment_of,
    usable,
)
from pytest_bolt.formats.reading import Json, checked, member, number, shortened, words
from pytest_bolt.formats.rounds import table_of

NAME = "asv"
VERSION = 2
OURS = "pytest-bolt"
_SECONDS = "seconds"
_UNITS = {"bytes": "B"}
_KINDS = {"time": _SECONDS, "timeraw": _SECONDS, "mem": "bytes", "peakmem": "bytes"}


def read(
    document: Mapping[str, Json],
    source: Source,
    *,
    benchmarks: Mapping[str, Json] | None = None,
    machine: Mapping[str, Json] | None = None,
) -> Imported:
    """Return the run that one result file of asv stands for.

    Arguments:
        document: `results/MACHINE/COMMIT-ENV.json`.
        source: where it comes from.
        benchmarks: `results/benchmarks.json`, which says units and kinds; without it names tell them.
        machine: `results/MACHINE/machine.json`, kept for the way back.

    Raises BoltError where a document does not have the form of api_version 2.
    """
    _check_version(document)
    columns = member(document, "result_columns", list, "the file")
    results = member(document, "results", dict, "the file")
    found, started = [], []
    for name, row in results.items():
        listed = checked(row, list, f"results.{name}")
        values = dict(zip(map(words, columns), listed, strict=False))
        known = (benchmarks or {}).get(name)
        found += _foreign(name, values, {"row": row, "benchmark": known})
        started.append(moment_of(values.get("started_at")))
    kept = {name: value for name, value in document.items() if name != "results"}
    return imported_run(
        source,
        tool=NAME,
        document={"document": kept, "machine": machine},
        head=Revision(commit=commit_of(document.get("commit_hash"))),
        facts=_facts(document),
        started=_latest(started) or moment_of(document.get("date")),
        found=found,
    )


def _check_version(document: Mapping[str, Json]) -> None:
    version = document.get("version")
    if version == VERSION and not isinstance(version, bool):
        return
    older = isinstance(version, int) and version < VERSION
    raise BoltError(
        "The file is of another version of asv's format",
        seen={"its version": shortened(version), "known here": VERSION},
        advice="run `asv update` in its project, then import it" if older else "upgrade pytest-bolt",
    )


def _foreign(name: str, values: Mapping[str, Json], kept: Mapping[str, Json]) -> list[Foreign]:
    """Return one benchmark for each parameter combination; the first keeps what the file has of all."""
    place = f"results.{name}"
    sets = combinations(values.get("params"), f"{place}.params")
    result = values.get("result")
    if isinstance(result, list) and len(result) != len(sets):
        raise BoltError(
            "A benchmark of the file has not one result for each parameter combination",
            seen={"place": shortened(place), "results": len(result), "combinations": len(sets)},
        )
    unit, ids = _unit(name, kept["benchmark"]), _node_ids(kept["benchmark"], len(sets))
    found = [
        _one(ids[at] if ids else label(name, texts), unit, at, values, place) for at, texts in enumerate(sets)
    ]
    found = found or [Foreign(case=_case(name), original={}, reason="it has no parameter combination")]
    originals: Iterator[dict[str, Any]] = iter([{"name": name, **kept}])
    return [replace(one, original=next(originals, {"part of": name})) for one in found]


def _one(node_id: str, unit: str, at: int, values: Mapping[str, Json], place: str) -> Foreign:
    value, reason = _value(values.get("result"), at)
    if unit != _SECONDS:
        metrics = {"value": (value, _UNITS.get(unit, unit), "lower")} if math.isfinite(value) else {}
        return Foreign(
            case=_case(node_id), original={}, metrics=metrics, reason=reason or f"measured in {unit}, no time"
        )
    samples, calls = _at(values.get("samples"), at), _at(values.get("stats_number"), at)
    rounds, warning = empty_rounds(), ""
    if samples is not None:
        seconds = [number(entry, f"{place}.samples") for entry in checked(samples, list, f"{place}.samples")]
        iterations = number(calls, f"{place}.stats_number")
        count = int(iterations) if 1 <= iterations < math.inf else 1
        rounds, warning = table_of(seconds, count, Clock.WALL)
    return Foreign(
        case=_case(node_id),
        original={},
        seconds=value,
        rounds=rounds,
        reason=reason or ("" if usable(value) else f"its time is {value:g}: no measurement"),
        warnings=(warning,) if warning else (),
    )


def _case(node_id: str) -> Case:
    if node_id:
        return Case(case_id=CaseId(node_id=node_id))
    raise BoltError("A benchmark of the file has no name", seen={"format": NAME})


def _value(result: Json, at: int) -> tuple[float, str]:
    """Return one result, NaN with a reason where there is none."""
    value = _at(result, at)
    if value is None:
        return math.nan, "it failed (null in the file)"
    if isinstance(value, bool) or not isinstance(value, int | float):
        return math.nan, f"its result is no number: {shortened(value)}"
    return number(value, "result"), "it was skipped (NaN in the file)" if value != value else ""  # noqa: PLR0124 - NaN is not itself


def _at(values: Json, at: int) -> Json:
    return values[at] if isinstance(values, list) and at < len(values) else None


def _unit(name: str, known: Json) -> str:
    if isinstance(known, dict) and isinstance(known.get("unit"), str):
        return str(known["unit"])
    kind = name.rpartition(".")[2].partition("_")[0].lower()
    return _KINDS.get(kind, "unit")


def _node_ids(known: Json, count: int) -> list[str]:
    """Return the node ids that an export of ours gave along, none for any other file."""
    ids = known.get(OURS) if isinstance(known, dict) else None
    fits = isinstance(ids, list) and len(ids) == count and all(isinstance(one, str) for one in ids)
    return list(ids) if fits and ids else []


def _facts(document: Mapping[str, Json]) -> dict[str, str]:
    params, wanted = document.get("params"), document.get("requirements")
    params, wanted = (value if isinstance(value, dict) else {} for value in (params, wanted))
    python = words(document.get("python"))
    system = ", ".join(filter(None, [words(params.get("os")), words(document.get("env_name"))]))
    facts = {
        **{f"requires {name}": words(value) or "any" for name, value in wanted.items()},
        "cpu_model": words(params.get("cpu")),
        "cpu_count": words(params.get("num_cpu")),
        "system": system,
        "machine": words(params.get("arch")),
        "python_minor": python,
        "python": python,
        "host": words(params.get("machine")),
        "memory": words(params.get("ram")),
    }
    return {name: value for name, value in facts.items() if value}


def _latest(moments: list[datetime | None]) -> datetime | None:
    return max((moment for moment in moments if moment), default=None)
