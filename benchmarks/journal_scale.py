"""How long a journal of many entries takes to be indexed, and to take one entry more.

    python -m benchmarks.journal_scale                  5,000 entries of each style
    python -m benchmarks.journal_scale --entries=500    fewer

Entries are copies of one rendered entry under other ids and dates. `index` reads the file and lists it, as
`pytest-bolt journal index` does after its start; `insert` is `--bolt-journal` writing one more entry, the
file on disk included; `replace` writes the oldest again; `link` sets two entries in relation. Times are
medians of five in seconds, of the processor's clock, which other work disturbs less, and of the wall's in
brackets.
"""

from __future__ import annotations

import argparse
import io
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pytest_bolt.commands.journal_index import index_journals
from pytest_bolt.commands.journal_link import link_entries
from pytest_bolt.commands.sample_run import sample
from pytest_bolt.journal.build import entry_of
from pytest_bolt.journal.entry import Entry
from pytest_bolt.journal.render import Rendering, render
from pytest_bolt.journal.styles import STYLES, Style
from pytest_bolt.journal.write import Journal, write_entry

REPEATS = 5
FIRST = datetime(2020, 1, 1, tzinfo=UTC)


def entry_at(number: int) -> Entry:
    """Return the entry of the run with this number, a run an hour."""
    date = FIRST + timedelta(hours=number)
    return replace(entry_of(sample(date)), entry_id=f"{number:012x}", run_id=f"{number:012x}")


def write_journal(path: Path, style: Style, count: int) -> None:
    """Write a journal of many entries at once, in the order of its style."""
    old = entry_at(0)
    texts = []
    for number in range(count):
        date = FIRST + timedelta(hours=number)
        entry = replace(old, entry_id=f"{number:012x}", run_id=f"{number:012x}", date=date)
        texts.append(render(entry, Rendering(style=style.name, number=number + 1)))
    ordered = reversed(texts) if style.newest_first else texts
    path.write_text(style.new_file + "\n".join(ordered))


def measured(work: Callable[[], object]) -> str:
    """Return the median times of a piece of work."""
    spent = []
    for _ in range(REPEATS):
        wall, cpu = time.perf_counter(), time.process_time()
        work()
        spent.append((time.process_time() - cpu, time.perf_counter() - wall))
    cpu, wall = (statistics.median(each) for each in zip(*spent, strict=True))
    return f"{cpu:.2f} ({wall:.2f})"


def main() -> None:
    """Print a line for each style."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--entries", type=int, default=5000)
    parser.add_argument("--styles", nargs="*", default=list(STYLES), choices=list(STYLES))
    arguments = parser.parse_args()
    columns = ("style", "MB", "index s", "insert s", "replace s", "link s")
    print("  ".join(f"{name:>16}" for name in columns), flush=True)
    for name in arguments.styles:
        print("  ".join(f"{cell:>16}" for cell in row(STYLES[name], arguments.entries)), flush=True)


def row(style: Style, count: int) -> tuple[str, ...]:
    """Return the cells of one style."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "J.md")
        write_journal(path, style, count)
        journal = Journal(path=path, style=style)
        later = iter(range(count, count + REPEATS))
        ids = f"{1:012x}", f"{0:012x}"
        return (
            style.name,
            f"{path.stat().st_size / 1e6:.1f}",
            measured(lambda: index_journals([path], io.StringIO())),
            measured(lambda: write_entry(entry_at(next(later)), journal)),
            measured(lambda: write_entry(entry_at(0), journal)),
            measured(lambda: link_entries(ids[0], "corrects", ids[1], [path], io.StringIO())),
        )


if __name__ == "__main__":
    main()
