"""`pytest-bolt export`: one side of a stored run as a file of another tool."""

from __future__ import annotations

import json
from pathlib import Path

from pytest_bolt.atomic_file import write_atomically
from pytest_bolt.commands.screen import Screen
from pytest_bolt.core.measurement import Side
from pytest_bolt.core.plain_text import one_line
from pytest_bolt.core.record import Summary
from pytest_bolt.core.verdict import Verdict
from pytest_bolt.errors import BoltError
from pytest_bolt.formats import asv, asv_files, bmf, pytest_benchmark
from pytest_bolt.formats.exchange import Exported
from pytest_bolt.formats.reading import Json, parse_json
from pytest_bolt.stores.store import Store

_WRITE = {pytest_benchmark.NAME: pytest_benchmark.write, bmf.NAME: bmf.write}


def export_run(
    store: Store, screen: Screen, *, run_id: str, tool: str, side: Side, output: Path | None
) -> tuple[str, ...]:
    """Write one side of a run in another tool's format; return remarks about what was left out.

    Raises BoltError where that side was not measured, or the output cannot be written.
    """
    if tool == asv.NAME and output is None:
        raise BoltError(
            "asv keeps results in a folder of several files",
            advice="name asv's results folder: --output=PATH",
        )
    exported, remarks = _chosen(store, run_id, side)
    if output is not None and tool == asv.NAME:
        _write_folder(output, asv_files.write(exported))
        return remarks
    document = _WRITE[tool](exported)
    remarks += _untimed(document, tool, exported)
    text = _text(document)
    if output is not None:
        write_atomically(output, text)
    else:
        screen.stream.write(text)
    return remarks


def _chosen(store: Store, run_id: str, side: Side) -> tuple[Exported, tuple[str, ...]]:
    summary = store.summary(run_id)
    place = {one.case.case_id.key: at for at, one in enumerate(summary.comparisons)}
    wrong = {one.case.case_id.key for one in summary.comparisons if one.verdict is Verdict.INCORRECT}
    measured = [
        record
        for record in store.records(summary.run.run_id)
        if record.measurement.side is side and record.case.case_id.key not in wrong
    ]
    if not measured:
        raise _nothing(summary, side, wrong)
    ordered = sorted(measured, key=lambda record: place.get(record.case.case_id.key, len(place)))
    remarks = (f"left out, since they are incorrect: {len(wrong)}",) if wrong else ()
    return Exported(run=summary.run, side=side, records=tuple(ordered)), remarks


def _nothing(summary: Summary, side: Side, wrong: set[str]) -> BoltError:
    seen = {"run": summary.run.run_id, "mode": summary.run.mode, "benchmarks": len(summary.comparisons)}
    if wrong:
        seen["incorrect"] = len(wrong)
    return BoltError(
        f"The run has no times of its {side}",
        seen=seen,
        advice="`pytest-bolt show RUN` shows what it has; --side=base or --side=head chooses",
    )


def _untimed(document: dict[str, Json], tool: str, exported: Exported) -> tuple[str, ...]:
    """Return a remark about benchmarks without any time; raise BoltError where that is all of them."""
    written = len(document["benchmarks"] if tool == pytest_benchmark.NAME else document)
    missing = len(exported.records) - written
    if not written:
        raise BoltError(
            "No benchmark of the run has a time that the format could hold",
            seen={"run": exported.run.run_id, "benchmarks": missing},
        )
    return (f"left out, since they have no time: {missing}",) if missing else ()


def _text(document: Json, indent: int | None = 4) -> str:
    return json.dumps(document, indent=indent) + "\n"


def _write_folder(folder: Path, documents: dict[str, Json]) -> None:
    """Write the files; what asv has there of other runs stays, and nothing of it is replaced."""
    texts = {}
    for name, document in documents.items():
        path = folder / name
        known = _existing(path)
        if name == asv_files.BENCHMARKS:
            texts[path] = _text({**document, **_checked_version(known, path)})
        elif not known:
            texts[path] = _text(document, None)  # as asv does: one number a line would fill the disk
        elif known != document and path.name != "machine.json":
            raise BoltError(
                "There is another result of this commit and environment",
                seen={"path": one_line(str(path))},
                advice="name another folder with --output=PATH, or remove that file",
            )
    for path, text in texts.items():
        write_atomically(path, text)


def _checked_version(benchmarks: dict[str, Json], path: Path) -> dict[str, Json]:
    if benchmarks and benchmarks.get("version") != asv.VERSION:
        raise BoltError(
            "The results folder is of another version of asv's format",
            seen={"path": one_line(str(path)), "known here": asv.VERSION},
            advice="run `asv update` in its project, or name another folder with --output=PATH",
        )
    return benchmarks


def _existing(path: Path) -> dict[str, Json]:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise BoltError("Cannot read a file of asv", seen={"path": path, "error": error}) from error
    try:
        return parse_json(text)
    except BoltError as error:
        raise BoltError(error.what, seen={"path": path, **error.seen}, advice=error.advice) from None
