"""A stored run as the files of an asv results folder."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from pytest_bolt.core.record import Record
from pytest_bolt.formats.asv import NAME, OURS, VERSION
from pytest_bolt.formats.asv_names import distinct, file_name, grouped
from pytest_bolt.formats.exchange import UNKNOWN_COMMIT, Exported, document_of, original_of, usable
from pytest_bolt.formats.reading import Json, words
from pytest_bolt.formats.rounds import seconds_of

COLUMNS = (
    "result",
    "params",
    "version",
    "started_at",
    "duration",
    "stats_ci_99_a",
    "stats_ci_99_b",
    "stats_q_25",
    "stats_q_75",
    "stats_number",
    "stats_repeat",
    "samples",
    "profile",
)
BENCHMARKS = "benchmarks.json"
_QUANTILE = 2.576  # of the normal distribution, for an interval of 99 %
_ROUNDS_FOR_INTERVAL = 8
_LONG_NAME = 128  # characters from which on asv replaces an environment's name by its hash
_MACHINE_VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One benchmark of asv: its line in the result file, and its entry in `benchmarks.json`."""

    values: Json
    benchmark: Json


def write(exported: Exported) -> dict[str, Json]:
    """Return path in the results folder -> document: results, machine and benchmarks."""
    kept = document_of(exported.run, NAME)
    rows = _kept_rows(exported.records) if kept else _made_rows(exported)
    result = (kept or {}).get("document") or _document(exported)
    machine = (kept or {}).get("machine") or {**_machine(exported), "version": _MACHINE_VERSION}
    params = result.get("params")
    folder = file_name(words(params.get("machine")) if isinstance(params, dict) else "")
    benchmarks = {name: row.benchmark for name, row in rows.items() if row.benchmark is not None}
    return {
        f"{folder}/{_result_name(result)}": {
            **result,
            "results": {name: row.values for name, row in rows.items()},
        },
        f"{folder}/machine.json": machine,
        BENCHMARKS: {**benchmarks, "version": VERSION},
    }


def _result_name(result: Mapping[str, Json]) -> str:
    """Return `COMMIT-ENV.json`, as asv would call it."""
    env = words(result.get("env_name"))
    if len(env) >= _LONG_NAME:
        digest = hashlib.md5(env.encode("utf-8", "surrogatepass"), usedforsecurity=False)
        env = f"env-{digest.hexdigest()}"
    commit = words(result.get("commit_hash"))[:8]
    return f"{file_name(commit)}-{file_name(env)}.json"


def _kept_rows(records: Sequence[Record]) -> dict[str, Row]:
    kept = [original for original in map(original_of, records) if "row" in original]
    return {one["name"]: Row(values=one["row"], benchmark=one["benchmark"]) for one in kept}


def _made_rows(exported: Exported) -> dict[str, Row]:
    started = int(exported.run.started.timestamp() * 1000)
    rows: dict[str, Row] = {}
    for name, (texts, records) in grouped(exported.records).items():
        if any(usable(record.time.ns) or not record.metrics for record in records):
            rows[distinct(name, rows)] = _timed(name, texts, records, started)
        for metric in dict.fromkeys(metric for record in records for metric in record.metrics):
            recorded = distinct(f"{name}.{metric}", rows)
            rows[recorded] = _tracked(recorded, metric, texts, records, started)
    return rows


def _timed(name: str, texts: list[str], records: Sequence[Record], started: int) -> Row:
    values = [record.time.ns / 1e9 if usable(record.time.ns) else None for record in records]
    timed = [seconds_of(record) if len(record.measurement.rounds) else None for record in records]
    samples = [one and one[0] for one in timed]
    stats = [_stats(*one) if one else {} for one in timed]
    return _row(name, texts, records, started, "time", "seconds", values, samples, stats)


def _tracked(name: str, metric: str, texts: list[str], records: Sequence[Record], started: int) -> Row:
    found = [record.metrics.get(metric) for record in records]
    values = [one[0] if one and math.isfinite(one[0]) else None for one in found]
    unit = next(one[1] for one in found if one)
    return _row(name, texts, records, started, "track", unit or "unit", values, [None] * len(values), [])


def _row(  # noqa: PLR0913, PLR0917 - one argument a column
    name: str,
    texts: list[str],
    records: Sequence[Record],
    started: int,
    kind: str,
    unit: str,
    values: Sequence[float | None],
    samples: Sequence[Json],
    stats: Sequence[Mapping[str, float]],
) -> Row:
    """Return a line, without the empty columns at its end."""
    version = hashlib.sha256(records[0].case.case_id.source_hash.encode()).hexdigest()
    params = [texts] if texts else []
    columns: dict[str, Json] = {"result": list(values), "params": params, "version": version}
    columns["started_at"] = started
    for column in COLUMNS:
        if column.startswith("stats_"):
            columns[column] = [one.get(column.removeprefix("stats_")) for one in stats]
    columns["samples"] = list(samples)
    line = [columns[column] if _holds(columns.get(column), column) else None for column in COLUMNS]
    while line and line[-1] is None:
        line.pop()
    benchmark = {
        "code": "",
        "name": name,
        "param_names": ["id"] if texts else [],
        "params": params,
        "timeout": 60.0,
        "type": kind,
        "unit": unit,
        "version": version,
        OURS: [record.case.case_id.node_id for record in records] if kind == "time" else [],
    }
    return Row(values=line, benchmark=benchmark)


def _holds(value: Json, column: str) -> bool:
    """Return whether a column is written: a list of nothing is null, but parameters may be empty."""
    return value is not None and (
        column == "params" or not isinstance(value, list) or any(v is not None for v in value)
    )


def _stats(seconds: Sequence[float], iterations: int) -> dict[str, float]:
    """Return asv's statistics of the rounds.

    The interval is that of the median by order statistics (David and Nagaraja 2003, Order Statistics, section
    7.1), without bounds below eight rounds: no two of them hold the median with a probability of 99 %.
    """
    values = np.sort(np.asarray(seconds))
    count = len(values)
    rank = max(math.floor((count - _QUANTILE * math.sqrt(count)) / 2), 1)
    enough = count >= _ROUNDS_FOR_INTERVAL
    low, high = (float(value) for value in np.quantile(values, [0.25, 0.75]))
    return {
        "ci_99_a": float(values[rank - 1]) if enough else -math.inf,
        "ci_99_b": float(values[count - rank]) if enough else math.inf,
        "q_25": low,
        "q_75": high,
        "number": iterations,
        "repeat": count,
    }


def _document(exported: Exported) -> dict[str, Json]:
    facts = exported.run.environment.facts
    python = facts.get("python_minor", "")
    name = f"pytest-bolt-py{python}" + ("-dirty" if exported.revision.dirty else "")
    return {
        "commit_hash": exported.revision.commit or UNKNOWN_COMMIT,
        "env_name": name,
        "date": int(exported.run.started.timestamp() * 1000),
        "params": {**_machine(exported), "python": python},
        "python": python,
        "requirements": {},
        "env_vars": {},
        "result_columns": list(COLUMNS),
        "durations": {},
        "version": VERSION,
    }


def _machine(exported: Exported) -> dict[str, str]:
    facts = exported.run.environment.facts
    return {
        "arch": facts.get("machine", ""),
        "cpu": facts.get("cpu_model", ""),
        "machine": facts.get("host", "") or "unknown",
        "num_cpu": facts.get("cpu_count", ""),
        "os": " ".join(filter(None, [facts.get("system", ""), facts.get("kernel", "")])),
        "ram": facts.get("memory", ""),
    }
