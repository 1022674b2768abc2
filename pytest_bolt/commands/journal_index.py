"""`pytest-bolt journal index`: the entries of all journals in one table, newest first."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from pytest_bolt.atomic_file import write_atomically
from pytest_bolt.commands.journal_places import journals
from pytest_bolt.commands.screen import Screen
from pytest_bolt.journal.listing import Listed, as_markdown, listed, newest_first

_HEADER = ("DATE", "STYLE", "RULING", "ENTRY", "LINKS", "WHERE")


def index_journals(
    paths: Sequence[Path], stream: TextIO, *, output: Path | None = None, as_json: bool = False
) -> None:
    """Write the index to `stream`, or as a Markdown document to the file `output`, which is left out of it.

    Raises BoltError for a path that is not there, a damaged journal, or a file that cannot be written.
    """
    texts = [text for text in journals(paths) if output is None or not _same(text.path, output)]
    rows = newest_first(row for text in texts for row in listed(text.path, text.text))
    screen = Screen(stream=stream)
    if as_json:
        screen.json({"schema": 1, "journals": len(texts), "entries": [_row(row) for row in rows]})
    elif output is None and rows:
        screen.table(_HEADER, [_cells(row) for row in rows])
    elif output is None:
        screen.line("there is no entry yet")
    if output is not None:
        write_atomically(output, as_markdown(rows, output.absolute().parent))
        if not as_json:
            screen.line(f"wrote {output}: {len(rows)} entries")


def _same(path: Path, output: Path) -> bool:
    return path.resolve() == output.resolve()


def _cells(row: Listed) -> tuple[str, ...]:
    links = ", ".join(f"{link.relation} {link.entry_id}" for link in row.links)
    return row.date, row.style, row.ruling or "-", row.title, links or "-", f"{row.path}:{row.line}"


def _row(row: Listed) -> dict[str, object]:
    links = [{"relation": str(link.relation), "entry": link.entry_id} for link in row.links]
    facts = {name: getattr(row, name) for name in ("line", "date", "style", "title", "ruling")}
    return {"path": str(row.path), "entry": row.entry_id, **facts, "links": links}
