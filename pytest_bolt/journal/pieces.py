"""The pieces that templates are made of: each takes an entry, or a part of one, and gives Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta

from pytest_bolt.core.claims import Judged
from pytest_bolt.core.markdown_text import Markdown, code, code_block, escape, table
from pytest_bolt.core.ruling import DECIDED, Ruled, Ruling
from pytest_bolt.journal.entry import Entry, Result, Side

_CLOSING = {
    Ruling.REPORTED: "No hypothesis was stated; this entry only reports.",
    Ruling.NOT_TESTED: "The hypothesis came without an expectation that can be computed, so nothing is "
    "concluded.",
}
_SOURCES = {
    "option": "on the command line",
    "commit message": "in the commit message",
    "marker": "by a test's marker",
    "claim": "by a test's claim",
}
_TIME = "%Y-%m-%d %H:%M:%S %Z"
# A figure of any other name is only listed.
_FIGURE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./-]*\.(?:svg|png)", re.ASCII)
_CAPTIONS = {
    "changes": "change of each benchmark with its interval",
    "pairs": "ratio of each process pair, with interval and margin",
    "history": "time of earlier runs",
}
_MOST_FILES = 40
_MOST_LEARNED = 3
_MEMORY = frozenset({"peak_memory", "peak_rss"})


def hypothesis(entry: Entry) -> Markdown:
    """Return what was stated, part by part, what was expected, and when that was stored."""
    if not entry.parts:
        return Markdown("No hypothesis was stated.")
    parts = [part for part in entry.parts if part.statement.text]
    if len(parts) == 1 and not parts[0].statement.experiment:
        words = [f"{escape(parts[0].statement.text)}{_about(parts[0], plain=True)}"]
    else:
        words = [
            f"{place}. {escape(part.statement.text)}{_about(part)}"
            for place, part in enumerate(parts, start=1)
        ]
    expected = [f"- {code(each.expectation.text)}" for part in entry.parts for each in part.conclusions]
    paragraphs = ["\n".join(words) or "No hypothesis was stated in words."]
    paragraphs += ["Expected, before the run:", "\n".join(expected)] if expected else []
    return Markdown("\n\n".join([*paragraphs, stated(entry)]))


def stated(entry: Entry) -> Markdown:
    """Return when and where the hypothesis was stored, and how long before the first measurement."""
    sources = dict.fromkeys(_SOURCES.get(part.statement.source, "") for part in entry.parts)
    text = f"Stored {entry.stated.strftime(_TIME)}, stated {' and '.join(filter(None, sources))}"
    if entry.measured is not None:
        text += f", {_span(entry.measured - entry.stated)} before the first measurement"
    return escape(f"{text}.")


def conclusion(entry: Entry) -> Markdown:
    """Return what became of each part, with the intervals that decide, and of the whole."""
    lines: list[str] = []
    for place, part in enumerate(entry.parts, start=1):
        lines += _concluded(part, f"{place}." if len(entry.parts) > 1 else "-")
    return Markdown("\n".join([*lines, *([""] if lines else []), closing(entry.ruled)]))


def closing(ruled: Ruled) -> Markdown:
    """Return the last sentence of a conclusion."""
    if ruled.ruling in _CLOSING:
        return Markdown(_CLOSING[ruled.ruling])
    if ruled.ruling in DECIDED:
        why = f" {escape(ruled.reason)}" if ruled.of_whole else ""
        return Markdown(f"The hypothesis is **{ruled.ruling}**.{why}")
    return Markdown(f"Nothing is concluded: **{ruled.ruling}**. {escape(ruled.reason)}".strip())


def side(of: Side) -> Markdown:
    """Return a side's names, its full hash and the hash of what is uncommitted."""
    names = " ".join(code(name) for name in dict.fromkeys((of.name, of.branch)) if name)
    dirty = f" with uncommitted changes, whose hash is {code(of.diff_hash)}" if of.diff_hash else ""
    commit = code(of.commit) if of.commit else "no commit"
    return Markdown(f"{names} {commit}{dirty}".strip())


def facts(values: Mapping[str, str]) -> Markdown:
    """Return a list of names with their values."""
    return Markdown("\n".join(f"- {escape(name)}: {code(value)}" for name, value in values.items()))


def results(rows: Iterable[Result]) -> Markdown:
    """Return the table Metric, Before, After, Change."""
    cells = [(_metric(row), row.before, row.after, _change(row)) for row in rows]
    return table(("Metric", "Before", "After", "Change"), cells)


def models(rows: Sequence[Result]) -> Markdown:
    """Return a table with a line for each benchmark and side, and a column for each metric."""
    metrics = list(dict.fromkeys(row.metric for row in rows))
    lines: dict[tuple[str, str], dict[str, str]] = {}
    for row in rows:
        for name, value in (("before", row.before), ("after", row.after)):
            if value != "-":
                lines.setdefault((row.node_id, name), {})[row.metric] = value
    both = any(name == "before" for _, name in lines)
    cells = [
        (
            Markdown(f"{code(node_id)}, {name}") if both else code(node_id),
            *(values.get(metric, "-") for metric in metrics),
        )
        for (node_id, name), values in lines.items()
    ]
    return table(("Model", *metrics), cells)


def changes(rows: Iterable[Result]) -> Markdown:
    """Return a list of what changed: metric and benchmark, before, after, change."""
    return Markdown("\n".join(f"- {_metric(row)}: {_step(row)}" for row in rows))


def before_after(entry: Entry) -> Markdown:
    """Return the results as points: before, after, change; memory under its own name."""
    lines = []
    for row in entry.results:
        name = "Memory" if row.metric in _MEMORY else "Metric"
        before = f"before **{escape(row.before)}**, " if row.before != "-" else ""
        after = f"after **{escape(row.after)}**"
        lines.append(
            f"    - **{name}:** {'; '.join(filter(None, (f'{_metric(row)}: {before}{after}', _change(row))))}"
        )
    return Markdown("\n".join(lines) or "    - No benchmark was compared.")


def learning(entry: Entry) -> Markdown:
    """Return the whole entry in one line: what became of the hypothesis, and the results that say most."""
    rows = [f"{_metric(row)}: {_step(row)}" for row in entry.results[:_MOST_LEARNED]]
    more = len(entry.results) - len(rows)
    return Markdown(
        "; ".join([closing(entry.ruled).rstrip("."), *rows, *([f"and {more} more"] if more else [])]) + "."
    )


def files(paths: Sequence[str]) -> Markdown:
    """Return the changed files as a list."""
    lines = [f"- {code(path)}" for path in paths[:_MOST_FILES]]
    lines += [f"- and {len(paths) - _MOST_FILES} more"] if len(paths) > _MOST_FILES else []
    return Markdown("\n".join(lines) or "- none")


def artifacts(entry: Entry) -> Markdown:
    """Return the files that prove the entry, with their hashes."""
    lines = []
    for each in entry.artifacts:
        kept = (
            f", `pytest-bolt journal show {entry.run_id} --artifact {each.sha256[:12]}`"
            if each.stored
            else ""
        )
        lines.append(f"- {each.kind}: {code(each.path)}, {each.size} B, SHA-256 {code(each.sha256)}{kept}")
    return Markdown("\n".join(lines) or "- none")


def figures(entry: Entry) -> Markdown:
    """Return the figures of the entry as images."""
    figures = [each.path for each in entry.artifacts if each.kind == "figure"]
    shown = [path for path in figures if _FIGURE.fullmatch(path)]
    return Markdown("\n".join(f"![{escape(_caption(path))}]({path})" for path in shown))


def version_of(entry: Entry) -> str:
    """Return the tag without its `v`, `Unreleased` for none."""
    return re.sub(r"^v(?=\d)", "", entry.version) or "Unreleased"


def version(entry: Entry) -> Markdown:
    """Return the version of a changelog's heading."""
    return escape(version_of(entry))


def block(lines: Iterable[str], language: str = "") -> Markdown:
    """Return lines as a fenced block."""
    return code_block(lines, language)


def _caption(path: str) -> str:
    """Return what a figure shows, for readers who do not see it."""
    drawn = re.search(r"-(changes|pairs|history)(?:-(\d))?\.svg$", path)
    if drawn is None:
        return path.rpartition("/")[2]
    of = f", benchmark {drawn[2]} of the most telling" if drawn[2] else ""
    return f"{_CAPTIONS[drawn[1]]}{of}"


def _about(part: Judged, *, plain: bool = False) -> str:
    words = [] if plain and part.statement.role == "effect" else [str(part.statement.role)]
    if part.statement.published:
        words.append(f"stated: {escape(part.statement.published)}")
    return f" ({'; '.join(words)})" if words else ""


def _concluded(part: Judged, mark: str) -> list[str]:
    statement, ruled = part.statement, part.ruled
    words = f": {escape(statement.text)}" if statement.text else ""
    lines = [f"{mark} **{ruled.ruling}** ({statement.role}){words}"]
    indent = " " * (len(mark) + 1)
    if ruled.ruling not in DECIDED and ruled.reason:
        lines.append(f"{indent}{escape(ruled.reason)}")
    for each, grade in zip(part.conclusions, part.grades, strict=True):
        size = f"; size {grade}" if grade is not None else ""
        lines.append(f"{indent}- {code(each.expectation.text)}: {escape(each.reason)}{size}")
    return lines


def _metric(row: Result) -> Markdown:
    return Markdown(f"{escape(row.metric)}, {code(row.node_id)}")


def _step(row: Result) -> str:
    both = f"{row.before} \u2192 {row.after}" if row.before != "-" else row.after
    return "; ".join(filter(None, (escape(both), _change(row))))


def _change(row: Result) -> Markdown:
    """Return change, verdict and reason; the change is made of numbers only and needs no escaping."""
    change = "" if row.change == "-" and row.verdict else row.change
    return Markdown("; ".join(filter(None, (change, escape(row.verdict), escape(row.reason)))))


def _span(time: timedelta) -> str:
    seconds = time.total_seconds()
    return f"{seconds:.1f} s" if seconds < 120 else f"{seconds / 60:.0f} min"
