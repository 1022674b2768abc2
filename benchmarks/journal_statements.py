"""Statements with true arithmetic, as journals make them, and the figures in them that a slip can hit."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import dataclass


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
        "", "| Feature | variant A | variant B |", "|---|---|---|", f"| Speed (ms/iter) | ~{time}§ | 80 |",
        "", f"§measured {time}ms/iter over 500 iters", "",
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
