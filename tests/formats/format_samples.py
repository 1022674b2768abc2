"""Documents as the tools write them, and hypothesis strategies for them."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from hypothesis import strategies as st

from pytest_bolt.core.measurement import Side
from pytest_bolt.formats.exchange import Exported, Imported, Source
from pytest_bolt.stores.plain import from_text, to_text

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
SOURCE = Source(run_id="0123456789ab", command=("pytest-bolt", "import", "file"), now=NOON)

any_text = st.text(st.characters(), min_size=1, max_size=12)  # lone surrogates, pipes, newlines, escapes
any_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | any_text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(any_text, inner, max_size=3),
    max_leaves=6,
)


def exported(imported: Imported) -> Exported:
    """The run as a store gives it back: what the records hold has been text in between."""
    for _, record in imported.entries:
        info = record.case.extra_info
        assert canonical(from_text(to_text(info))) == canonical(info)
    return Exported(run=imported.run, side=Side.HEAD, records=tuple(record for _, record in imported.entries))


def canonical(document) -> str:
    """Text that is equal for equal documents, NaN among them."""
    return json.dumps(document, sort_keys=True)


def benchmark_document(*entries, **more):
    return {
        "machine_info": {
            "node": "box",
            "system": "Linux",
            "machine": "x86_64",
            "release": "6.1",
            "python_implementation": "CPython",
            "python_version": "3.11.9",
            "cpu": {"brand_raw": "Z80", "count": 2},
        },
        "commit_info": {"id": "a" * 40, "branch": "main", "dirty": False},
        "benchmarks": list(entries),
        "datetime": "2026-02-01T10:00:00+00:00",
        "version": "5.3.1",
        **more,
    }


def benchmark_entry(name="test_a.py::test_a[x]", data=(1e-6, 3e-6, 2e-6), **more):
    return {
        "group": "letters",
        "name": name.rpartition("::")[2],
        "fullname": name,
        "params": {"letter": "x"},
        "param": "x",
        "extra_info": {"size": 3},
        "options": {"timer": "perf_counter", "min_rounds": 5},
        "stats": {"median": sorted(data)[len(data) // 2], "data": list(data), "iterations": 10},
        **more,
    }


ASV_COLUMNS = [
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
]


def asv_document(results, **more):
    return {
        "commit_hash": "b" * 40,
        "env_name": "virtualenv-py3.11-numpy",
        "date": 1_760_000_000_000,
        "params": {
            "arch": "x86_64",
            "cpu": "Z80",
            "machine": "box",
            "num_cpu": "2",
            "os": "Linux 6.1",
            "ram": "8",
            "python": "3.11",
            "numpy": "",
        },
        "python": "3.11",
        "requirements": {"numpy": ""},
        "env_vars": {},
        "result_columns": ASV_COLUMNS,
        "results": results,
        "durations": {"<build>": 3.5},
        "version": 2,
        **more,
    }
