"""`pytest-bolt import`: files of other tools as stored runs."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pytest_bolt.commands.screen import Screen
from pytest_bolt.core.plain_text import one_line
from pytest_bolt.core.record import RunState
from pytest_bolt.errors import BoltError
from pytest_bolt.formats import asv, bmf, pytest_benchmark
from pytest_bolt.formats.detection import detect
from pytest_bolt.formats.exchange import Imported, Source
from pytest_bolt.formats.reading import Json, parse_json
from pytest_bolt.stores.store import Store

MOST_BYTES = 256 * 2**20
_RUN_DIGITS = 12
_ABOUT_OTHERS = {"benchmarks.json", "machine.json"}
_READ = {pytest_benchmark.NAME: pytest_benchmark.read, bmf.NAME: bmf.read}


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one file."""

    path: str
    run: str
    format: str
    benchmarks: int
    new: bool


def import_files(
    store: Store, screen: Screen, *, path: Path, tool: str | None, now: datetime, as_json: bool
) -> None:
    """Store the run of a file, or of each result file in a folder, and write what was stored.

    A file that is stored already is left alone. Raises BoltError, naming the file, for the first that cannot
    be read; what was stored before stays.
    """
    outcomes: list[Outcome] = []
    for file in _files(path):
        try:
            outcomes.append(_import(store, file, tool, now))
        except BoltError as error:
            stored = {"stored before it": len(outcomes)} if outcomes else {}
            seen = {"file": one_line(str(file)), **error.seen, **stored}
            raise BoltError(error.what, seen=seen, advice=error.advice) from error
    if as_json:
        screen.json({"schema": 1, "store": store.where, "imported": outcomes})
        return
    for one in outcomes:
        state = "" if one.new else ", stored before"
        count = f"{one.benchmarks} benchmark{'s' * (one.benchmarks != 1)}"
        screen.line(one_line(f"run {one.run}: {count} from {one.path} ({one.format}{state})"))


def _files(path: Path) -> Iterator[Path]:
    if not path.is_dir():
        yield path
        return
    found = [file for file in sorted(path.rglob("*.json")) if file.name not in _ABOUT_OTHERS]
    if not found:
        raise BoltError("The folder holds no result file", seen={"folder": one_line(str(path))})
    yield from found


def _import(store: Store, path: Path, tool: str | None, now: datetime) -> Outcome:
    content = _content(path)
    document = parse_json(_decoded(content))
    name = tool or detect(document)
    digest = hashlib.sha256(name.encode() + b"\0" + content).hexdigest()[:_RUN_DIGITS]
    source = Source(run_id=digest, command=("pytest-bolt", "import", str(path)), now=now)
    imported = _converted(name, document, path, source)
    if not imported.entries:
        raise BoltError("The file holds no benchmark", seen={"format": name})
    return Outcome(
        path=str(path),
        run=digest,
        format=name,
        benchmarks=len(imported.entries),
        new=_store(store, imported),
    )


def _converted(name: str, document: dict[str, Json], path: Path, source: Source) -> Imported:
    if name != asv.NAME:
        return _READ[name](document, source)
    return asv.read(
        document,
        source,
        benchmarks=_beside(path.absolute().parent.parent / "benchmarks.json"),
        machine=_beside(path.absolute().parent / "machine.json"),
    )


def _store(store: Store, imported: Imported) -> bool:
    """Store a run and return whether it is new; one that was interrupted halfway is completed."""
    run = imported.run
    known = _state(store, run.run_id)
    if known is RunState.FINISHED:
        return False
    if known is None:
        store.begin(run, collected=len(imported.entries))
    for comparison, record in imported.entries:
        store.add(run.run_id, comparison, (record,))
    store.finish(run.run_id, state=run.state, ended=run.ended or run.started, notes=run.notes)
    return True


def _state(store: Store, run_id: str) -> RunState | None:
    try:
        return store.run(run_id).state
    except BoltError:  # there is none; what else can be wrong with the store, writing to it tells
        return None


def _beside(path: Path) -> dict[str, Json] | None:
    """Return a document of asv that tells more about a result file, None where there is none."""
    if not path.is_file():
        return None
    try:
        return parse_json(_decoded(_content(path)))
    except BoltError as error:
        raise BoltError(
            error.what, seen={"because of": one_line(str(path)), **error.seen}, advice=error.advice
        ) from None


def _content(path: Path) -> bytes:
    try:
        if not path.is_file():
            raise BoltError("There is no such file" if not path.exists() else "This is no regular file")
        size = path.stat().st_size
        if size > MOST_BYTES:
            seen = {"size": f"{size / 2**20:.0f} MiB", "most": f"{MOST_BYTES / 2**20:.0f} MiB"}
            raise BoltError("The file is too large", seen=seen)
        return path.read_bytes()
    except (OSError, ValueError) as error:
        raise BoltError("The file cannot be read", seen={"error": error}) from error


def _decoded(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BoltError("The file is not text in UTF-8", seen={"error": error.reason}) from None
