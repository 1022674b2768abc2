"""What was asked for: the texts of command line and ini file, parsed and checked."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pytest_bolt.errors import BoltError
from pytest_bolt.options import OPTIONS, Option

_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|min|h)?")
_SECONDS = {"ms": 1e-3, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, None: 1.0}
_PERCENT = re.compile(r"(\d+(?:\.\d+)?)\s*(%)?")

CLOCKS = next(option.choices for option in OPTIONS if option.name == "clock")
MEASURED = ("cpu_time", "device_time", "peak_memory", "peak_rss")  # metrics that no test has to record
MEMORY = frozenset({"peak_memory", "peak_rss"})
_MOST_SEEDS = 100_000
_NO_GATE = {"time": "slower", "throughput": "slower"}  # other words for what the verdict is about
OWN_BASELINE = "own"  # the one that each test names itself
_STARTING = frozenset(option.name for option in OPTIONS if option.starts)
VERDICTS = ("incorrect", "incomparable", "missing", "new", "slower", "faster", "same", "inconclusive")


@dataclass(frozen=True, slots=True, kw_only=True)
class FailOn:
    """Which verdicts fail their test, and beyond which relative effect, 0 for any; and which metrics.

    Of a metric the margin is None where that of the test applies.
    """

    margins: Mapping[str, float] = field(default_factory=lambda: {"slower": 0.0})
    metrics: Mapping[str, float | None] = field(default_factory=dict)


def parse_duration(text: str) -> float:
    """Return seconds from `90`, `90s`, `10m`, `1.5h`. Raises BoltError."""
    match = _DURATION.fullmatch(text.strip())
    if not match or float(match[1]) == 0.0:
        raise BoltError(f"{text!r} is not a duration", advice="write it like 90s, 10m or 1.5h")
    return float(match[1]) * _SECONDS[match[2]]


def parse_margin(text: str) -> float:
    """Return a relative margin from `5%` or `0.05`. Raises BoltError."""
    match = _PERCENT.fullmatch(text.strip())
    value = float(match[1]) / (100.0 if match[2] else 1.0) if match else 0.0
    if not 0.0 < value < 1.0:
        raise BoltError(
            f"{text!r} is not a margin", advice="write it like 5% or 0.05, above 0 and below 100 %"
        )
    return value


def parse_fail_on(texts: Iterable[str]) -> FailOn:
    """Return the verdicts and metrics of all `slower:2.5%,missing,peak_memory:10%` texts together.

    A name that is neither a verdict nor a metric that is always measured is taken for one that a test
    records, unless it looks like a slip of one of those. Raises BoltError.
    """
    margins: dict[str, float] = {}
    metrics: dict[str, float | None] = {}
    for entry in (entry.strip() for text in texts for entry in text.split(",")):
        before, colon, after = entry.rpartition(":")
        name, margin = (before.strip(), after.strip()) if colon else (entry, "")
        if name.lower() in VERDICTS:
            if colon and name.lower() not in {"slower", "faster"}:
                raise BoltError(f"only slower, faster and metrics take a margin, not {entry!r}")
            margins[name.lower()] = parse_margin(margin) if colon else 0.0
        else:
            _check_metric(name)
            metrics[name] = _metric_margin(margin) if colon else None
    return FailOn(margins=margins, metrics=metrics)


def _check_metric(name: str) -> None:
    known = (*VERDICTS, *MEASURED)
    if name in _NO_GATE:
        raise BoltError(f"{name!r} is what the verdict is about", advice=f"did you mean {_NO_GATE[name]!r}?")
    near = difflib.get_close_matches(name.lower(), known, n=1, cutoff=0.75)
    if name not in known and (near or not name):
        raise unknown("metric" if near and near[0] in MEASURED else "verdict", name, known)


def _metric_margin(text: str) -> float:
    """Return a margin; of a metric it may be 0, for any change that is certain."""
    match = _PERCENT.fullmatch(text)
    return 0.0 if match and float(match[1]) == 0.0 else parse_margin(text)


def parse_names(text: str) -> tuple[str, ...]:
    """Return the names of a comma-separated list."""
    return tuple(name.strip() for name in text.split(",") if name.strip())


def parse_threads(text: str) -> int:
    """Return a thread count from 1 on. Raises BoltError."""
    if not text.strip().isdecimal() or int(text) < 1:
        raise BoltError(f"{text!r} is not a number of threads", advice="write a whole number from 1 on")
    return int(text)


def parse_seed(text: str) -> int:
    """Return a whole number. Raises BoltError."""
    if not text.strip().isdecimal():
        raise BoltError(f"{text!r} is not a seed", advice="write a whole number from 0 on")
    return int(text)


def parse_seeds(text: str) -> tuple[int, ...]:
    """Return the whole numbers of a list like `7` or `0-199,512`, each once. Raises BoltError."""
    found: dict[int, None] = {}
    for part in parse_names(text):
        first, dash, last = part.partition("-")
        if not first.strip().isdecimal() or (dash and not last.strip().isdecimal()):
            raise BoltError(f"{part!r} is no seed", advice="write whole numbers, like 7 or 0-199,512")
        start, stop = int(first), int(last) if dash else int(first)
        if not start <= stop < start + _MOST_SEEDS:
            raise BoltError(
                f"{part!r} is no range of seeds", advice=f"from low to high, {_MOST_SEEDS} at most"
            )
        found.update(dict.fromkeys(range(start, stop + 1)))
    return tuple(found)


def parse_kept(text: str) -> int | None:
    """Return a whole number from 0 on, None for `all`. Raises BoltError."""
    if text.strip() == "all":
        return None
    if not text.strip().isdecimal():
        raise BoltError(f"{text!r} is not a number of measurements", advice="write a whole number, or all")
    return int(text)


def unknown(kind: str, given: str, known: Iterable[str]) -> BoltError:
    """Return the error for a name that does not exist, with the nearest that does."""
    known = list(known)
    near = difflib.get_close_matches(given, known, n=1)
    advice = f"did you mean {near[0]!r}?" if near else f"known are: {', '.join(known)}"
    return BoltError(f"unknown {kind} {given!r}", advice=advice)


_UNSAID: tuple[Any, ...] = (None, [], False)
_PARSERS: Mapping[str, Callable[[str], Any]] = {
    "text": str,
    "margin": parse_margin,
    "duration": parse_duration,
    "names": parse_names,
    "threads": parse_threads,
    "seed": parse_seed,
    "seeds": parse_seeds,
    "kept": parse_kept,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What was asked for, every text parsed. Times in seconds, margins as fractions."""

    measure: bool
    compare: str | None
    aa: bool
    baseline: str | None
    mode: str
    fail_on: FailOn
    margin: float
    budget: float
    thorough: bool
    timeout: float
    build: str
    env: str
    threads: int | None
    clock: str
    memory: bool
    device: tuple[str, ...]
    dtype: tuple[str, ...]
    adapter: tuple[Path, ...]
    seeds: tuple[int, ...]
    suite: tuple[str, ...]
    store: str | None
    keep_rounds: int | None
    hypothesis: tuple[str, ...]
    expect: tuple[str, ...]
    journal: tuple[str, ...]
    journal_templates: str | None
    artifact: tuple[str, ...]
    json: str | None
    markdown: str | None
    html: str | None
    github: str
    seed: int | None
    typed: frozenset[str] = frozenset()  # names of the options given on the command line

    @property
    def active(self) -> bool:
        """Return whether anything is to be measured."""
        return self.measure or self.aa or self.compare is not None or self.baseline is not None


def settings_of(given: Mapping[str, Any], ini: Callable[[str], Any]) -> Settings:
    """Return the settings; the command line wins over the ini file, that over the default.

    Arguments:
        given: option dest -> what the command line said, None or [] where it said nothing.
        ini: returns the ini value of a dest, empty where it is not set.

    Raises BoltError for a value that cannot be understood, naming the option.
    """
    values = {option.name.replace("-", "_"): _value(option, given, ini) for option in OPTIONS}
    typed = frozenset(option.name for option in OPTIONS if given.get(option.dest) not in _UNSAID)
    if "journal" in typed and typed.isdisjoint(_STARTING):
        values["baseline"] = OWN_BASELINE
    # A kernel that is slower than another is a result; only a tree that became slower is a regression.
    default = FailOn() if values["baseline"] is None else FailOn(margins={})
    values["fail_on"] = parse_fail_on(values["fail_on"]) if values["fail_on"] else default
    values["adapter"] = tuple(Path(path) for path in values["adapter"])
    if values["compare"] is not None and not values["compare"].strip():
        raise BoltError("--bolt-compare was given an empty REF", advice="name a branch, tag or commit")
    if values["baseline"] is not None and not values["baseline"].strip():
        raise BoltError("--bolt-baseline was given an empty NAME", advice="name an adapter, a file, or own")
    return Settings(**values, typed=typed)


def _value(option: Option, given: Mapping[str, Any], ini: Callable[[str], Any]) -> Any:
    said = given.get(option.dest)
    origin = option.flag
    if said in _UNSAID and option.ini:
        said, origin = ini(option.dest), f"{option.dest} in the ini file"
    if option.metavar is None:
        return bool(said)
    if option.repeatable:
        return tuple(said or ())
    from_ini = origin != option.flag
    text = option.default if said is None or (from_ini and said in ("", [])) else said
    if text is None:
        return None
    if option.choices and text not in option.choices:
        raise BoltError(f"{origin}: {unknown('value', str(text), option.choices)}")
    try:
        return _PARSERS[option.kind](str(text))
    except BoltError as error:
        raise BoltError(f"{origin}: {error.what}", seen=error.seen, advice=error.advice) from None
