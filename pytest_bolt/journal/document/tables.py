"""Tables of a journal, cell by cell with the place of each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pytest_bolt.journal.document.model import Cell, Span, Table


def is_rule(line: str) -> bool:
    """Return whether the line is the rule below a table's header: `| --- | :-: |`."""
    stripped = line.strip()
    if "-" not in stripped or "|" not in stripped or stripped.strip("|:- "):
        return False
    cells = stripped.strip("|").split("|")
    return all(cell.strip() and not cell.strip().strip(":").strip("-") for cell in cells)


def tables_in(lines: Sequence[str], hidden: bytes | bytearray) -> Iterator[Table]:
    """Yield the tables of the lines; a line whose number is set in `hidden` is inside a fence or comment."""
    number = 2
    while number <= len(lines):
        if not hidden[number] and not hidden[number - 1] and is_rule(lines[number - 1]):
            header = cells_of(lines[number - 2], number - 1)
            if len(header) >= 2:
                end = _end(lines, hidden, number + 1)
                rows = tuple(cells_of(lines[line - 1], line) for line in range(number + 1, end))
                yield Table(span=Span(start=number - 1, end=end), header=header, rows=rows)
                number = end
        number += 1


def cells_of(line: str, number: int) -> tuple[Cell, ...]:
    """Return the cells of one line; an escaped pipe does not part them."""
    if "|" not in line:
        return ()
    bounds = [at for at, char in enumerate(line) if char == "|" and line[at - 1 : at] != "\\"]
    edges = [-1, *bounds, len(line)]
    pieces = [(edges[n] + 1, line[edges[n] + 1 : edges[n + 1]]) for n in range(len(edges) - 1)]
    if pieces and not pieces[0][1].strip():
        pieces = pieces[1:]
    if pieces and not pieces[-1][1].strip():
        pieces = pieces[:-1]
    return tuple(
        Cell(text=text.strip(), line=number, column=at + len(text) - len(text.lstrip()))
        for at, text in pieces
    )


def _end(lines: Sequence[str], hidden: bytes | bytearray, number: int) -> int:
    while number <= len(lines) and not hidden[number] and "|" in lines[number - 1]:
        number += 1
    return number
