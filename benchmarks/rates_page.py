"""The page of the results and, beside it, the data that it stands on: a line a run, a line a benchmark."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from benchmarks.alarm_counts import markdown
from benchmarks.contract import out_of_size
from benchmarks.plans import BOTH, REPORT, TUNE, half
from benchmarks.rate_tables import chosen, tables
from benchmarks.run_log import Line
from benchmarks.variants import IDENTICAL, slowdown

FACTS = ("cpu_model", "cpu_count", "machine", "system", "python", "numpy", "torch", "pytest", "pytest-bolt")
VERDICTS = ("same", "inconclusive", "slower", "faster")
RUN_COLUMNS = (
    "suite",
    "variant",
    "margin",
    "neighbours",
    "run",
    "half",
    "began",
    "load",
    "seconds",
    "benchmarks",
    "false_slower",
    "false_faster",
    "slowed",
    "found",
    "same",
    "inconclusive",
    "other",
    "floor_percent",
    "certain_percent",
)
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
BENCHMARK_COLUMNS = (
    "suite",
    "change",
    "margin",
    "neighbours",
    "benchmark",
    "judged",
    *VERDICTS,
    "true_percent",
    *(f"q{100 * part:02.0f}_percent" for part in QUANTILES),
    "pairs",
)
HALF_NAMES = {TUNE: "even", REPORT: "odd"}
_OTHER_HALF = {REPORT: TUNE, TUNE: REPORT}
ABOUT = """# Error rates, measured

How often a comparison is wrong, and how often it sees what is there: the real command, run again and again by
`python -m benchmarks.error_rates` on repositories whose truth is known. This page is written by that program.

Two suites are compared: 28 functions of a small Python library (*generated*), and the suites of this
repository in torch (*shipped*). What the head does otherwise: nothing (*identical*); what cannot matter
(*import*: one that nothing uses; *docstring*: longer ones; *local*: variables renamed; *objects*:
thousands made at import; *order*: functions defined in another one); or it is slower by about N percent,
in M benchmarks or operations (*-in-M*), by more work (*slower-N*, exact), by an extra copy (*copy-N*) or
by a slower algorithm (*algorithm-N*), whose true size is told by timing both sides directly in other
processes.
"""
NOTES = """\
- A figure is *reached* where its whole 95 % interval keeps the bound, *not reached* where none of it does,
  and *not decidable* between. The intervals (Wilson) take benchmarks as independent; those of one run share a
  machine and some minutes.
- Runs with an even number are there to choose constants by, those with an odd one to report.
"""


class CannotRenderError(RuntimeError):
    """The runs cannot be taken together; the message says why and what to do."""


def write(page: Path, lines: Sequence[Line], part: str, *, mixed: bool) -> list[Path]:
    """Write the page and two CSV files beside it; return their paths.

    Arguments:
        page: of Markdown; the data files have its name with an ending of their own.
        lines: of the log.
        part: which half of the runs is counted, or both.
        mixed: whether runs of different sources of the plugin may be taken together.

    Raises CannotRenderError where there is no run, or sources are mixed and may not be.
    """
    kept = chosen(lines, part)
    done = [line for line in kept if "error" not in line]
    if not done:
        raise CannotRenderError(f"no finished run in this half ({part}) of the log: nothing is written")
    digests = Counter(line["plugin"] for line in done)
    if len(digests) > 1 and not mixed:
        seen = ", ".join(f"{name} ({count} runs)" for name, count in digests.most_common())
        raise CannotRenderError(
            f"the runs are of different sources of the plugin: {seen}; nothing is written. "
            "Measure one in a folder of its own, or say --mixed"
        )
    runs, benchmarks = (page.with_name(f"{page.stem}-{kind}.csv") for kind in ("runs", "benchmarks"))
    page.parent.mkdir(parents=True, exist_ok=True)
    runs.write_text(runs_csv(done))
    benchmarks.write_text(benchmarks_csv(done))
    page.write_text("\n".join([ABOUT, _conditions(kept, part), tables(kept), _data(runs, benchmarks)]))
    return [page, runs, benchmarks]


def _conditions(lines: Sequence[Line], part: str) -> str:
    done = [line for line in lines if "error" not in line]
    days = [datetime.fromtimestamp(line["began"], UTC).strftime("%Y-%m-%d %H:%M") for line in done]
    facts = {name: sorted({str(line["facts"].get(name, "none")) for line in done}) for name in FACTS}
    loads = [f"{load:.1f}" for load in np.quantile([line["load"] for line in done], (0, 0.25, 0.5, 0.75, 1))]
    rows = [
        ("conditions", "of these runs"),
        ("runs", f"{len(done)}, with {sum(len(line['benchmarks']) for line in done)} benchmarks"),
        ("runs that failed and are not counted", str(len(lines) - len(done))),
        ("hours", f"{sum(line['seconds'] for line in done) / 3600:.1f}, without pauses"),
        ("began (UTC)", f"{min(days)} to {max(days)}"),
        ("half", part if part == BOTH else f"{part}: runs with {HALF_NAMES[part]} numbers"),
        ("plugin sources", ", ".join(sorted({line["plugin"] for line in done}))),
        ("load before a run: least, quartiles, most", ", ".join(loads)),
        ("noise floor of the null control, percent", _floors(done)),
        *((name.replace("_", " "), ", ".join(values)) for name, values in facts.items()),
    ]
    return f"## Conditions\n\n{markdown(rows)}\n{_notes(done, part)}"


def _notes(done: Sequence[Line], part: str) -> str:
    """Return what a reader must know before the figures."""
    off, total = out_of_size(done)
    text = (
        NOTES
        + f"""\
- Slowdowns whose size by direct timing is more than 15 % of it away from what their name says, or not known
  as well as that, are left out of the first table: {off} of {total}.
"""
    )
    if part != BOTH:
        text += f"- Runs with {HALF_NAMES[_OTHER_HALF[part]]} numbers are not on this page.\n"
    if len({line["plugin"] for line in done}) > 1:
        text += "- **These runs are of more than one version of the plugin, taken together on request.**\n"
    return text


def _floors(done: Sequence[Line]) -> str:
    floors = [100 * line["control"]["floor"] for line in done if line.get("control")]
    return f"median {median(floors):.1f}, most {max(floors):.1f}" if floors else "none"


def _data(runs: Path, benchmarks: Path) -> str:
    return f"""\
## The data

{{download}}`{runs.name}` has a line for every run,
{{download}}`{benchmarks.name}` one for every benchmark and kind of change:
how often each verdict was given, by how much it really was slower, and quantiles of the estimated change.
"""


def runs_csv(lines: Iterable[Line]) -> str:
    """Return a line for every run."""
    return _csv(RUN_COLUMNS, map(run_row, lines))


def benchmarks_csv(lines: Iterable[Line]) -> str:
    """Return a line for every benchmark and kind of change."""
    return _csv(BENCHMARK_COLUMNS, benchmark_rows(lines))


def run_row(line: Line) -> tuple[object, ...]:
    """Return the cells under RUN_COLUMNS of a finished run."""
    said = Counter((bool(each["slowed"]), str(each["verdict"])) for each in line["benchmarks"])
    total = Counter(str(each["verdict"]) for each in line["benchmarks"])
    control = line.get("control") or {}
    return (
        *(line[name] for name in ("suite", "variant", "margin", "neighbours", "run")),
        half(line["run"]),
        datetime.fromtimestamp(line["began"], UTC).strftime("%Y-%m-%dT%H:%M"),
        f"{line['load']:.2f}",
        f"{line['seconds']:.1f}",
        len(line["benchmarks"]),
        said[False, "slower"],
        said[False, "faster"],
        sum(count for (slowed, _verdict), count in said.items() if slowed),
        said[True, "slower"],
        said[False, "same"],
        said[False, "inconclusive"],
        sum(count for verdict, count in total.items() if verdict not in VERDICTS),
        *(f"{100 * control[name]:.2f}" if control else "" for name in ("floor", "certain")),
    )


def benchmark_rows(lines: Iterable[Line]) -> Iterator[tuple[object, ...]]:
    """Yield the cells under BENCHMARK_COLUMNS; benchmarks beside slower ones are a kind of their own."""
    groups: dict[tuple[str, str, str, str, str], list[Mapping[str, Any]]] = {}
    for line in lines:
        for each in line["benchmarks"]:
            node = str(each["id"]).rpartition("::")[2]
            change = kind(line["variant"], slowed=each["slowed"])
            key = (str(line["suite"]), change, str(line["margin"]), str(line["neighbours"]), node)
            groups.setdefault(key, []).append(each)
    for key in sorted(groups):
        yield (*key, *_benchmark_cells(groups[key]))


def kind(variant: str, *, slowed: bool) -> str:
    """Return what a benchmark of a run is an example of."""
    change = slowdown(variant)
    if change is None:
        return IDENTICAL if variant == IDENTICAL else "harmless"
    return f"{change.cause}-{change.percent}" if slowed else "beside"


def _benchmark_cells(group: Sequence[Mapping[str, Any]]) -> tuple[object, ...]:
    said = Counter(str(each["verdict"]) for each in group)
    sizes = [each["size"]["percent"] for each in group if each.get("size")]
    changes = [100 * (each["ratio"]["estimate"] - 1) for each in group if each["ratio"]]
    quantiles = [f"{value:.2f}" for value in np.quantile(changes, QUANTILES)] if changes else [""] * 5
    pairs = median([float(str(each["pairs"])) for each in group])
    true = f"{median(sizes):.2f}" if sizes else ""
    return (len(group), *(said[verdict] for verdict in VERDICTS), true, *quantiles, f"{pairs:g}")


def _csv(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return out.getvalue()
