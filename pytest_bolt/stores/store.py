"""A store of runs: opened by path or URL, written case by case, read by run, commit or case."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Self

from sqlalchemy import URL, Connection, Engine, delete, text, update

from pytest_bolt.core.best import Result
from pytest_bolt.core.comparison import Comparison, NullControl
from pytest_bolt.core.environment import Fingerprint
from pytest_bolt.core.history import HistoryPoint
from pytest_bolt.core.measurement import Measurement, Side
from pytest_bolt.core.record import Evidence, Record, Run, RunState, Summary
from pytest_bolt.core.stored import BaselineCommit, BaselineRecord
from pytest_bolt.core.verdict import Verdict
from pytest_bolt.errors import BoltError
from pytest_bolt.stores import baselines, history, reads, retention, writes
from pytest_bolt.stores.engine import make_engine, parse_store, writing
from pytest_bolt.stores.failures import explained
from pytest_bolt.stores.references import References
from pytest_bolt.stores.rows import control_row, evidence_row
from pytest_bolt.stores.schema import SCHEMA_VERSION, VERSION_TABLE, runs
from pytest_bolt.stores.upgrade import ensure_schema, refuse_newer, stored_version

STORE_PLACE = Path(".bolt", "store.sqlite")  # in the main worktree, where no other is named
_LEAST_FREE = 16 * 2**20  # bytes


def open_store(url_or_path: str, *, read_only: bool = False) -> Store:
    """Open a store, created or brought to this program's schema where that is needed.

    Arguments:
        url_or_path: a file path, `sqlite:///PATH` or `postgresql+psycopg://USER@HOST/DATABASE`.
        read_only: never write; a store that does not exist is an error then.

    Raises BoltError where it cannot be opened, or was written by a newer program.
    """
    url = parse_store(url_or_path)
    where = _shown(url)
    with explained(where):
        if read_only:
            _check_readable(url, where)
        else:
            _make_folder(url)
            return Store(_prepared(make_engine(url), where), where)
    return Store(make_engine(url, read_only=True), where)


class Store:
    """An open store. All methods raise BoltError where the database fails."""

    def __init__(self, engine: Engine, where: str) -> None:
        self.where = where
        self._engine = engine
        self._references = References()
        self._run_numbers: dict[str, writes.RunNumber] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections; the store must not be used any more."""
        self._engine.dispose()

    def probe(self) -> None:
        """Write and commit something that changes nothing; raise BoltError where that is impossible."""
        with self._writing() as connection:
            connection.execute(text(f"UPDATE {VERSION_TABLE} SET version_num = version_num"))  # noqa: S608 - a constant
        if self._engine.dialect.name == "sqlite":
            _check_room(Path(str(self._engine.url.database)), self.where)

    def begin(self, run: Run, *, collected: int | None = None) -> None:
        """Store a run before its first case, owned by this process until `finish`."""
        with self._writing() as connection:
            number = writes.insert_run(connection, self._references, run)
            if collected is not None:
                connection.execute(update(runs).filter_by(id=number.number).values(collected=collected))
        self._run_numbers[run.run_id] = number

    def add(self, run_id: str, comparison: Comparison | None, records: Sequence[Record] = ()) -> None:
        """Store one case of a run in one transaction: all of it, or nothing.

        What is already stored of the same case in this run is replaced. Raises KeyError for an unknown run.
        """
        self.add_all(run_id, () if comparison is None else (comparison,), records)

    def add_all(
        self, run_id: str, comparisons: Iterable[Comparison] = (), records: Iterable[Record] = ()
    ) -> None:
        """Store many cases of a run in one transaction: all of them, or nothing; otherwise as `add`.

        No two of the comparisons may be of the same case, nor two records of the same case and side.
        """
        with self._writing() as connection:
            run = self._run_numbers.get(run_id) or writes.find_run(connection, run_id)
            writes.insert_comparisons(connection, self._references, run, comparisons)
            writes.insert_records(connection, self._references, run, records)
        self._run_numbers[run_id] = run

    def forget_rounds(self, keep: int) -> None:
        """Delete single rounds beyond those of the last `keep` records; results stay, runs are not split."""
        with self._writing() as connection:
            retention.forget_rounds(connection, keep)

    def finish(
        self,
        run_id: str,
        *,
        state: RunState,
        ended: datetime,
        notes: Sequence[str] = (),
        collected: int | None = None,
        control: NullControl | None = None,
        measured: datetime | None = None,
    ) -> None:
        """Store how a run ended.

        Arguments:
            collected: the number of benchmarks that it meant to judge.
            measured: when its first measurement began.
        """
        values: dict[str, object] = {
            "state": str(state),
            "ended": ended,
            "notes": tuple(notes) or None,
            "control": control_row(control),
        }
        if collected is not None:
            values["collected"] = collected
        if measured is not None:
            values["measured"] = measured
        with self._writing() as connection:
            connection.execute(update(runs).filter_by(run_id=run_id).values(**values))

    def amend(self, run_id: str, evidence: Evidence) -> None:
        """Store what proves a run, in the place of what was stored of that before."""
        with self._writing() as connection:
            connection.execute(update(runs).filter_by(run_id=run_id).values(evidence=evidence_row(evidence)))

    def discard(self, run_id: str) -> None:
        """Take back a run that was begun and then refused, with all that is stored of it."""
        with self._writing() as connection:
            connection.execute(delete(runs).filter_by(run_id=run_id))
        self._run_numbers.pop(run_id, None)

    def keep(self, run_id: str, content: bytes) -> str:
        """Store a file that belongs to a run; return the SHA-256 of its content. Raises KeyError."""
        with self._writing() as connection:
            return writes.insert_artifact(connection, run_id, content)

    def artifact(self, sha256: str) -> bytes | None:
        """Return the content that was kept under this digest, None where none was."""
        with self._reading() as connection:
            return reads.artifact(connection, sha256)

    def runs(self, limit: int | None = None) -> tuple[Run, ...]:
        """Return runs, newest first; one whose process was killed is INTERRUPTED."""
        with self._reading() as connection:
            return reads.newest_runs(connection, limit)

    def run(self, id_prefix: str) -> Run:
        """Return the run whose id begins so; raise BoltError where that is none or several."""
        with self._reading() as connection:
            return reads.run_by_prefix(connection, id_prefix)

    def summary(self, id_prefix: str) -> Summary:
        """Return a run with its comparisons, in the order in which they were stored."""
        with self._reading() as connection:
            run = reads.run_by_prefix(connection, id_prefix)
            found = reads.comparisons_of(connection, run.run_id)
            collected = reads.collected_in(connection, run.run_id)
        return Summary(run=run, comparisons=found, collected=len(found) if collected is None else collected)

    def against_baselines(self) -> tuple[Result, ...]:
        """Return every stored comparison with another implementation, oldest first."""
        with self._reading() as connection:
            return reads.against_baselines(connection)

    def verdicts(self, run_ids: Sequence[str]) -> Mapping[str, Mapping[Verdict, int]]:
        """Return run id -> verdict -> number of benchmarks, for runs that have any."""
        with self._reading() as connection:
            return reads.verdicts_of(connection, run_ids)

    def commits(self, prefix: str) -> tuple[str, ...]:
        """Return at most ten stored commits that begin so."""
        with self._reading() as connection:
            return reads.commits_like(connection, prefix)

    def records(self, run_id: str, case_key: str | None = None) -> tuple[Record, ...]:
        """Return the records of a run with all their rounds, of every case or of one."""
        with self._reading() as connection:
            return reads.records_of(connection, run_id, case_key)

    def measurements(self, run_id: str, case_key: str) -> dict[Side, Measurement]:
        """Return the stored rounds of one case in one run by side."""
        found = self.records(run_id, case_key)
        return {record.measurement.side: record.measurement for record in found}

    def baseline(
        self, commit: str, fingerprint: Fingerprint, case_keys: Iterable[str] | None = None
    ) -> Mapping[str, tuple[BaselineRecord, ...]]:
        """Return case key -> stored values of clean trees at a commit, one a run, newest first.

        Only keys that have values occur; without `case_keys` all of them do.
        """
        with self._reading() as connection:
            return baselines.values_at(connection, commit, fingerprint, case_keys)

    def baseline_commits(self, commits: Sequence[str], fingerprint: Fingerprint) -> BaselineCommit | None:
        """Return the first of `commits` (first parents, newest first) with values of a clean tree."""
        with self._reading() as connection:
            return baselines.first_stored(connection, commits, fingerprint)

    def series(
        self, case_key: str, fingerprint: Fingerprint, limit: int | None = None
    ) -> tuple[BaselineRecord, ...]:
        """Return the values of one case on clean trees over all commits, newest first."""
        with self._reading() as connection:
            return baselines.values_over_commits(connection, case_key, fingerprint, limit)

    def history(self, case_key: str, fingerprint: Fingerprint, limit: int) -> tuple[HistoryPoint, ...]:
        """Return both sides of a case in the newest `limit` runs of one environment, oldest first."""
        with self._reading() as connection:
            return history.history_of(connection, case_key, fingerprint, limit)

    def values(self, run_id: str) -> Mapping[str, tuple[BaselineRecord, ...]]:
        """Return case key -> values of one run, base before head, also of a dirty tree."""
        with self._reading() as connection:
            return baselines.values_of_run(connection, run_id)

    def fingerprints(self, commit: str) -> tuple[Fingerprint, ...]:
        """Return the fingerprints with values of a clean tree at a commit, newest first."""
        with self._reading() as connection:
            return baselines.fingerprints_at(connection, commit)

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with explained(self.where), self._engine.connect() as connection:
            yield connection

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        try:
            with explained(self.where), writing(self._engine) as connection:
                yield connection
        except BaseException:
            self._references.forget()
            raise


def _prepared(engine: Engine, where: str) -> Engine:
    try:
        ensure_schema(engine, where)
    except BaseException:
        engine.dispose()
        raise
    return engine


def _shown(url: URL) -> str:
    if url.get_backend_name() == "sqlite":
        return str(url.database)
    return url.render_as_string(hide_password=True)


def _make_folder(url: URL) -> None:
    """Create the folder of an SQLite file; `.bolt` keeps itself out of git, as `.pytest_cache` does."""
    if url.get_backend_name() != "sqlite":
        return
    folder = Path(str(url.database)).parent
    if folder.is_dir():
        return
    folder.mkdir(parents=True, exist_ok=True)
    if folder.name == ".bolt":
        (folder / ".gitignore").write_text("*\n")


def _check_readable(url: URL, where: str) -> None:
    """Raise BoltError where there is no store; migrate an older one, for which it must be writable."""
    if url.get_backend_name() == "sqlite" and not Path(str(url.database)).exists():
        raise _no_store(where)
    engine = make_engine(url, read_only=True)
    try:
        with engine.connect() as connection:
            version = stored_version(connection)
    finally:
        engine.dispose()
    refuse_newer(version, where)
    if version == 0:
        raise _no_store(where)
    if version < SCHEMA_VERSION:
        open_store(url.render_as_string(hide_password=False)).close()


def _no_store(where: str) -> BoltError:
    return BoltError(
        "There is no store yet",
        seen={"store": where},
        advice="`pytest --bolt` makes one, --store=PATH or BOLT_STORE names another",
    )


def _check_room(path: Path, where: str) -> None:
    free = shutil.disk_usage(path.parent).free
    if free < _LEAST_FREE:
        raise BoltError(
            "There is hardly any room left for the store",
            seen={"store": where, "free": f"{free / 2**20:.1f} MiB"},
            advice="free some disk space, or name another place with --bolt-store=PATH",
        )
