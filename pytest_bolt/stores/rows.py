"""Core types as rows of the tables, and back."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from sqlalchemy import RowMapping

from pytest_bolt.core.case import Case, CaseId, Workload
from pytest_bolt.core.comparison import Comparison, Interval, Metric, NullControl
from pytest_bolt.core.environment import Environment
from pytest_bolt.core.measurement import Clock
from pytest_bolt.core.place import LINE_NOTE
from pytest_bolt.core.record import Artifact, Evidence, Revision, Run, RunState
from pytest_bolt.core.statements import Role, Statement
from pytest_bolt.core.units import IterationTime
from pytest_bolt.core.verdict import MetricVerdict, Verdict
from pytest_bolt.stores.plain import to_text

Row = RowMapping | Mapping[str, Any]

_CASE_FIELDS = ("operation", "implementation", "device", "group")
_WORK_FIELDS = ("shapes", "dtype", "seed", "bytes", "flops")
_REVISION_FIELDS = ("diff_hash", "name", "branch", "subject")
_COMPARISON_FIELDS = (
    "margin",
    "detectable",
    "mode",
    "method",
    "pairs",
    "quads",
    "seed",
    "failed",
    "noise_only",
    "reason",
    "detail",
)
_STATEMENT_FIELDS = ("text", "source", "role", "expect", "node_id", "experiment", "published", "style")
_ARTIFACT_FIELDS = ("kind", "path", "sha256", "size", "stored")
_MILLION = 1_000_000
_METRIC_FIELDS = ("name", "unit", "better", "base", "head")
_JUDGED_FIELDS = ("margin", "gated", "failed")


def digest_of(*parts: object) -> str:
    """Return 32 hexadecimal digits that are equal exactly for equal parts."""
    return hashlib.sha256(to_text(list(parts)).encode()).hexdigest()[:32]


def case_detail(case: Case) -> dict[str, Any]:
    """Return all of a case as plain data."""
    return {
        "id": [case.case_id.node_id, case.case_id.source_hash],
        **{name: getattr(case, name) for name in _CASE_FIELDS},
        "work": {name: getattr(case.workload, name) for name in _WORK_FIELDS},
        "extra": dict(case.extra_info),
    }


def case_of(detail: Row) -> Case:
    """Return the case that `case_detail` was given."""
    node_id, source_hash = detail["id"]
    return Case(
        case_id=CaseId(node_id=node_id, source_hash=source_hash),
        workload=Workload(**detail["work"]),
        extra_info=detail["extra"],
        **{name: detail[name] for name in _CASE_FIELDS},
    )


def case_of_row(row: Row) -> Case:
    """Return the case of a record or comparison joined with `cases`."""
    return case_of(row["variant"] or row["case_detail"])


def revision_row(revision: Revision) -> dict[str, Any]:
    """Return the row of a revision, with the digest that identifies it."""
    row = {name: getattr(revision, name) for name in _REVISION_FIELDS}
    row |= {"commit_hash": revision.commit, "trailers": dict(revision.trailers) or None}
    return {**row, "dirty": revision.dirty, "digest": digest_of(sorted(row.items()))}


def revision_of(row: Row, prefix: str = "") -> Revision:
    """Return the revision in the columns that begin with `prefix`."""
    texts = {name: row[prefix + name] for name in _REVISION_FIELDS}
    trailers = row[prefix + "trailers"] or {}
    return Revision(commit=row[prefix + "commit_hash"], trailers=trailers, **texts)


def run_row(run: Run) -> dict[str, Any]:
    """Return the row of a run, without the numbers of its revisions and environment."""
    return {
        "run_id": run.run_id,
        "started": run.started,
        "ended": run.ended,
        "state": str(run.state),
        "mode": run.mode,
        "command": run.command,
        "hypothesis": run.hypothesis,
        "expect": run.expect or None,
        "settings": dict(run.settings) or None,
        "notes": run.notes or None,
        "control": control_row(run.control),
        "statements": [_fields_of(each, _STATEMENT_FIELDS) for each in run.statements] or None,
        "measured": run.measured,
        "evidence": evidence_row(run.evidence),
    }


def run_of(row: Row, *, state: RunState) -> Run:
    """Return the run of a row joined with its environment and both revisions."""
    return Run(
        run_id=row["run_id"],
        started=row["started"],
        ended=row["ended"],
        state=state,
        mode=row["mode"],
        command=tuple(row["command"]),
        head=revision_of(row, "head_"),
        base=revision_of(row, "base_") if row["base_id"] is not None else None,
        environment=Environment(facts=row["facts"]),
        hypothesis=row["hypothesis"],
        expect=tuple(row["expect"] or ()),
        settings=row["settings"] or {},
        notes=tuple(row["notes"] or ()),
        control=_control_of(row["control"]) if row["control"] else None,
        statements=tuple(map(_statement_of, row["statements"] or ())),
        measured=row["measured"],
        evidence=_evidence_of(row["evidence"]),
    )


def evidence_row(evidence: Evidence) -> dict[str, Any] | None:
    """Return what a run's row holds of its evidence, None for none."""
    if evidence == Evidence():
        return None
    kept = [_fields_of(each, _ARTIFACT_FIELDS) for each in evidence.artifacts]
    told = {"files": list(evidence.files), "same_code": evidence.same_code, "tag": evidence.tag}
    return {**told, "artifacts": kept}


def _evidence_of(row: Mapping[str, Any] | None) -> Evidence:
    if row is None:
        return Evidence()
    kept = tuple(Artifact(**each) for each in row["artifacts"])
    return Evidence(files=tuple(row["files"]), same_code=row["same_code"], tag=row["tag"], artifacts=kept)


def _statement_of(row: Mapping[str, Any]) -> Statement:
    return Statement(**{**row, "role": Role(row["role"]), "expect": tuple(row["expect"])})


def _fields_of(value: object, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: getattr(value, name) for name in names}


def control_row(control: NullControl | None) -> dict[str, Any] | None:
    """Return what a run's row holds of its null control."""
    if control is None:
        return None
    ratio = control.ratio
    return {
        "ratio": [ratio.estimate, ratio.low, ratio.high],
        "values": control.values,
        "benchmarks": control.benchmarks,
        "floor": control.floor,
        "certain": control.certain,
    }


def _control_of(row: Mapping[str, Any]) -> NullControl:
    estimate, low, high = row["ratio"]
    ratio = Interval(estimate=estimate, low=low, high=high)
    rest = {name: row[name] for name in ("values", "benchmarks", "floor", "certain")}
    return NullControl(ratio=ratio, **rest)


def comparison_row(comparison: Comparison) -> dict[str, Any]:
    """Return the row of a comparison, without the numbers of its run and case.

    Where a test begins is of the tree that was run, and told in reports only.
    """
    ratio, base, head = comparison.ratio, comparison.base_time, comparison.head_time
    return {
        **{name: getattr(comparison, name) for name in _COMPARISON_FIELDS},
        "verdict": str(comparison.verdict),
        "clock": str(comparison.clock),
        "ratio": ratio and ratio.estimate,
        "ratio_low": ratio and ratio.low,
        "ratio_high": ratio and ratio.high,
        "base_ns": base and base.ns,
        "head_ns": head and head.ns,
        "warnings": comparison.warnings or None,
        "metrics": [_metric_row(metric) for metric in comparison.metrics] or None,
        "notes": {name: text for name, text in comparison.notes.items() if name != LINE_NOTE} or None,
        "pair_values": _pair_values(comparison) or None,
    }


def comparison_of(row: Row) -> Comparison:
    """Return the comparison of a row joined with its case."""
    ratio = None
    if row["ratio"] is not None:
        ratio = Interval(estimate=row["ratio"], low=row["ratio_low"], high=row["ratio_high"])
    pairs = row["pair_values"] or ()
    return Comparison(
        case=case_of_row(row),
        verdict=Verdict(row["verdict"]),
        clock=Clock(row["clock"]),
        ratio=ratio,
        base_time=_time(row["base_ns"]),
        head_time=_time(row["head_ns"]),
        warnings=tuple(row["warnings"] or ()),
        metrics=tuple(_metric_of(entry) for entry in row["metrics"] or ()),
        notes=row["notes"] or {},
        pair_ratios=tuple((_MILLION + change) / _MILLION for change in pairs[::2]),
        pair_errors=tuple(error / _MILLION for error in pairs[1::2]),
        **{name: row[name] for name in _COMPARISON_FIELDS},
    )


def _pair_values(comparison: Comparison) -> list[int]:
    """Return the change and the error of each pair in turn, in millionths: few digits take little room."""
    pairs = zip(comparison.pair_ratios, comparison.pair_errors, strict=True)
    return [round(value * _MILLION) for ratio, error in pairs for value in (ratio - 1, error)]


def _time(ns: float | None) -> IterationTime | None:
    return None if ns is None else IterationTime(ns)


def _metric_row(metric: Metric) -> list[Any]:
    """Return the fields in their order, without those at the end that say nothing."""
    ratio = metric.ratio
    row = [
        *(getattr(metric, name) for name in _METRIC_FIELDS),
        [ratio.estimate, ratio.low, ratio.high] if ratio else None,
        metric.verdict and str(metric.verdict),
        *(getattr(metric, name) for name in _JUDGED_FIELDS),
        metric.values,
        metric.samples,
    ]
    while len(row) > len(_METRIC_FIELDS) and (row[-1] is None or row[-1] is False or row[-1] == ()):
        row.pop()
    return row


def _metric_of(entry: Row | list[Any]) -> Metric:
    if not isinstance(entry, list):  # as metrics were written at first, with their fields' names
        entry = [*(entry[name] for name in _METRIC_FIELDS), entry["ratio"]]
    told = len(_METRIC_FIELDS)
    bounds, verdict, margin, gated, failed, values, samples = [*entry[told:], *[None] * 7][:7]
    ratio = None
    if bounds:
        estimate, low, high = bounds
        ratio = Interval(estimate=estimate, low=low, high=high)
    return Metric(
        **dict(zip(_METRIC_FIELDS, entry[:told], strict=True)),
        ratio=ratio,
        verdict=MetricVerdict(verdict) if verdict else None,
        margin=margin,
        gated=bool(gated),
        failed=bool(failed),
        values=tuple((base, head) for base, head in values or ()),
        samples=tuple(samples or ()),
    )
