"""How many slips `journal lint` catches: journals with true arithmetic in every style, then one slip each.

    python -m benchmarks.journal_lint FOLDER [--slips=FOLDER/slips.csv] [--seed=1] [--copies=20]

Writes COPIES journals of each style into FOLDER and a list of slips, each one figure, unit, hash, date or
number changed in one journal; reads both again if they are there already. Prints what was caught by kind of
slip, which kinds were missed, and every finding of the journals without a slip: a false alarm.
"""

from __future__ import annotations

import argparse
import csv
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.journal_statements import STATEMENTS, Statement, commit
from pytest_bolt.journal.document.reader import read_document
from pytest_bolt.journal.lint.finding import Finding, Severity
from pytest_bolt.journal.lint.run import lint

FIELDS = ("journal", "line", "kind", "was", "is")
STYLES = ("paper", "evidence", "worklog", "logbook", "experiment", "changelog", "learning")


@dataclass(frozen=True, slots=True, kw_only=True)
class Slip:
    """One change: in a line of a journal `was` becomes `now`."""

    journal: str
    line: int
    kind: str
    was: str
    now: str


def heading(style: str, number: int, day: int) -> str:
    """Return the heading of an entry."""
    date = f"2026-03-{day:02d}"
    return {
        "paper": f"## {date}: Change number {number}",
        "evidence": f"### {date}: Change number {number}",
        "worklog": f"### **{date} 10:30**",
        "logbook": f"## Entry {number} — Change ({date} 20:45)",
        "experiment": f"### Experiment {number} - Change",
        "changelog": f"## [0.{number}.0] - {date}",
        "learning": f"## {date} - Change number {number}",
    }[style]


def fields(style: str, body: tuple[str, ...], name: tuple[str, ...]) -> list[str]:
    """Return an entry's lines below its heading."""
    shape = {
        "paper": ("### Hypothesis", "Fewer passes.", "### Methodology", "Three runs.", "### Results", body,
                  "### Conclusion", "It is kept.", "", name),
        "evidence": ("- **Discovery:** A loop.", "- **Strategy:** One kernel.", "- **Evidence:** Below.",
                     "    - **Before:** as it was", "    - **After:** as it is", "", body, "", name),
        "worklog": ("**Objective:**", "*   Speed.", "", "**Actions & Command(s):**", "1.  `make`", "",
                    "**Observations & Results:**", body, "", "**Analysis & Decisions:**", "*   Kept.", "",
                    "**Artifacts:**", name),
        "logbook": ("**Goal:** Speed.", "", "**Results:**", body, "", name),
        "experiment": ("- Hypothesis: fewer passes", "- Action: one kernel", "- Outcome: as below", body,
                       "- Result: kept", name),
        "changelog": ("### Added", body, "", name),
        "learning": ("**Learning:** Loops cost.", "", body, "", "**Action:** One kernel.", "", name),
    }[style]  # fmt: skip
    return [line for part in shape for line in ((part,) if isinstance(part, str) else part)]


def journal(style: str, name: str, rng: random.Random) -> tuple[str, list[Slip]]:
    """Return a journal without a slip and the slips that it can have."""
    lines = [f"# {style.capitalize()} journal", ""]
    slips: list[Slip] = []
    newest = style not in {"logbook", "experiment", "learning"}
    chosen = rng.sample(STATEMENTS, len(STATEMENTS))
    entries = [chosen[n::4] for n in range(4)]
    for place, statements in enumerate(entries):
        number = 4 - place if newest else place + 1
        slips += _of_heading(style, name, lines, number, rng)
        lines += [heading(style, number, number + 10), ""]
        made = [make(rng) for make in statements]
        hash_lines = commit(rng)
        body = tuple(line for one in made for line in one.lines)
        start = len(lines)
        lines += [*fields(style, body, hash_lines.lines), "", "---", ""]
        slips += _spots(name, lines, start, [*made, hash_lines])
    return "\n".join(lines), slips


def _of_heading(style: str, name: str, lines: list[str], number: int, rng: random.Random) -> Iterator[Slip]:
    line, day = len(lines) + 1, f"2026-03-{number + 10:02d}"
    if style != "experiment":
        yield Slip(journal=name, line=line, kind="date that does not exist", was=day, now="2026-02-30")
        if number in {2, 3} and style != "learning":
            yield Slip(
                journal=name, line=line, kind="date out of order", was=day, now=f"2026-0{rng.choice('19')}-05"
            )
    if style in {"logbook", "experiment"} and number in {2, 3}:
        word = "Entry" if style == "logbook" else "Experiment"
        yield Slip(
            journal=name, line=line, kind="number skipped or twice", was=f"{word} {number}", now=f"{word} 7"
        )
        was, now = f"{word} {number}", f"{word} {number - 1}"
        yield Slip(journal=name, line=line, kind="number skipped or twice", was=was, now=now)


def _spots(name: str, lines: list[str], start: int, made: list[Statement]) -> Iterator[Slip]:
    for statement in made:
        first = next(
            n
            for n in range(start, len(lines))
            if tuple(lines[n : n + len(statement.lines)]) == statement.lines
        )
        for offset, was, kind, now in statement.spots:
            yield Slip(journal=name, line=first + offset + 1, kind=kind, was=was, now=now)


def written(folder: Path, slips: Path, *, seed: int, copies: int) -> None:
    """Write the journals and the list of their slips."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = random.Random(seed)  # noqa: S311 - a seed for journals, no secret
    listed: list[Slip] = []
    for style in STYLES:
        for copy in range(copies):
            name = f"{style}-{copy:03d}.md"
            text, own = journal(style, name, rng)
            (folder / name).write_text(text, encoding="utf-8")
            listed += own
    with slips.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(FIELDS)
        writer.writerows((one.journal, one.line, one.kind, one.was, one.now) for one in listed)


def read(slips: Path) -> list[Slip]:
    """Return the listed slips."""
    with slips.open(newline="", encoding="utf-8") as stream:
        return [
            Slip(
                journal=row["journal"], line=int(row["line"]), kind=row["kind"], was=row["was"], now=row["is"]
            )
            for row in csv.DictReader(stream)
        ]


def slipped(text: str, slip: Slip) -> str:
    """Return the journal with the slip in it."""
    lines = text.split("\n")
    line = lines[slip.line - 1]
    assert slip.was in line, f"{slip.journal}:{slip.line}: no {slip.was!r} in {line!r}"
    at = line.rindex(slip.was)
    lines[slip.line - 1] = line[:at] + slip.now + line[at + len(slip.was) :]
    return "\n".join(lines)


def main() -> None:
    """Write what is not there yet, lint it with and without each slip, and print the counts."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--slips", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--copies", type=int, default=20)
    parser.add_argument("--missed", type=int, default=2, help="how many missed slips of a kind to print")
    arguments = parser.parse_args()
    slips = arguments.slips or arguments.folder / "slips.csv"
    if not slips.exists():
        written(arguments.folder, slips, seed=arguments.seed, copies=arguments.copies)
    texts = {path.name: path.read_text(encoding="utf-8") for path in sorted(arguments.folder.glob("*.md"))}
    clean = {name: lint(read_document(text)) for name, text in texts.items()}
    report(texts, clean, read(slips), show=arguments.missed)


def report(texts: dict[str, str], clean: dict[str, list[Finding]], slips: list[Slip], *, show: int) -> None:
    """Print caught, caught as advice and missed by kind; then the false alarms."""
    counts: dict[str, Counter[str]] = {}
    missed: dict[str, list[Slip]] = {}
    for slip in slips:
        before = {(one.line, one.rule, one.message) for one in clean[slip.journal]}
        found = lint(read_document(slipped(texts[slip.journal], slip)))
        found = [one for one in found if one.line == slip.line or one.rule == "order"]
        new = [one for one in found if (one.line, one.rule, one.message) not in before]
        errors = any(one.severity is Severity.ERROR for one in new)
        how = "error" if errors else "advice" if new else "missed"
        counts.setdefault(slip.kind, Counter())[how] += 1
        if how == "missed":
            missed.setdefault(slip.kind, []).append(slip)
    print(f"{'kind of slip':<28}{'error':>8}{'advice':>8}{'missed':>8}")
    for kind, count in sorted(counts.items()):
        print(f"{kind:<28}{count['error']:>8}{count['advice']:>8}{count['missed']:>8}")
    total = sum(counts.values(), Counter())
    print(f"{'all':<28}{total['error']:>8}{total['advice']:>8}{total['missed']:>8}")
    for kind, own in sorted(missed.items()):
        for slip in own[:show]:
            print(f"missed {kind}: {slip.journal}:{slip.line}: {slip.was} -> {slip.now}")
    alarms = [(name, one) for name, found in clean.items() for one in found]
    print(f"false alarms in {len(texts)} journals without a slip: {len(alarms)}")
    for name, one in alarms[:20]:
        print(f"  {name}:{one.line}: {one.severity} {one.rule}: {one.message}")


if __name__ == "__main__":
    main()
