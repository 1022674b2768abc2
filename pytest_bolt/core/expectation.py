"""A machine-checkable hypothesis: `test_softmax*: time <= 0.95x base`."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from fnmatch import translate
from functools import lru_cache
from typing import NoReturn

from pytest_bolt.core.plain_text import one_line
from pytest_bolt.errors import BoltError

METRICS = ("time", "cpu_time", "device_time", "throughput", "peak_memory", "peak_rss", "error", "speedup")
_PREFIXES = {"": 1.0, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12}
_BINARY = {"Ki": 2.0**10, "Mi": 2.0**20, "Gi": 2.0**30, "Ti": 2.0**40}
_TIMES = {"ns": 1.0, "us": 1e3, "\N{MICRO SIGN}s": 1e3, "ms": 1e6, "s": 1e9, "min": 60e9}
_BYTES = {f"{prefix}B": scale for prefix, scale in (_PREFIXES | _BINARY).items()}
_RATES = {f"{unit}/s": scale for unit, scale in _BYTES.items()}
_FLOPS = {f"{prefix}FLOP/s": scale for prefix, scale in _PREFIXES.items()}
_CALLS = {f"{prefix}it/s": scale for prefix, scale in _PREFIXES.items() if prefix in {"", "k", "M"}}
_DIMENSIONS = {"ns": _TIMES, "B": _BYTES, "B/s": _RATES, "FLOP/s": _FLOPS, "it/s": _CALLS}
_UNITS = {unit: (base, scale) for base, units in _DIMENSIONS.items() for unit, scale in units.items()}
_ALLOWED: dict[str, tuple[str, ...]] = {
    "time": ("ns",),
    "cpu_time": ("ns",),
    "device_time": ("ns",),
    "peak_memory": ("B",),
    "peak_rss": ("B",),
    "throughput": ("B/s", "FLOP/s", "it/s"),
    "error": (),
    "speedup": (),
}
_UNITLESS = frozenset({"error"})
_NEVER_ZERO = frozenset({"time", "cpu_time", "device_time", "throughput", "speedup"})
_OPERATOR = re.compile(r"<=|>=|==|\u2264|\u2265")
_NEAR_OPERATOR = re.compile(r"=<|=>|<|>|=")
_NUMBER = re.compile(r"[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?")
_TIMES_BASE = re.compile(r"[x\u00d7]\s*(base)?")
_PART = re.compile(r"\s*(\d{1,3})[.)]\s+")
_METRIC = re.compile(r"[^\s:<>=]+(?: [^\s:<>=]+)*")
_EXAMPLE = "write it like `time <= 0.95x base`, `test_softmax*: time <= -4.5%` or `peak_memory <= 1.2 GB`"


class Relation(StrEnum):
    """Which side of the bound is asked for; the bound itself satisfies each.

    EQUAL is the bound within half a unit of its last digit as written.
    """

    AT_MOST = "<="
    AT_LEAST = ">="
    EQUAL = "=="


_RELATIONS = {
    "<=": Relation.AT_MOST,
    "\u2264": Relation.AT_MOST,
    ">=": Relation.AT_LEAST,
    "\u2265": Relation.AT_LEAST,
    "==": Relation.EQUAL,
}


@dataclass(frozen=True, slots=True)
class _Bound:
    value: float
    rounding: float
    relative: bool = False
    unit: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """One bound on one metric of the benchmarks that match `glob`; an empty glob is every benchmark.

    With `relative`, `bound` is a factor of the base's value (for `speedup`: the factor itself).
    Otherwise it is a value of the head in `unit`: ns, B, B/s, FLOP/s, it/s, or the unit of a metric
    that a test recorded. `rounding` is half a unit of the bound's last digit as written, in the terms of the
    bound. `part` is the number of the part of a hypothesis that it belongs to, 0 for none. `text` is what the
    person wrote.
    """

    text: str
    metric: str
    relation: Relation
    bound: float
    relative: bool
    unit: str = ""
    glob: str = ""
    rounding: float = 0.0
    part: int = 0

    def matches(self, node_id: str) -> bool:
        """Return whether the glob names the benchmark: whole node id, or from a `/` or `::` on.

        `*` and `?` are wild, brackets are themselves; parameters may be left out.
        """
        if not self.glob:
            return True
        pattern = _pattern(self.glob)
        whole = (node_id, node_id.partition("[")[0])
        return any(pattern.match(name[start:]) for name in whole for start in _starts(name))

    def on(self, node_id: str) -> Expectation:
        """Return the same expectation about one benchmark, unless it names its own."""
        return self if self.glob else replace(self, glob=node_id, text=f"{node_id}: {self.text}")


def parse(text: str, *, recorded: Collection[str] = ()) -> Expectation:
    """Return the expectation that a person wrote.

    Arguments:
        text: `[GLOB:] METRIC <=|>=|== BOUND`, the bound a factor (`0.95x base`), a change (`-4.5%`) or a
            value with a unit (`1.2 GB`).
        recorded: names of metrics that tests record. A name that is neither there nor built in is
            taken for one that a test will record, unless it looks like a slip of a built-in one.

    Raises:
        BoltError: with the place, if the text does not follow the grammar.
    """
    return _Parser(text, frozenset(recorded)).expectation()


def parse_all(texts: Iterable[str], *, recorded: Collection[str] = ()) -> tuple[Expectation, ...]:
    """Return the expectations of several texts, each of which may hold several, separated by `;`.

    A number before them (`2. time <= 0.9x base`) is that of the part of the hypothesis that they belong to.
    """
    found: list[Expectation] = []
    for text in texts:
        number = _PART.match(text)
        parts = (part for part in text[number.end() if number else 0 :].split(";") if part.strip())
        found += (
            replace(parse(part, recorded=recorded), part=int(number[1]) if number else 0) for part in parts
        )
    return tuple(found)


def unit_scale(unit: str) -> tuple[str, float]:
    """Return the unit that values are compared in and its size: `GB` is (`B`, 1e9)."""
    return _UNITS.get(unit, (unit, 1.0))


def _half_a_digit(number: str) -> float:
    """Return half a unit of the last digit of a number as written: 0.005 for `2.37`, 50 for `1e2`."""
    digits, _, exponent = number.lower().partition("e")
    decimals = len(digits.partition(".")[2])
    return float(f"0.5e{(int(exponent) if exponent else 0) - decimals}")


@lru_cache(maxsize=4096)  # each is matched with every benchmark of a run, several times
def _pattern(glob: str) -> re.Pattern[str]:
    return re.compile(translate(glob.replace("[", "[[]")))


def _starts(node_id: str) -> list[int]:
    path = node_id.partition("[")[0]
    return [0, *(found.end() for found in re.finditer(r"/|::", path))]


class _Parser:
    def __init__(self, text: str, recorded: frozenset[str]) -> None:
        self.text = text.strip().replace("\N{MINUS SIGN}", "-").replace("\N{GREEK SMALL LETTER MU}", "\u00b5")
        self.known = (*METRICS, *sorted(recorded - set(METRICS)))

    def expectation(self) -> Expectation:
        if not self.text:
            self.fail("it is empty", 0)
        operators = list(_OPERATOR.finditer(self.text))
        if not operators:
            near = _NEAR_OPERATOR.search(self.text)
            self.fail(
                "there is no `<=`, `>=` or `==`",
                near.start() if near else len(self.text),
                "use `<=`, `>=` or `==`",
            )
        operator = operators[-1]
        glob, metric = self.subject(operator.start())
        relation = _RELATIONS[operator.group()]
        bound = self.bound(operator.end(), metric)
        self.check_meaning(metric, relation, bound.value, operator.end())
        return Expectation(
            text=self.text,
            glob=glob,
            metric=metric,
            relation=relation,
            bound=bound.value,
            relative=bound.relative,
            unit=bound.unit,
            rounding=bound.rounding,
        )

    def subject(self, end: int) -> tuple[str, str]:
        colon = self.text.rfind(":", 0, end)
        glob, metric = self.text[: max(colon, 0)].strip(), self.text[colon + 1 : end].strip()
        place = colon + 1 + len(self.text[colon + 1 : end]) - len(self.text[colon + 1 : end].lstrip())
        if glob.endswith(":"):
            self.fail(
                "a metric is missing after the benchmark",
                end,
                f"for example `{self.text[:end].strip()}: time`",
            )
        if colon == 0:
            self.fail("there is nothing before the colon", 0, "leave the colon out to mean every benchmark")
        if not _METRIC.fullmatch(metric):
            self.fail("a metric is missing before the sign", place, f"one of {', '.join(METRICS)}")
        self.check_metric(metric, place)
        return glob, metric

    def check_metric(self, metric: str, place: int) -> None:
        if metric in self.known:
            return
        near = difflib.get_close_matches(metric.lower().replace(" ", "_"), self.known, n=1, cutoff=0.75)
        if near:
            self.fail(f"there is no metric `{one_line(metric)}`", place, f"did you mean `{near[0]}`?")

    def bound(self, start: int, metric: str) -> _Bound:
        place = start + len(self.text[start:]) - len(self.text[start:].lstrip())
        number = _NUMBER.match(self.text, place)
        if number is None:
            self.fail("a number is missing after the sign", place)
        value, rest = float(number.group()), self.text[number.end() :].strip()
        after = len(self.text) - len(rest)
        if not math.isfinite(value):
            self.fail("the number is too large", place)
        half = _half_a_digit(number.group())
        if rest == "%":
            return _Bound(self.factor(1 + value / 100, place), half / 100, relative=True)
        if _TIMES_BASE.fullmatch(rest) or (metric == "speedup" and not rest):
            return _Bound(self.factor(value, place), half, relative=True)
        if rest.startswith(("x", "\u00d7", "%", "base")):
            advice = "write a factor as `0.95x base`, a change as `-5%`"
            self.fail(f"`{one_line(rest)}` is not something to compare with", after, advice)
        base, scale = self.unit(rest, metric, after)
        return _Bound(value * scale, half * scale, unit=base)

    def check_meaning(self, metric: str, relation: Relation, bound: float, place: int) -> None:
        """Refuse a bound that every measurement meets, or none; what a test records may be negative."""
        if metric not in METRICS or bound > 0:
            return
        if relation is Relation.AT_LEAST:
            self.fail("no measurement could ever refute it", place, "write a bound above zero")
        if bound < 0 or metric in _NEVER_ZERO:
            self.fail("no measurement could ever confirm it", place, "write a bound above zero")

    def factor(self, value: float, place: int) -> float:
        if value <= 0:
            self.fail(
                "the bound is a factor of the base and must be above zero", place, "a change is above -100%"
            )
        return value

    def unit(self, unit: str, metric: str, place: int) -> tuple[str, float]:
        if metric not in _ALLOWED or (metric in _UNITLESS and not unit):
            return unit_scale(unit)
        allowed = [name for base in _ALLOWED[metric] for name in _DIMENSIONS[base]]
        if unit not in allowed:
            self.fail(_unit_problem(unit, metric), place, _unit_advice(unit, allowed))
        return _UNITS[unit]

    def fail(self, problem: str, place: int, advice: str = _EXAMPLE) -> NoReturn:
        caret = " " * len(one_line(self.text[:place])) + "^"
        what = f"this expectation cannot be read: {problem}"
        raise BoltError(what, seen={"expectation": f"{one_line(self.text)}\n{caret}"}, advice=advice)


def _unit_problem(unit: str, metric: str) -> str:
    return (
        f"`{metric}` has no unit `{one_line(unit)}`"
        if unit
        else f"`{metric}` needs a unit, a factor or a percentage"
    )


def _unit_advice(unit: str, allowed: list[str]) -> str:
    if not allowed:
        return "write a factor as `1.2x`, a change as `-5%`, and leave a unit out"
    near = [name for name in allowed if name.lower() == unit.lower()] or difflib.get_close_matches(
        unit, allowed, n=1
    )
    return f"did you mean `{near[0]}`?" if near else f"one of {', '.join(allowed)}"
