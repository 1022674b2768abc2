"""How many slips `journal lint` catches: journals with true arithmetic in every style, then one slip each.

    python benchmarks/journal_lint.py FOLDER [--slips=FOLDER/slips.csv] [--seed=1] [--copies=20]

Writes COPIES journals of each style into FOLDER and a list of slips, each one figure, unit, hash, date or
number changed in one journal; reads both again if they are there already. Prints what was caught by kind of
slip, which kinds were missed, and every finding of the journals without a slip: a false alarm.
"""

from __future__ import annotations

import argparse
import csv
import math
import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """Lines of a journal, and the figures in them that a slip can hit: line, text, kind, the slip."""

    lines: tuple[str, ...]
    spots: tuple[tuple[int, str, str, str], ...]


def digit(rng: random.Random, text: str) -> str:
    """Return the text with another digit in one place, not a leading zero."""
    places = [n for n, char in enumerate(text) if char.isdigit()]
    at = rng.choice(places)
    others = [char for char in "123456789" if char != text[at]]
    return text[:at] + rng.choice(others) + text[at + 1 :]


def reduction(rng: random.Random) -> Statement:
    """A percentage behind `from a to b`."""
    a, b = rng.randint(400, 900), rng.randint(150, 390)
    claim = f"{100 * (a - b) / a:.1f}%"
    line = f"- Step time dropped from {a} ms to {b} ms, a {claim} reduction."
    return Statement(lines=(line,), spots=((0, claim, "percentage in prose", digit(rng, claim)),))


def speedup(rng: random.Random) -> Statement:
    """A factor behind an arrow."""
    a, b = rng.randint(3000, 9000), rng.randint(500, 2500)
    claim = f"{a / b:.2f}x"
    line = f"- Fused kernel: {a}ms → {b}ms per step ({claim} faster)"
    return Statement(lines=(line,), spots=((0, claim, "factor in prose", digit(rng, claim)),))


def rough(rng: random.Random) -> Statement:
    """An approximate factor before its figures."""
    b = rng.randint(20, 60) / 10
    factor = rng.randint(4, 30)
    a = round(b * factor)
    claim = f"~{factor}x"
    line = f"- Net result: {claim} faster ({a}s→{b}s per step) with B=4 T=256"
    return Statement(lines=(line,), spots=((0, claim, "approximate factor", f"~{round(factor * 1.45)}x"),))


def throughput(rng: random.Random) -> Statement:
    """Before and after on two lines."""
    a, b = rng.randint(500, 900), rng.randint(1000, 1900)
    claim = f"{100 * (b - a) / a:.0f}%"
    lines = (
        f"- **Before:** Training on a batch of 64 averaged **{a} tokens/sec**.",
        f"- **After:** The same configuration averages **{b:,} tokens/sec**, a **{claim} improvement**.",
    )
    return Statement(lines=lines, spots=((1, claim, "before and after lines", digit(rng, claim)),))


def change_table(rng: random.Random) -> Statement:
    """A table of before, after and change."""
    minutes, seconds, after = rng.randint(2, 9), rng.randint(10, 59), rng.randint(100, 119)
    before = 60 * minutes + seconds
    time = f"{100 * (after / before - 1):+.1f}%"
    a, b = rng.randint(100, 900), rng.randint(901, 1900)
    rate = f"{100 * (b / a - 1):+.1f}%"
    memory = rng.randint(11, 49) / 10
    lines = (
        "",
        "| Metric | Before | After | Change |",
        "| :--- | ---: | ---: | ---: |",
        f"| `real` time | {minutes}m{seconds}s | {after // 60}m{after % 60:02d}s | {time} |",
        f"| throughput | {a} tok/s | {b} tok/s | {rate} |",
        f"| peak memory | {memory}GiB | {memory}GiB | 0% |",
        "",
    )
    spots = (
        (3, time, "percentage in a table", digit(rng, time)),
        (4, rate, "percentage in a table", digit(rng, rate)),
        (4, f" {rate}", "sign in a table", f" {rate.replace('+', '-')}"),
        (5, "| 0% |", "zero in a table", f"| -{rng.randint(5, 40)}% |"),
    )
    return Statement(lines=lines, spots=spots)


def baseline_table(rng: random.Random) -> Statement:
    """A column of speedups over the first row."""
    base = rng.randint(400, 900)
    times = [base, *(rng.randint(100, 390) for _ in range(4))]
    factors = [f"{base / time:.2f}x" for time in times]
    rows = [
        f"| variant {n} | {time} | {factor} |"
        for n, (time, factor) in enumerate(zip(times, factors, strict=True))
    ]
    lines = ("", "| Variant | ms | Speedup |", "|---|---|---|", *rows, "")
    at = rng.randint(1, 4)
    spot = (3 + at, f"| {factors[at]} |", "speedup column", f"| {digit(rng, factors[at])} |")
    return Statement(lines=lines, spots=(spot,))


def total_table(rng: random.Random) -> Statement:
    """A row of totals."""
    parts = [rng.randint(10, 99) for _ in range(4)]
    rows = [f"| phase {n} | {part} ms |" for n, part in enumerate(parts)]
    total = f"{sum(parts)} ms"
    lines = ("", "| Phase | Time |", "|---|---|", *rows, f"| Total | {total} |", "")
    return Statement(lines=lines, spots=((7, total, "total of a table", digit(rng, total)),))


def rates_table(rng: random.Random) -> Statement:
    """Tokens per second from the time of a step."""
    steps = [rng.randint(700, 4000) for _ in range(2)]
    rates = [f"{1024000 / step:.0f}" for step in steps]
    rows = [
        f"| model {n} | {step} | {rate} | {50 * step / 1000:.0f}s |"
        for n, (step, rate) in enumerate(zip(steps, rates, strict=True))
    ]
    head = (
        "",
        "Results (50 training steps, B=4, T=256):",
        "",
        "| Model | ms/step | tok/s | Total Time |",
        "|---|---|---|---|",
    )
    at = rng.randint(0, 1)
    slip = (5 + at, f"| {rates[at]} |", "rate of a step", f"| {digit(rng, rates[at])} |")
    return Statement(lines=(*head, *rows, ""), spots=(slip,))


def perplexity(rng: random.Random) -> Statement:
    """Loss and perplexity in prose."""
    loss = rng.randint(15000, 40000) / 10000
    claim = f"{math.exp(loss):.1f}"
    line = f"- Result: best val loss **{loss:.4f} (ppl {claim})** at iter 850"
    return Statement(
        lines=(line,), spots=((0, f"ppl {claim}", "perplexity in prose", f"ppl {digit(rng, claim)}"),)
    )


def perplexity_table(rng: random.Random) -> Statement:
    """Loss and perplexity in rows."""
    loss = rng.randint(15000, 40000) / 10000
    claim = f"{math.exp(loss):.1f}"
    lines = (
        "", "| Metric | Value |", "|---|---|", f"| Best val loss | **{loss:.4f}** |",
        f"| Best val perplexity | **{claim}** |", "",
    )  # fmt: skip
    return Statement(lines=lines, spots=((4, claim, "perplexity in a table", digit(rng, claim)),))


def product(rng: random.Random) -> Statement:
    """A product with its value."""
    a, b = rng.choice((32, 64, 96, 128)), rng.choice((64, 256, 512))
    value = f"{a * b:,}"
    line = f"- Tokens a batch: {a} x {b} = {value}"
    return Statement(lines=(line,), spots=((0, value, "product", digit(rng, value)),))


def addition(rng: random.Random) -> Statement:
    """A sum with its value."""
    a, b = rng.randint(11, 99) / 10, rng.randint(11, 99) / 10
    value = f"{a + b:.1f}"
    line = f"- Forward and backward: {a} + {b} = {value} ms"
    return Statement(lines=(line,), spots=((0, f"= {value}", "sum", f"= {digit(rng, value)}"),))


def share(rng: random.Random) -> Statement:
    """A part of a whole."""
    whole = rng.randint(200, 2000)
    part = rng.randint(20, whole)
    claim = f"{100 * part / whole:.0f}%"
    line = f"- Codebook: {part}/{whole} ({claim}) entries used"
    return Statement(lines=(line,), spots=((0, f"({claim})", "share", f"({digit(rng, claim)})"),))


def entropy(rng: random.Random) -> Statement:
    """A logarithm."""
    vocabulary = rng.randint(500, 50000)
    value = f"{math.log(vocabulary):.2f}"
    line = f"- Initial loss near log({vocabulary}) = {value} nats"
    return Statement(lines=(line,), spots=((0, f"= {value}", "logarithm", f"= {digit(rng, value)}"),))


def sizes(rng: random.Random) -> Statement:
    """Bytes in binary units."""
    size = rng.randint(2 * 10**9, 90 * 10**9)
    claim = f"{size / 2**30:.2f} GiB"
    line = f"- The scores take {size:,} bytes = {claim}"
    return Statement(lines=(line,), spots=((0, claim, "GB for GiB", claim.replace("GiB", "GB")),))


def slower(rng: random.Random) -> Statement:
    """A factor with its word."""
    factor = rng.randint(11, 39) / 10
    line = f"- The compiled variant is {factor}x slower on this backend"
    return Statement(lines=(line,), spots=((0, f"{factor}x", "factor below one", f"{1 / factor:.2f}x"),))


def footnote(rng: random.Random) -> Statement:
    """A cell with a footnote."""
    time = rng.randint(200, 990)
    lines = (
        "", "| Feature | variant A | variant B |", "|---|---|---|", f"| Speed (ms/iter) | ~{time}§ | 80 |", "",
        f"§measured {time}ms/iter over 500 iters", "",
    )  # fmt: skip
    return Statement(lines=lines, spots=((3, f"~{time}§", "footnote", f"~{time // 10}§"),))


def commit(rng: random.Random) -> Statement:
    """A commit hash."""
    name = f"{rng.getrandbits(160):040x}"
    spots = (
        (0, name, "hash cut off", name[:39]),
        (0, name, "hash with a strange letter", name[:20] + "g" + name[21:]),
        (0, name, "hash of a period", (name[:12] * 4)[:40]),
        (0, name, "hash not filled in", "[Paste the full commit hash here]"),
    )
    return Statement(lines=(f"- **Commit:** `{name}`",), spots=spots)


STATEMENTS: tuple[Callable[[random.Random], Statement], ...] = (
    reduction, speedup, rough, throughput, change_table, baseline_table, total_table, rates_table, perplexity,
    perplexity_table, product, addition, share, entropy, sizes, slower, footnote,
)  # fmt: skip


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
        "evidence": ("- **Discovery:** A loop.", "- **Strategy:** One kernel.", "- **Evidence:** As measured.",
                     "    - **Before:** as it was", "    - **After:** as it is", "", body, "", name),
        "worklog": ("**Objective:**", "*   Speed.", "", "**Actions & Command(s):**", "1.  `make`", "",
                    "**Observations & Results:**", body, "", "**Analysis & Decisions:**", "*   Kept.", "",
                    "**Artifacts:**", name),
        "logbook": ("**Goal:** Speed.", "", "**Results:**", body, "", name),
        "experiment": ("- Hypothesis: fewer passes", "- Action: one kernel", "- Outcome: as below", body, "- Result: kept",
                       name),
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
