"""How a store grows: its size, and how long its queries take, as commits are added.

    python -m benchmarks.store_scale --short            1,000 commits x 20 cases, about a minute
    python -m benchmarks.store_scale                    1,000 commits x 1,000 cases, some minutes
    python -m benchmarks.store_scale --store=URL        the same in an empty PostgreSQL database

Commits are stored as sessions do, or all cases of one at once; most are copies of those rows at new commits.
Each commit is compared with the one before it, as a scheduled job on the main branch leaves it: per case a
comparison and a record a side, of 3 to 8 process pairs x 5 quads x 2 rounds x 2 parts. Prints a line each
time a tenth of the commits is stored, at the end what fresh processes take to start. Times are medians in
milliseconds, in brackets those of as many calls more by the processor's clock, which other work on the
machine disturbs less. MB are 10^6 bytes on disk, of SQLite with its write-ahead log, of PostgreSQL with all
indexes.
"""

from __future__ import annotations

import argparse
import math
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sqlalchemy import create_engine, text

from benchmarks.made_up_runs import ENVIRONMENT, Measured, commit_of, make_cases, make_run
from benchmarks.store_copies import store_copy
from pytest_bolt.core.comparison import Comparison
from pytest_bolt.core.record import Record, Run, RunState
from pytest_bolt.stores.engine import parse_store
from pytest_bolt.stores.retention import KEPT_RECORDS
from pytest_bolt.stores.store import Store, open_store

_POSTGRES_SIZE = """
SELECT sum(pg_total_relation_size(c.oid)) FROM pg_class c
WHERE relkind = 'r' AND relname LIKE 'bolt%' AND pg_table_is_visible(c.oid)
"""
_YOUNG = 20  # runs back of which rounds are still kept
REPEATS = 7
STARTS = 11
ALONE = 50  # cases of a run that are stored one by one, as a session stores them
COLUMNS = (
    "commits",
    "cases",
    "MB",
    "add ms/case",
    "add all ms/case",
    "open ms",
    "baseline ms",
    "nearest ms",
    "series ms",
    "list ms",
)
Results = Sequence[tuple[Comparison, tuple[Record, Record]]]
# A fresh interpreter: what is imported before (pytest, git) is another's time.
START = """
import sys, time
import pytest, git
begin = time.perf_counter()
import pytest_bolt.session
if sys.argv[1].startswith("postgresql"):
    import psycopg, sqlalchemy.dialects.postgresql.psycopg
else:
    import sqlalchemy.dialects.sqlite
imported = time.perf_counter()
from benchmarks.made_up_runs import ENVIRONMENT, make_cases
from pytest_bolt.stores.store import open_store
url, commit, cases = sys.argv[1:]
keys = [case.case_id.key for case in make_cases(int(cases))]
ready, cpu = time.perf_counter(), time.process_time
started = cpu()
store = open_store(url)
store.probe()
opened = time.perf_counter()
found = store.baseline(commit, ENVIRONMENT.fingerprint, keys)
asked = time.perf_counter()
assert len(found) == len(keys)
print(imported - begin, opened - ready, asked - opened, cpu() - started)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The store that is filled."""

    url: str
    cases: int

    def megabytes(self) -> float:
        """Return what it takes on disk."""
        url = parse_store(self.url)
        if url.get_backend_name() == "sqlite":
            path = Path(str(url.database))
            return sum(file.stat().st_size for file in path.parent.glob(f"{path.name}*")) / 1e6
        engine = create_engine(url)
        with engine.connect() as connection:
            found = connection.execute(text(_POSTGRES_SIZE)).scalar_one()
        engine.dispose()
        return float(found) / 1e6


def main() -> None:
    """Fill a store and print what it costs."""
    arguments = _arguments()
    with tempfile.TemporaryDirectory() as folder:
        place = Place(url=arguments.store or str(Path(folder, "store.sqlite")), cases=arguments.cases)
        _line(*COLUMNS)
        with open_store(place.url) as store:
            filled = _filled(arguments) if arguments.only_queries else _fill(store, arguments)
            for commits, alone, together in filled:
                times = _queries(store, place, commits)
                size = f"{place.megabytes():.1f}"
                _line(commits, place.cases, size, f"{alone:.2f}", f"{together:.2f}", *times)
        _starts(place, commit_of(arguments.commits // 2))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--short", action="store_true", help="20 cases instead of 1,000")
    parser.add_argument("--commits", type=int, default=1000)
    parser.add_argument("--cases", type=int)
    parser.add_argument(
        "--keep",
        type=int,
        default=KEPT_RECORDS,
        help=f"records whose single rounds are kept (default: {KEPT_RECORDS})",
    )
    parser.add_argument(
        "--written",
        type=int,
        default=60,
        help="commits stored through the store's interface; those after them are copied inside the database "
        "(default: 60)",
    )
    parser.add_argument("--only-queries", action="store_true", help="ask a --store that was filled before")
    parser.add_argument("--store", metavar="URL", help="an empty store (default: a temporary SQLite file)")
    arguments = parser.parse_args()
    arguments.cases = arguments.cases or (20 if arguments.short else 1000)
    return arguments


def _filled(arguments: argparse.Namespace) -> Iterator[tuple[int, float, float]]:
    yield arguments.commits, math.nan, math.nan


def _fill(store: Store, arguments: argparse.Namespace) -> Iterator[tuple[int, float, float]]:
    """Store run after run; give, ten times, the number of commits and what a case took either way."""
    measured, cases = Measured(np.random.default_rng(1)), make_cases(arguments.cases)
    step = max(1, arguments.commits // 10)
    alone, together = [math.nan], [math.nan]
    for number in range(arguments.commits):
        run = make_run(f"{number:012x}", number)
        if number < arguments.written:
            results = list(measured.results(run, cases))
            store.begin(run, collected=len(cases))
            alone.append(_per_case(_add_each, store, run, results[:ALONE]))
            together.append(_per_case(_add_all, store, run, results[ALONE:] or results[:1]))
            store.finish(run.run_id, state=RunState.FINISHED, ended=run.started)
        else:
            like = number - min(arguments.written, _YOUNG)
            store_copy(store, run, f"{like:012x}", collected=len(cases))
        store.forget_rounds(arguments.keep)
        if (number + 1) % step == 0:
            yield (
                number + 1,
                statistics.median(alone[1:] or alone),
                statistics.median(together[1:] or together),
            )
            alone, together = [math.nan], [math.nan]


def _add_each(store: Store, run: Run, results: Results) -> None:
    for comparison, records in results:
        store.add(run.run_id, comparison, records)


def _add_all(store: Store, run: Run, results: Results) -> None:
    records = [record for _, sides in results for record in sides]
    store.add_all(run.run_id, [comparison for comparison, _ in results], records)


def _per_case(
    action: Callable[[Store, Run, Results], None], store: Store, run: Run, results: Results
) -> float:
    started = time.perf_counter()
    action(store, run, results)
    return 1000 * (time.perf_counter() - started) / len(results)


def _queries(store: Store, place: Place, commits: int) -> list[str]:
    mark, keys = ENVIRONMENT.fingerprint, [case.case_id.key for case in make_cases(place.cases)]
    unknown = [f"{number:040x}" for number in range(50)]
    parents = unknown + [commit_of(number) for number in reversed(range(commits))]

    def listed() -> None:
        store.verdicts([run.run_id for run in store.runs(20)])

    return [
        _median_ms(lambda: open_store(place.url).close()),
        _median_ms(lambda: store.baseline(commit_of(commits // 2), mark, keys)),
        _median_ms(lambda: store.baseline_commits(parents, mark)),
        _median_ms(lambda: store.series(keys[len(keys) // 2], mark)),
        _median_ms(listed),
    ]


def _median_ms(action: Callable[[], object]) -> str:
    """Return the median by the wall clock and, of as many calls more, by that of the processor."""
    medians = []
    for clock in (time.perf_counter, time.process_time):
        times = []
        for _ in range(REPEATS):
            started = clock()
            action()
            times.append(1000 * (clock() - started))
        medians.append(statistics.median(times))
    return "{:.1f} ({:.1f})".format(*medians)


def _starts(place: Place, commit: str) -> None:
    """Print what a fresh process takes until it knows the baseline of every case."""
    command = [sys.executable, "-c", START, place.url, commit, str(place.cases)]
    times = []
    for _ in range(STARTS):
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        times.append([1000 * float(word) for word in done.stdout.split()])
    imports, opening, query, cpu = (statistics.median(column) for column in zip(*times, strict=True))
    both = statistics.median(opened + asked for _, opened, asked, _ in times)
    sys.stdout.write(
        f"\na fresh process, {STARTS} times: imports {imports:.0f} ms; open and probe {opening:.1f} ms, "
        f"baseline {query:.1f} ms, both {both:.1f} ({cpu:.1f}) ms\n"
    )


def _line(*cells: object) -> None:
    sys.stdout.write("  ".join(str(cell).rjust(16) for cell in cells) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
