"""Kill writers of a store at random moments; after each kill check that nothing finished is lost or torn.

    python -m benchmarks.store_kills                     200 kills on SQLite: 180 writers, 20 whole commands
    python -m benchmarks.store_kills --store=URL         the same on an empty PostgreSQL database
    python -m benchmarks.store_kills --kills=20 --commands=2

One to three processes write runs at once, as sessions do: begin, one transaction a case, finish. SIGKILL ends
them at a moment drawn between their first statement (of a new store, too) and some runs later. Then the store
has to open, to take a write, and to hold every run that was reported as finished: its comparisons, records
and rounds equal, by a digest, to what was written. Of an unfinished run every stored case has to be whole,
and the run has to be known as interrupted. Commands are killed in the same way, see `command_kills`. Returns
1 where a check fails.
"""

from __future__ import annotations

import argparse
import hashlib
import itertools
import os
import random
import signal
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from benchmarks.command_kills import LeftBehindError, kill_commands
from benchmarks.made_up_runs import Measured, make_cases, make_run
from benchmarks.watched_process import exit_when_terminated
from pytest_bolt.core.comparison import Comparison
from pytest_bolt.core.record import Record, RunState
from pytest_bolt.stores.engine import parse_store
from pytest_bolt.stores.store import Store, open_store

CASES = 12
KEPT = 5000  # records with rounds: old runs lose theirs while others write
_RUNS = 4  # a writer is killed before it could have stored so many


class TornError(Exception):
    """The store does not hold what it was given."""


@dataclass(slots=True, kw_only=True)
class Written:
    """What writers have said: runs that were begun, and the digest of those that were finished."""

    begun: list[str] = field(default_factory=list)
    finished: dict[str, str] = field(default_factory=dict)

    def hear(self, said: str) -> None:
        """Take in the lines of a writer; the last one may be cut off."""
        for line in said.splitlines(keepends=True):
            match line.split():
                case ["begun", run_id] if line.endswith("\n"):
                    self.begun.append(run_id)
                case ["finished", run_id, digest] if line.endswith("\n"):
                    self.finished[run_id] = digest


def main(words: Sequence[str] | None = None) -> int:
    """Kill, check, and print how often that went well."""
    asked = _arguments(words)
    exit_when_terminated()
    dice = random.Random(asked.seed)  # noqa: S311 - moments, not secrets
    with tempfile.TemporaryDirectory(prefix="kills-") as folder:
        url = asked.store or str(Path(folder, "store.sqlite"))
        try:
            said = [kill_writers(url, asked.kills - asked.commands, dice)]
            if asked.commands:
                said.append(kill_commands(asked.commands, asked.store, Path(folder), dice))
        except (TornError, LeftBehindError) as error:
            print(f"FAILED: {error}")
            return 1
    print(*said, sep="\n")
    return 0


def kill_writers(url: str, kills: int, dice: random.Random) -> str:
    """Kill that many writers of a store, checking it after each. Raises TornError."""
    begin = time.perf_counter()
    written, longest_s = _first_writer(url)
    killed, rounds = 1, 1
    states: dict[RunState, int] = {}
    while killed < kills:
        count = min(dice.randint(1, 3), kills - killed)
        moments = [dice.uniform(0, longest_s) for _ in range(count)]
        heard = _write_and_kill(url, moments, rounds)
        with open_store(url) as store:
            store.probe()
            for state in check(store, heard):
                states[state] = states.get(state, 0) + 1
        if parse_store(url).get_backend_name() == "sqlite":
            check_file(url)
        written.begun += heard.begun
        written.finished |= heard.finished
        killed, rounds = killed + count, rounds + 1
    with open_store(url) as store:
        _check_results(store, written)
    told = ", ".join(f"{number} {state}" for state, number in sorted(states.items()))
    return (
        f"{killed} writers killed in {rounds} rounds, {time.perf_counter() - begin:.0f} s; "
        f"runs afterwards: {told}; all whole"
    )


def check(store: Store, heard: Written) -> Iterator[RunState]:
    """Check the runs of the last round; give their states. Raises TornError."""
    known = {run.run_id: run.state for run in store.runs()}
    for run_id in heard.begun:
        if run_id not in known:
            raise TornError(f"{run_id} was begun and is not there")
        summary, records = store.summary(run_id), store.records(run_id)
        found = digest(summary.comparisons, records)
        if run_id in heard.finished and (known[run_id], found) != (RunState.FINISHED, heard.finished[run_id]):
            raise TornError(f"{run_id} was finished and is {known[run_id]}, or its content is another")
        if known[run_id] is RunState.RUNNING:
            raise TornError(f"{run_id} counts as running, its process is dead")
        if known[run_id] is RunState.FINISHED and len(summary.comparisons) != CASES:
            raise TornError(f"{run_id} is finished and has {len(summary.comparisons)} cases")
        _check_cases(run_id, summary.comparisons, records)
        yield known[run_id]


def check_file(url: str) -> None:
    """Let SQLite check its file. Raises TornError."""
    with closing(sqlite3.connect(str(parse_store(url).database))) as connection:
        try:
            said = [
                *(row[0] for row in connection.execute("PRAGMA integrity_check") if row[0] != "ok"),
                *map(str, connection.execute("PRAGMA foreign_key_check")),
            ]
        except sqlite3.DatabaseError as error:
            raise TornError(str(error)) from error
    if said:
        raise TornError("; ".join(said))


def digest(comparisons: Iterable[Comparison], records: Iterable[Record]) -> str:
    """Return what is equal exactly where all values and rounds are."""
    found = hashlib.sha256()
    for line in sorted(map(repr, comparisons)):
        found.update(line.encode())
    for record in sorted(records, key=_place):
        parts = (record.case, record.revision, record.time, record.clock, dict(record.metrics))
        found.update(repr((*parts, record.measurement.side, record.measurement.warnings)).encode())
        found.update(record.measurement.rounds.tobytes())
    return found.hexdigest()


def _place(record: Record) -> tuple[str, str]:
    return record.case.case_id.key, str(record.measurement.side)


def _check_cases(run_id: str, comparisons: Sequence[Comparison], records: Sequence[Record]) -> None:
    expected = sorted((c.case.case_id.key, side) for c in comparisons for side in ("base", "head"))
    if expected != sorted(map(_place, records)):
        raise TornError(f"{run_id} has comparisons without records, or the reverse")
    if not all(len(record.measurement.rounds) for record in records):
        raise TornError(f"{run_id} has records without rounds")


def _check_results(store: Store, written: Written) -> None:
    """Check once more, at the end, that no run has vanished; the oldest have no rounds any more."""
    known = {run.run_id: run.state for run in store.runs()}
    for run_id in written.begun:
        if run_id in written.finished and known.get(run_id) is not RunState.FINISHED:
            raise TornError(f"{run_id} was finished and is {known.get(run_id)}")
        if run_id in written.finished and len(store.records(run_id)) != 2 * CASES:
            raise TornError(f"{run_id} has lost records")


def _first_writer(url: str) -> tuple[Written, float]:
    """Kill a writer once it has stored some runs; return what it has said, and what it took in seconds."""
    begin, said = time.monotonic(), b""
    pid, pipe = _start_writer(url, f"{0:06x}")
    while said.count(b"finished") < _RUNS and (more := os.read(pipe, 1000)):
        said += more
    lasted = time.monotonic() - begin
    os.kill(pid, signal.SIGKILL)
    return _heard(pid, pipe, said), lasted


def _write_and_kill(url: str, after_s: Sequence[float], turn: int) -> Written:
    """Start writers, kill each after so many seconds, and return what they have said."""
    started = [_start_writer(url, f"{turn:04x}{number:02x}") for number in range(len(after_s))]
    begin = time.monotonic()
    for delay, (pid, _) in sorted(zip(after_s, started, strict=True)):
        time.sleep(max(0.0, begin + delay - time.monotonic()))
        os.kill(pid, signal.SIGKILL)
    heard = Written()
    for pid, pipe in started:
        one = _heard(pid, pipe, b"")
        heard.begun += one.begun
        heard.finished |= one.finished
    return heard


def _heard(pid: int, pipe: int, said: bytes) -> Written:
    """Return what a killed writer has said, `said` and what is left of it. Raises TornError."""
    heard = Written()
    with os.fdopen(pipe, "rb") as rest:
        heard.hear((said + rest.read()).decode())
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if code != -signal.SIGKILL:
        raise TornError(f"a writer ended by itself: {code}")
    return heard


def _start_writer(url: str, prefix: str) -> tuple[int, int]:
    """Fork a writer; return its process id and the pipe on which it says what it has done."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid:
        os.close(writing)
        return pid, reading
    try:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        _write_for_ever(url, prefix, writing)
    finally:
        os._exit(1)


def _write_for_ever(url: str, prefix: str, out: int) -> None:
    measured, cases = Measured(np.random.default_rng(int(prefix, 16)), 20), make_cases(CASES)
    with open_store(url) as store:
        for number in itertools.count():
            run = make_run(f"{prefix}{number:06x}", number)
            results = list(measured.results(run, cases))
            mark = digest([c for c, _ in results], [record for _, records in results for record in records])
            store.begin(run, collected=CASES)
            os.write(out, f"begun {run.run_id}\n".encode())
            for comparison, records in results:
                store.add(run.run_id, comparison, records)
            store.finish(run.run_id, state=RunState.FINISHED, ended=run.started)
            os.write(out, f"finished {run.run_id} {mark}\n".encode())
            store.forget_rounds(KEPT)


def _arguments(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.store_kills",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--kills", type=int, default=200, metavar="N", help="processes to kill (default: 200)"
    )
    parser.add_argument(
        "--commands", type=int, default=20, metavar="N", help="how many are whole commands (default: 20)"
    )
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="of the moments (default: 1)")
    parser.add_argument("--store", metavar="URL", help="an empty store (default: a temporary SQLite file)")
    return parser.parse_args(words)


if __name__ == "__main__":
    sys.exit(main())
