"""Numbers with units as they are printed: how much, of what, and how exactly."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from pytest_bolt.journal.lint.interval import Interval

APPROXIMATE_INPUT = 0.05
APPROXIMATE_CLAIM = 0.10

_TIME = {
    "ns": 1e-9, "us": 1e-6, "ms": 1e-3, "msec": 1e-3, "s": 1.0, "sec": 1.0, "secs": 1.0, "second": 1.0,
    "seconds": 1.0, "min": 60.0, "mins": 60.0, "minute": 60.0, "minutes": 60.0, "h": 3600.0, "hr": 3600.0,
    "hrs": 3600.0, "hour": 3600.0, "hours": 3600.0, "days": 86400.0, "day": 86400.0,
    "milliseconds": 1e-3, "microseconds": 1e-6, "nanoseconds": 1e-9,
}  # fmt: skip
_BYTES = {
    "bytes": 1.0, "byte": 1.0, "B": 1.0, "kB": 1e3, "KB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12,
    "KiB": 2.0**10, "MiB": 2.0**20, "GiB": 2.0**30, "TiB": 2.0**40,
}  # fmt: skip
_COUNTS = {"k": 1e3, "K": 1e3, "M": 1e6, "B": 1e9, "bn": 1e9, "million": 1e6, "billion": 1e9}
_FLOPS = {f"{prefix}FLOPS": scale for prefix, scale in (("G", 1e9), ("T", 1e12), ("P", 1e15))}
_FLOPS |= {name.replace("FLOPS", "FLOP/s"): scale for name, scale in _FLOPS.items()}
_OTHER = {
    "%": 1.0, "percent": 1.0, "pp": 1.0, "points": 1.0, "percentage points": 1.0, "x": 1.0, "nats": 1.0,
    "bits": 1.0, "fps": 1.0, "FPS": 1.0, "Hz": 1.0, "W": 1.0,
}  # fmt: skip
_SAME = {
    "percent": "%", "points": "pp", "percentage points": "pp", "FPS": "fps", "tok": "tokens",
    "token": "tokens", "toks": "tokens", "iter": "step", "iteration": "step", "it": "step", "its": "step",
    "steps": "step", "iters": "step", "iterations": "step", "sec": "s", "second": "s", "seconds": "s",
}  # fmt: skip
_SCALES: dict[str, tuple[str, float]] = {
    **{name: ("time", scale) for name, scale in _TIME.items()},
    **{name: ("bytes", scale) for name, scale in _BYTES.items() if name != "B"},
    **{name: ("flops", scale) for name, scale in _FLOPS.items()},
    **{name: (_SAME.get(name, name), scale) for name, scale in _OTHER.items()},
    "kHz": ("Hz", 1e3), "MHz": ("Hz", 1e6), "GHz": ("Hz", 1e9), "kW": ("W", 1e3),
}  # fmt: skip

_NUMBER = r"(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?(?:[eE][-+]?\d{1,3}(?!\w))?|\.\d+"
_UNITS = "|".join(sorted(map(re.escape, _SCALES), key=len, reverse=True))
_QUANTITY = re.compile(
    r"(?P<mark>[~≈<>≤≥][ ]?)?(?P<sign>(?<![\w)\]%.])[-+])?(?<![\w.,#$/])(?<![A-Za-z]-)"
    rf"(?P<number>{_NUMBER})(?![\d]|[.,]\d)"
    rf"(?P<unit>(?P<count>[ ]?(?:million|billion)\b|[kKMB]n?(?![A-Za-z0-9])|[ ][kKM](?![A-Za-z0-9/]))?"
    rf"(?:[ ]?(?P<name>{_UNITS})(?![A-Za-z0-9_])(?!(?<=x)[ ]{{0,2}}[\d(]))?"
    rf"(?:[ ]?(?P<word>[A-Za-z]{{1,12}})(?=/s\b|/sec|[ ]per[ ]|/[A-Za-z]))?"
    rf"(?:/(?P<per>(?:\d+[ ])?[A-Za-z]{{1,12}}\b(?!\())|[ ]per[ ](?P<each>[A-Za-z]{{1,12}}\b))?)"
)
_DIGIT = re.compile(r"\d")
_COMPOSITE = re.compile(
    r"(?P<mark>[~≈][ ]?)?(?<![\w.,:])(?:(?P<h>\d{1,4})[ ]?(?:hours?|hrs?|h)(?:[ ]|(?=\d)))?"
    r"(?P<m>\d{1,4})[ ]?(?:minutes?|mins?|m)(?![A-Za-z])"
    r"(?:[ ]?(?P<s>\d{1,2}(?:\.\d+)?)[ ]?(?:seconds?|secs?|s)\b)?"
)
_MASKED = re.compile(r"\d{4}-\d{2}-\d{2}|\b\d{1,2}:\d{2}(?::\d{2})?\b|https?://\S+|\b[0-9a-f]{12,64}\b")


@dataclass(frozen=True)
class Quantity:
    """A printed figure: `value` in the base unit of `kind`, `ulp` one unit of its last digit.

    `kind` is `time`, `bytes`, `%`, `x`, `tokens/s` and the like, empty for a bare number. `mark` is one of
    `~ ≈ < > ≤ ≥` or empty; `signed` tells a printed sign; `repeats` is the 1000 of `ms/1000 steps`.
    """

    start: int
    end: int
    value: float
    ulp: float
    kind: str
    text: str
    scale: float = 1.0
    mark: str = ""
    signed: bool = False
    repeats: float = 1.0

    @property
    def about(self) -> bool:
        """Return whether it says that it is no exact figure."""
        return self.mark in {"~", "≈"}

    @cached_property
    def range(self) -> Interval:
        """Return what it can have been before rounding; an approximate one has five per cent at least."""
        exact = Interval.around(self.value, self.ulp / 2)
        return exact.widened(APPROXIMATE_INPUT) if self.about else exact

    @cached_property
    def claimed(self) -> Interval:
        """Return what a claim of this size allows: ten per cent where it is approximate."""
        exact = Interval.around(self.value, self.ulp / 2)
        return exact.widened(APPROXIMATE_CLAIM) if self.about else exact

    def shown(self, value: float) -> str:
        """Return another value printed as this one is, with a digit more where it is needed to differ."""
        scaled, ulp = value / self.scale, self.ulp / self.scale
        if not math.isfinite(scaled):
            return str(scaled)
        digits = max(0, min(9, -math.floor(math.log10(ulp) + 1e-9))) if ulp > 0 else 0
        text = f"{scaled:.{digits}f}"
        return text if float(text) != self.value / self.scale else f"{scaled:.{digits + 1}f}"


@lru_cache(maxsize=4096)
def quantities(text: str) -> tuple[Quantity, ...]:
    """Return the figures of a text, in order; dates, times of day, addresses and hashes are none."""
    if _DIGIT.search(text) is None:
        return ()
    masked = _MASKED.sub(lambda match: " " * len(match.group()), text)
    found: list[Quantity] = []
    at = 0
    composites = [one for one in _COMPOSITE.finditer(masked) if one["h"] or one["s"]]
    for composite in composites:
        found += _plain(masked, at, composite.start())
        found.append(_composite(composite))
        at = composite.end()
    return (*found, *_plain(masked, at, len(masked)))


def _plain(text: str, start: int, stop: int) -> Sequence[Quantity]:
    found = []
    for match in _QUANTITY.finditer(text, start, stop):
        quantity = _quantity(match, text)
        if quantity is not None:
            found.append(quantity)
    return found


def _quantity(match: re.Match[str], text: str) -> Quantity | None:
    name, count = match["name"] or "", (match["count"] or "").strip()
    after = text[match.end() : match.end() + 1]
    if not name and not count and (after.isalpha() or after == "_"):
        return None
    number = float(match["number"].replace(",", ""))
    if not math.isfinite(number):
        return None
    base, scale = _SCALES.get(name, ("", 1.0))
    repeats = _repeats(match["per"])
    scale *= _COUNTS.get(count, 1.0) / repeats
    sign = -1.0 if (match["sign"] or "").strip() == "-" else 1.0
    return Quantity(
        start=match.start(),
        end=match.end(),
        value=sign * number * scale,
        ulp=0.0 if _is_setting(match, text) else _ulp(match["number"]) * scale,
        kind=_kind(base, match),
        text=match.group().strip(),
        scale=scale,
        mark=(match["mark"] or "").strip(),
        signed=bool(match["sign"]),
        repeats=repeats,
    )


def _is_setting(match: re.Match[str], text: str) -> bool:
    """Return whether the figure is the 8 of `B=8`, which nobody rounded."""
    return not match["unit"] and match["number"].isdigit() and text[match.start() - 1 : match.start()] == "="


def _kind(base: str, match: re.Match[str]) -> str:
    word = match["word"] or ""
    top = base or _SAME.get(word, word)
    below = (match["per"] or match["each"] or "").split(" ")[-1]
    return f"{top}/{_SAME.get(below, below)}" if below else top


def _repeats(per: str | None) -> float:
    """Return the 1000 of `ms/1000 steps`."""
    number = (per or "").split(" ")[0]
    return float(number) if number.isdigit() and int(number[:12]) else 1.0


def _ulp(number: str) -> float:
    """Return one unit of the last printed digit."""
    mantissa, _, exponent = number.lower().partition("e")
    decimals = len(mantissa.partition(".")[2])
    return float(10.0 ** (int(exponent or 0) - decimals))


def _composite(match: re.Match[str]) -> Quantity:
    seconds = match["s"] or ""
    value = 3600.0 * int(match["h"] or 0) + 60.0 * int(match["m"]) + float(seconds or 0)
    return Quantity(
        start=match.start(),
        end=match.end(),
        value=value,
        ulp=_ulp(seconds) if seconds else 60.0,
        kind="time",
        text=match.group().strip(),
        mark=(match["mark"] or "").strip(),
    )
