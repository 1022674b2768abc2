"""The report for programs: JSON with a version, described by `schema/bolt-report-1.json`."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

from pytest_bolt.core.plain_text import one_line
from pytest_bolt.core.record import Summary
from pytest_bolt.core.summary import first_line
from pytest_bolt.errors import BoltError
from pytest_bolt.reports.json_codec import decode, encode

SCHEMA = "bolt-report/1"


def render(summary: Summary) -> str:
    """Return the summary as JSON: same summary, same text."""
    body = encode(Summary, summary)
    if not isinstance(body, dict):
        msg = f"not a summary: {summary!r}"
        raise TypeError(msg)
    document = {
        "schema": SCHEMA,
        "headline": first_line(summary),
        "coverage": summary.coverage(),
        "counts": summary.counted(),
        **body,
    }
    return json.dumps(document, indent=2, allow_nan=False) + "\n"


def parse(text: str) -> Summary:
    """Return the summary that was rendered.

    Raises:
        BoltError: if the text is not a report, or one of another version.
    """
    try:
        document = json.loads(text)
    except ValueError as error:
        raise BoltError("this is not a bolt report", seen={"error": error}) from error
    return summary_of(document)


def summary_of(document: object) -> Summary:
    """Return the summary in the plain data of a report. Raises BoltError as `parse` does."""
    schema = document.get("schema") if isinstance(document, dict) else None
    if schema != SCHEMA:
        seen = {"schema": one_line(str(schema)), "readable": SCHEMA}
        raise BoltError("this report has another format", seen=seen, advice=_advice(schema))
    try:
        summary: Summary = decode(Summary, document)
    except (ValueError, KeyError) as error:
        raise BoltError("this bolt report is damaged", seen={"error": error}) from error
    return summary


def schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of the report."""
    text = files("pytest_bolt.reports").joinpath("schema/bolt-report-1.json").read_text(encoding="utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


def _advice(schema: object) -> str:
    if isinstance(schema, str) and schema.startswith("bolt-report/"):
        return "read it with the version of pytest-bolt that wrote it, or a newer one"
    return "write one with `pytest --bolt-compare=REF --bolt-json=PATH`"
