"""The tables of many runs: the contract, one for every kind of run, and what other tools would have said."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from benchmarks import contract
from benchmarks.alarm_counts import HEADINGS, counted, markdown, row
from benchmarks.other_rules import HEADINGS as OTHER_HEADINGS
from benchmarks.other_rules import rows as other_rules
from benchmarks.plans import BOTH, half
from benchmarks.run_log import Line
from benchmarks.variants import CAUSES, harmless_names, slowdown


def chosen(lines: Iterable[Line], wanted: str) -> list[Line]:
    """Return the runs of a half, or all of them."""
    return [line for line in lines if wanted == BOTH or half(line["run"]) == wanted]


def tables(lines: Sequence[Line], level: str = "##") -> str:
    """Return all tables as Markdown, with headings of the level."""
    return "\n".join([contract_table(lines, level), cell_tables(lines, level), other_tables(lines, level)])


def contract_table(lines: Sequence[Line], level: str) -> str:
    """Return what is asked for and what was found; for all runs, then for each suite alone."""
    parts = [f"{level} What is asked for\n\n{markdown([contract.HEADINGS, *contract.rows(lines)])}"]
    suites = sorted({line["suite"] for line in lines})
    for suite in suites if len(suites) > 1 else ():
        own = [line for line in lines if line["suite"] == suite]
        parts.append(f"{level}# Suite {suite} alone\n\n{markdown([contract.HEADINGS, *contract.rows(own)])}")
    return "\n".join(parts)


def cell_tables(lines: Sequence[Line], level: str) -> str:
    """Return a table for every suite, margin, budget and number of neighbours; a line a variant."""
    parts = [f"{level} Every kind of run\n"]
    for (suite, margin, busy, budget), alike in _groups(lines, "suite", "margin", "neighbours", "budget"):
        names = sorted({line["variant"] for line in alike}, key=_place)
        cells = [row(name, counted(line for line in alike if line["variant"] == name)) for name in names]
        title = f"{level}# Suite {suite}, margin {margin}, {busy} busy neighbours, budget {budget}"
        parts.append(f"{title}\n\n{markdown([HEADINGS, *cells])}")
    return "\n".join(parts)


def other_tables(lines: Sequence[Line], level: str) -> str:
    """Return what other tools' rules say of the same rounds."""
    parts = [f"{level} The same rounds, judged by others\n"]
    for (suite, busy), alike in _groups(lines, "suite", "neighbours"):
        body = markdown([OTHER_HEADINGS, *other_rules(alike)])
        parts.append(f"{level}# Suite {suite}, {busy} busy neighbours, by others\n\n{body}")
    return "\n".join(parts)


def _groups(lines: Sequence[Line], *names: str) -> Iterator[tuple[tuple[object, ...], list[Line]]]:
    keys = sorted({tuple(line[name] for name in names) for line in lines}, key=str)
    for key in keys:
        yield key, [line for line in lines if tuple(line[name] for name in names) == key]


def _place(variant: str) -> tuple[int, int, int, str]:
    """Return what variants are sorted by: those that cannot matter first, then by cause and size."""
    change = slowdown(variant)
    if change is None:
        return 0, harmless_names().index(variant), 0, variant
    return 1 + CAUSES.index(change.cause), change.percent, change.count, variant
