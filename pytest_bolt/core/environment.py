"""Where a measurement was made: everything known, and the stable part that decides comparability."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

FINGERPRINT_KEYS = (
    "cpu_model",
    "cpu_count",
    "gpu_names",
    "gpu_driver_major",
    "system",
    "machine",
    "python_implementation",
    "python_minor",
    "torch",
    "triton",
    "threads",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fingerprint:
    """The stable part of an environment: never a clock frequency, a host name or free memory."""

    parts: Mapping[str, str]

    @property
    def digest(self) -> str:
        """Return 16 hexadecimal digits that are equal exactly for equal parts."""
        text = json.dumps(dict(self.parts), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """All facts known about the machine and interpreter, as text by name."""

    facts: Mapping[str, str] = field(default_factory=dict)

    @property
    def fingerprint(self) -> Fingerprint:
        """Return the facts that decide whether two measurements may be compared."""
        return Fingerprint(parts={key: self.facts.get(key, "") for key in FINGERPRINT_KEYS})
