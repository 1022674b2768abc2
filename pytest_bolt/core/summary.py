"""What the reports say of a finished run: order, counts, changes, throughput, procedure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from pytest_bolt.core.comparison import Comparison, Interval, Metric, NullControl
from pytest_bolt.core.measurement import Clock
from pytest_bolt.core.record import BASELINE_MODE, Summary
from pytest_bolt.core.speedups import Speedups, speedups
from pytest_bolt.core.units import IterationTime, format_bytes, format_change, format_rate, format_time
from pytest_bolt.core.verdict import SEVERITY, Verdict

_RANK = {verdict: rank for rank, verdict in enumerate(SEVERITY)}
_UNCHANGED = frozenset({Verdict.SAME, Verdict.INCONCLUSIVE})
_NS_PER = {"ns": 1.0, "us": 1e3, "ms": 1e6, "s": 1e9}
_CLOCK_TEXT = {
    Clock.FILTERED: "wall time without preempted parts",
    Clock.WALL: "wall time, lower quartile",
    Clock.CPU: "process CPU time",
    Clock.DEVICE: "device events",
}
_UNREADABLE = 1e7  # a fraction beyond it is written with an exponent
NOISE_ONLY = "both trees hold the same code: this measures noise only"


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineLimits:
    """What one device of this machine was measured to do at best: bytes/s, and FLOP/s by dtype."""

    device: str = "cpu"
    bytes_per_second: float | None = None
    flops_per_second: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Throughput:
    """Work done in a second on each side, in `unit` (`B` or `FLOP`), None where nothing was timed.

    `share` is the least time that the machine's limits allow for the work, divided by the head's
    time; `limit` names the limit that sets it, "memory" or "compute". The roofline model: Williams,
    Waterman and Patterson (2009), doi:10.1145/1498765.1498785.
    """

    unit: str
    base: float | None
    head: float | None
    share: float | None = None
    limit: str = ""


def ordered(comparisons: Iterable[Comparison]) -> tuple[Comparison, ...]:
    """Return the comparisons by severity of the verdict, then by node id."""
    return tuple(sorted(comparisons, key=lambda c: (_RANK[c.verdict], c.case.case_id.node_id)))


def changed(comparisons: Iterable[Comparison]) -> tuple[Comparison, ...]:
    """Return what is neither the same nor undecided, in order."""
    return tuple(c for c in ordered(comparisons) if c.verdict not in _UNCHANGED)


def first_line(summary: Summary) -> str:
    """Return `2 slower, 1 faster, 35 same, 1 new of 39`."""
    counts = summary.counted()
    if not counts:
        return "no benchmark was compared"
    return ", ".join(f"{n} {name}" for name, n in counts.items()) + f" of {len(summary.timed)}"


def fails(comparison: Comparison) -> bool:
    """Return whether a benchmark failed its test, by its time, by a metric, or with a wrong answer."""
    wrong = comparison.verdict is Verdict.INCORRECT
    return wrong or comparison.failed or any(metric.failed for metric in comparison.metrics)


def shows_speed(comparison: Comparison) -> bool:
    """Return whether a time may be shown: never for a wrong answer."""
    return comparison.verdict is not Verdict.INCORRECT


def noise_only(summary: Summary) -> bool:
    """Return whether every benchmark that was measured ran the same code on both sides."""
    measured = [c for c in summary.comparisons if c.ratio is not None]
    return bool(measured) and all(c.noise_only for c in measured)


def verdict_text(comparison: Comparison) -> str:
    """Return the verdict in words: capitals where a person has to look, the margin with SAME."""
    verdict = comparison.verdict
    text = str(verdict).upper()
    if verdict is Verdict.SAME:
        text = f"same within {percent(comparison.margin)}"
    elif verdict is Verdict.FASTER:
        text = "faster"
    elif comparison.mode == "measure":
        text = "measured"
    return f"{text}, failed" if comparison.failed else text


def change_text(ratio: Interval | None) -> str:
    """Return `+5.0 % [+3.1, +7.0]` for a ratio head/base, `+5.0 %` for an exact one, `-` for none."""
    if ratio is None:
        return "-"
    if ratio.low == ratio.high:
        return format_change(ratio.estimate)
    low, high = (format_change(bound).removesuffix(" %") for bound in (ratio.low, ratio.high))
    return f"{format_change(ratio.estimate)} [{low}, {high}]"


def effect_text(comparison: Comparison) -> str:
    """Return the change of the time; against another implementation the speedup, `1.31x [1.27, 1.36]`."""
    ratio = comparison.ratio if shows_speed(comparison) else None
    if comparison.mode != BASELINE_MODE or ratio is None:
        return change_text(ratio)
    rate = ratio.inverted()
    return f"{rate.estimate:.2f}x [{rate.low:.2f}, {rate.high:.2f}]"


def effect_header(header: Sequence[str], comparisons: Iterable[Comparison]) -> tuple[str, ...]:
    """Return the header of a table; `change` is called `speedup` in a comparison with a baseline."""
    against = any(each.mode == BASELINE_MODE for each in comparisons)
    return tuple("speedup" if against and name == "change" else name for name in header)


def speedup_lines(comparisons: Iterable[Comparison]) -> tuple[str, ...]:
    """Return two lines for each implementation that was compared with a baseline."""
    return tuple(line for each in speedups(comparisons) for line in _speedup_lines(each))


def _speedup_lines(found: Speedups) -> tuple[str, ...]:
    name = f"{found.implementation or 'candidates'} against {found.baseline}"
    wrong = f", {found.wrong} wrong" if found.wrong else ""
    if found.mean is None:
        return (f"{name}: nothing was timed{wrong}",)
    shares = ", ".join(f"{p:g}x {percent(share)}" for p, share in found.shares)
    mean = f"{found.mean:.2f}x geometric mean of {found.timed}{wrong}"
    return (
        f"{name}: {mean}; worst {found.worst:.2f}x, {found.worst_case}",
        f"  correct and faster than {shares}",
    )


def percent(fraction: float | None) -> str:
    """Return `3.0 %` for 0.03, trailing zero left out for whole percents (`5 %`), `-` for None."""
    if fraction is None or not math.isfinite(fraction):
        return "-"
    if abs(fraction) >= _UNREADABLE:
        return f"{100 * fraction:.3g} %"
    return f"{100 * fraction:.1f}".removesuffix(".0") + " %"


def time_text(comparison: Comparison, time: IterationTime | None) -> str:
    """Return the time of one iteration, `-` where there is none or none may be shown."""
    return format_time(time) if time is not None and shows_speed(comparison) else "-"


def metric_change(metric: Metric) -> Interval | None:
    """Return the ratio head/base of a metric: measured, else of the two values, else None."""
    if metric.ratio is not None or not metric.base or metric.head is None or metric.base < 0:
        return metric.ratio
    ratio = metric.head / metric.base
    return Interval(estimate=ratio, low=ratio, high=ratio)


def metric_text(value: float | None, unit: str) -> str:
    """Return a recorded value with its unit, six significant digits where the unit is not ours."""
    if value is None or not math.isfinite(value):
        return "-"
    if unit in _NS_PER:
        return format_time(IterationTime(value * _NS_PER[unit]))
    if unit == "B":
        return format_bytes(value)
    return f"{value:.6g} {unit}".rstrip()


def throughput(comparison: Comparison, limits: MachineLimits | None = None) -> Throughput | None:
    """Return the rate of the work that the benchmark declares, None where it declares none."""
    work = comparison.case.workload
    if not shows_speed(comparison) or not (work.bytes or work.flops):
        return None
    least = _least_seconds(comparison, limits or MachineLimits())
    limit = max(least, key=lambda name: least[name], default="")
    unit, amount = _unit_and_amount(comparison, limit)
    head = comparison.head_time
    share = least[limit] * 1e9 / head.ns if limit and head is not None and head.ns > 0 else None
    return Throughput(
        unit=unit,
        base=_rate(amount, comparison.base_time),
        head=_rate(amount, head),
        share=share,
        limit=limit,
    )


def rate_cells(rate: Throughput) -> tuple[str, str, str]:
    """Return base, head and share of the limit as text, `-` for what is not known."""
    base, head = ("-" if side is None else format_rate(side, rate.unit) for side in (rate.base, rate.head))
    return base, head, "-" if rate.share is None else f"{percent(rate.share)} ({rate.limit})"


def clock_text(clock: Clock) -> str:
    """Return what the clock reads, with its short name."""
    return f"{_CLOCK_TEXT[clock]} ({clock})"


def procedure(summary: Summary) -> tuple[str, ...]:
    """Return how the numbers were made, a sentence for each way that occurs among the benchmarks."""
    measured = [c for c in summary.comparisons if c.ratio is not None and shows_speed(c)]
    ways: dict[tuple[str, str, str], list[Comparison]] = {}
    for comparison in measured:
        ways.setdefault((comparison.mode, clock_text(comparison.clock), comparison.method), []).append(
            comparison
        )
    control = (control_text(summary.run.control),) if summary.run.control else ()
    return (*(_way(way, members) for way, members in sorted(ways.items())), *control)


def control_text(control: NullControl) -> str:
    """Return what the base differed by from itself, and the noise floor that follows."""
    over = f"{control.values} values of {_range([control.benchmarks], 'benchmark', 'benchmarks')}"
    found = f"null control, base against base: {change_text(control.ratio)}, {over}"
    certain = f", a difference of {percent(control.certain)} is certain" if control.certain else ""
    return f"{found}; noise floor {percent(control.floor)}{certain}"


def _way(way: tuple[str, str, str], members: list[Comparison]) -> str:
    mode, clock, method = way
    pairs = _range([c.pairs for c in members], "process pair", "process pairs")
    head = f"{mode}: {len(members)} benchmark{'s' * (len(members) != 1)} by {clock}, {pairs}"
    return f"{head}, {method}" if method else head


def _range(counts: list[int], one: str, many: str) -> str:
    low, high = min(counts), max(counts)
    if low == high:
        return f"{low} {one if low == 1 else many}"
    return f"{low} to {high} {many}"


def _unit_and_amount(comparison: Comparison, limit: str) -> tuple[str, int]:
    work = comparison.case.workload
    if work.flops and (limit == "compute" or not work.bytes):
        return "FLOP", work.flops
    return "B", work.bytes or 0


def _least_seconds(comparison: Comparison, limits: MachineLimits) -> dict[str, float]:
    work = comparison.case.workload
    least: dict[str, float] = {}
    if comparison.case.device != limits.device:
        return least
    if work.bytes and limits.bytes_per_second:
        least["memory"] = work.bytes / limits.bytes_per_second
    peak = limits.flops_per_second.get(work.dtype)
    if work.flops and peak:
        least["compute"] = work.flops / peak
    return least


def _rate(amount: int, time: IterationTime | None) -> float | None:
    return amount / (time.ns * 1e-9) if time is not None and time.ns > 0 else None
