"""Column types that hold the same values on every back end."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import DateTime, Dialect, Double, Text
from sqlalchemy.types import TypeDecorator

from pytest_bolt.stores.plain import from_text, to_text

_ESCAPE = "\x1a"
_REFUSED = re.compile("[\x00\x1a\ud800-\udfff]")
_ESCAPED = re.compile(_ESCAPE + "([0-9a-f]{4})")


def escape(text: str) -> str:
    r"""Return text that every database stores.

    PostgreSQL refuses NUL, and UTF-8 has no surrogates (a broken file name brings them in). Each becomes
    the SUBSTITUTE character and four hexadecimal digits; so does SUBSTITUTE itself, which makes it exact.
    """
    return _REFUSED.sub(lambda match: f"{_ESCAPE}{ord(match[0]):04x}", text)


def unescape(text: str) -> str:
    """Return the text that `escape` was given."""
    if _ESCAPE not in text:
        return text
    return _ESCAPED.sub(lambda match: chr(int(match[1], 16)), text)


class AnyText(TypeDecorator[str]):
    """Text with any character that a Python string can hold."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Escape what a database would refuse."""
        del dialect
        return None if value is None else escape(value)

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any] | None:
        """Undo the escape, without a layer between: thousands of rows are read at a time."""
        del dialect, coltype
        return self.unescaped

    def unescaped(self, value: str | None) -> str | None:
        """Return what was bound."""
        return None if value is None else unescape(value)


class Phrase(AnyText):
    """Text that is one of a few nearly always: those are stored as a mark of two characters.

    `PHRASES` may grow and must not change otherwise: stores hold the marks.
    """

    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Shorten a phrase; what begins like a mark is escaped by what is done for all text."""
        return _MARKS.get(value or "") or super().process_bind_param(value, dialect)

    def unescaped(self, value: str | None) -> str | None:
        """Write a phrase out again."""
        return PHRASES.get(value or "") or super().unescaped(value)


_PAIRED = "paired process blocks, ABBA quads, Hodges-Lehmann in a pair, Student over pairs, 98 % interval"
PHRASES = {
    _ESCAPE + "m": _PAIRED,
    _ESCAPE + "s": f"{_PAIRED}, variance moderated over the run's benchmarks (Smyth 2004)",
}
_MARKS = {phrase: mark for mark, phrase in PHRASES.items()}


class Plain(TypeDecorator[Any]):
    """A Python value as JSON text."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        """Write JSON; None stays NULL."""
        del dialect
        return None if value is None else to_text(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        """Read JSON; NULL stays None."""
        del dialect
        return None if value is None else from_text(value)


class AnyInteger(TypeDecorator[int]):
    """An integer of any size, as decimal text: a seed may have more than 63 bits."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: int | None, dialect: Dialect) -> str | None:
        """Write decimal digits."""
        del dialect
        return None if value is None else str(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> int | None:
        """Read decimal digits."""
        del dialect
        return None if value is None else int(value)


class Number(TypeDecorator[float]):
    """A double that may be NaN, which SQLite would turn into NULL."""

    impl = Double
    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> Callable[[float | None], Any] | None:
        """Write NaN as text on SQLite, whose columns take any type, and leave the driver no say."""
        return _nan_as_text if dialect.name == "sqlite" else super().bind_processor(dialect)

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any] | None:
        """Read a double or the text of NaN."""
        if dialect.name == "sqlite":
            return _as_float
        return super().result_processor(dialect, coltype)


class UtcTime(TypeDecorator[datetime]):
    """An aware time, stored and returned in UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse a time without zone; SQLite keeps UTC without saying so."""
        if value is None:
            return None
        if value.tzinfo is None:
            msg = f"a stored time needs a time zone: {value!r}"
            raise ValueError(msg)
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """Return an aware time in UTC."""
        del dialect
        return None if value is None else _in_utc(value)


def _as_float(value: float | str | None) -> float | None:
    return None if value is None else float(value)


@lru_cache(maxsize=4096)
def _in_utc(value: datetime) -> datetime:
    """Return an aware time; the thousands of records of a run ask for the same one."""
    return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)


def _nan_as_text(value: float | None) -> float | str | None:
    return "nan" if value is not None and math.isnan(value) else value
