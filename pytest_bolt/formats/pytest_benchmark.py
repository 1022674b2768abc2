"""The JSON of pytest-benchmark (`--benchmark-json`, `--benchmark-save`), as versions 3 to 5 write it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime

from pytest_bolt.core.case import Case, CaseId
from pytest_bolt.core.measurement import Clock, RoundTable, empty_rounds
from pytest_bolt.core.record import Record, Revision, Run
from pytest_bolt.errors import BoltError
from pytest_bolt.formats.benchmark_stats import stats_of
from pytest_bolt.formats.exchange import (
    MODE,
    UNKNOWN_COMMIT,
    Exported,
    Foreign,
    Imported,
    Metrics,
    Source,
    commit_of,
    document_of,
    imported_run,
    original_of,
    told_by_test,
    usable,
)
from pytest_bolt.formats.reading import Json, checked, member, number, words
from pytest_bolt.formats.rounds import seconds_of, table_of

NAME = "pytest-benchmark"
_VERSION = "5.3.1"  # of the program whose format this is
_OURS = "pytest-bolt"
_LIST = "benchmarks"
_CPU_TIMERS = {"process_time", "process_time_ns", "thread_time", "thread_time_ns"}
_TIMER = {Clock.CPU: "process_time_ns", Clock.DEVICE: "device events"}


def read(document: Mapping[str, Json], source: Source) -> Imported:
    """Return the run that a pytest-benchmark file stands for.

    Raises BoltError where it does not have that form.
    """
    listed = member(document, _LIST, list, "the file")
    found = [_foreign(checked(one, dict, f"{_LIST}[{at}]"), at) for at, one in enumerate(listed)]
    machine = document.get("machine_info")
    commit = document.get("commit_info")
    return imported_run(
        source,
        tool=NAME,
        document={name: value for name, value in document.items() if name != _LIST},
        head=_revision(commit if isinstance(commit, dict) else {}),
        facts=_facts(machine if isinstance(machine, dict) else {}),
        started=_moment(document.get("datetime")),
        found=found,
    )


def write(exported: Exported) -> dict[str, Json]:
    """Return the file of one side; a benchmark without any time is left out."""
    kept = document_of(exported.run, NAME)
    if kept is not None:
        return {**kept, _LIST: [original_of(record).get("entry") for record in exported.records]}
    timed = [record for record in exported.records if usable(record.time.ns)]
    return {
        "machine_info": _machine_info(exported.run),
        "commit_info": _commit_info(exported.revision),
        _LIST: [_entry(record, exported) for record in timed],
        "datetime": exported.run.started.isoformat(),
        "version": _VERSION,
    }


def _foreign(entry: Mapping[str, Json], at: int) -> Foreign:
    place = f"{_LIST}[{at}]"
    stats = member(entry, "stats", dict, place)
    name = entry.get("fullname") or entry.get("name")
    if not name:
        raise BoltError("A benchmark of the file has no name", seen={"place": place})
    name = checked(name, str, f"{place}.fullname")
    extra, group = entry.get("extra_info"), entry.get("group")
    told = extra.get(_OURS) if isinstance(extra, dict) else None
    ours = told if isinstance(told, dict) else {}
    seconds = _seconds(stats, ours, place)
    clock = _clock(entry.get("options"), ours)
    rounds, warning = _rounds(stats, clock, place)
    return Foreign(
        case=Case(
            case_id=CaseId(node_id=name, source_hash=words(ours.get("source_hash"))),
            group=words(group),
            extra_info=dict(extra) if isinstance(extra, dict) else {},
        ),
        original={"entry": entry},
        seconds=seconds,
        rounds=rounds,
        clock=clock,
        reason="" if usable(seconds) else f"its time is {seconds:g}: no measurement",
        warnings=(warning,) if warning else (),
        metrics=_metrics(ours.get("metrics"), f"{place}.extra_info.{_OURS}.metrics"),
    )


def _seconds(stats: Mapping[str, Json], ours: Mapping[str, Json], place: str) -> float:
    """Return our own value where the file is an export of ours, else the median."""
    if "time_ns" in ours:
        return number(ours["time_ns"], f"{place}.extra_info.{_OURS}.time_ns") / 1e9
    name = next((name for name in ("median", "mean", "min") if stats.get(name) is not None), "median")
    return number(stats.get(name), f"{place}.stats.{name}")


def _clock(options: Json, ours: Mapping[str, Json]) -> Clock:
    if ours.get("clock") in list(Clock):
        return Clock(ours["clock"])
    timer = options.get("timer") if isinstance(options, dict) else ""
    return Clock.CPU if isinstance(timer, str) and timer.rpartition(".")[2] in _CPU_TIMERS else Clock.WALL


def _rounds(stats: Mapping[str, Json], clock: Clock, place: str) -> tuple[RoundTable, str]:
    if stats.get("data") is None:
        return empty_rounds(), ""
    data = checked(stats["data"], list, f"{place}.stats.data")
    seconds = [number(value, f"{place}.stats.data") for value in data]
    iterations = stats.get("iterations")
    return table_of(
        seconds, 1 if iterations is None else checked(iterations, int, f"{place}.stats.iterations"), clock
    )


def _metrics(told: Json, place: str) -> Metrics:
    """Return the metrics of an export of ours."""
    entries = told.items() if isinstance(told, dict) else ()
    checked_entries = {name: checked(entry, dict, f"{place}.{name}") for name, entry in entries}
    return {
        name: (
            number(entry.get("value"), f"{place}.{name}"),
            words(entry.get("unit")),
            words(entry.get("better")),
        )
        for name, entry in checked_entries.items()
    }


def _revision(commit: Mapping[str, Json]) -> Revision:
    dirty = bool(commit.get("dirty"))
    return Revision(
        commit=commit_of(commit.get("id")),
        branch=words(commit.get("branch")),
        diff_hash=MODE if dirty else "",
    )


def _facts(machine: Mapping[str, Json]) -> dict[str, str]:
    cpu = machine.get("cpu")
    cpu = cpu if isinstance(cpu, dict) else {}
    python = words(machine.get("python_version"))
    facts = {
        "cpu_model": words(cpu.get("brand_raw") or cpu.get("brand") or machine.get("processor")),
        "cpu_count": words(cpu.get("count")),
        "system": words(machine.get("system")),
        "machine": words(machine.get("machine")),
        "kernel": words(machine.get("release")),
        "python_implementation": words(machine.get("python_implementation")),
        "python_minor": ".".join(python.split(".")[:2]),
        "python": python,
        "host": words(machine.get("node")),
    }
    return {name: value for name, value in facts.items() if value}


def _moment(text: Json) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        return None


def _entry(record: Record, exported: Exported) -> dict[str, Json]:
    node_id = record.case.case_id.node_id
    data, iterations = seconds_of(record)
    name = node_id.rpartition("::")[2] if "[" not in node_id else _last_part(node_id)
    param = name.partition("[")[2].removesuffix("]") if name.endswith("]") else None
    return {
        "group": record.case.group or None,
        "name": name,
        "fullname": node_id,
        "params": _params(record) if param is not None else None,
        "param": param,
        "extra_info": {**told_by_test(record), _OURS: _ours(record, exported)},
        "options": {"timer": _TIMER.get(record.clock, "perf_counter_ns")},
        "stats": stats_of(data, iterations),
    }


def _last_part(node_id: str) -> str:
    """Return what follows the last `::` before the bracket: a parameter may hold colons, too."""
    path, bracket, param = node_id.partition("[")
    return path.rpartition("::")[2] + bracket + param


def _params(record: Record) -> dict[str, Json]:
    case = record.case
    facts = {"operation": case.operation, "implementation": case.implementation, "dtype": case.workload.dtype}
    return {name: value for name, value in facts.items() if value}


def _ours(record: Record, exported: Exported) -> dict[str, Json]:
    """Return what pytest-bolt says of a benchmark beyond the format: its value is not the median."""
    told: dict[str, Json] = {
        "run": exported.run.run_id,
        "side": str(exported.side),
        "source_hash": record.case.case_id.source_hash,
        "clock": str(record.clock),
        "time_ns": record.time.ns,
        "rounds_stored": bool(len(record.measurement.rounds)),
        "device": record.case.device,
        "warnings": list(record.measurement.warnings),
    }
    metrics = {
        name: {"value": value if math.isfinite(value) else None, "unit": unit, "better": better}
        for name, (value, unit, better) in record.metrics.items()
    }
    return {**told, "metrics": metrics} if metrics else told


def _machine_info(run: Run) -> dict[str, Json]:
    facts = run.environment.facts
    count = facts.get("cpu_count", "")
    return {
        "node": facts.get("host", ""),
        "processor": facts.get("machine", ""),
        "machine": facts.get("machine", ""),
        "python_compiler": "",
        "python_implementation": facts.get("python_implementation", ""),
        "python_implementation_version": facts.get("python", ""),
        "python_version": facts.get("python", ""),
        "python_build": ["", ""],
        "release": facts.get("kernel", ""),
        "system": facts.get("system", ""),
        "cpu": {
            "brand_raw": facts.get("cpu_model", ""),
            "count": int(count) if count.isdecimal() and len(count) < 10 else None,
        },
        _OURS: dict(facts),
    }


def _commit_info(revision: Revision) -> dict[str, Json]:
    return {
        "id": revision.commit or UNKNOWN_COMMIT,
        "time": None,
        "author_time": None,
        "dirty": revision.dirty,
        "project": None,
        "branch": revision.branch or "(unknown)",
    }
