"""Which format a document has."""

from __future__ import annotations

from collections.abc import Mapping

from pytest_bolt.errors import BoltError
from pytest_bolt.formats import asv, bmf, pytest_benchmark
from pytest_bolt.formats.reading import Json, shortened

NAMES = (pytest_benchmark.NAME, asv.NAME, bmf.NAME)


def detect(document: Mapping[str, Json]) -> str:
    """Return the name of the format; raise BoltError where it is none of them."""
    if "result_columns" in document or {"commit_hash", "results"} <= document.keys():
        return asv.NAME
    if isinstance(document.get("benchmarks"), list):
        return pytest_benchmark.NAME
    if document and all(_has_measures(value) for value in document.values()):
        return bmf.NAME
    seen = {"its keys": shortened(list(document)) if document else "none at all", "known": ", ".join(NAMES)}
    if str(document.get("schema", "")).startswith("bolt-report/"):
        raise BoltError("The file is a report of pytest-bolt, which comes from a store and is in one already")
    raise BoltError("The file is of no known format", seen=seen, advice="--format=NAME says which it is")


def _has_measures(value: Json) -> bool:
    return isinstance(value, dict) and all(
        isinstance(metric, dict) and "value" in metric for metric in value.values()
    )
