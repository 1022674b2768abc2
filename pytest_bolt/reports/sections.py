"""A document made of whole sections, which sheds them in order until it is as short as it has to be."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """How long a text may be.

    Arguments:
        characters: at most so many UTF-16 code units. A host that counts code points counts no more than
            these, and UTF-8 takes at most three bytes for each.
        size: at most so many bytes of UTF-8.
    """

    characters: int | None = None
    size: int | None = None

    def holds(self, text: str) -> bool:
        """Return whether the text is short enough."""
        if self.characters is not None and characters(text) > self.characters:
            return False
        return self.size is None or len(text.encode("utf-8", "surrogatepass")) <= self.size

    def smaller(self) -> Budget:
        """Return three quarters of it: for a host that refuses what this one holds."""
        parts = (None if most is None else most * 3 // 4 for most in (self.characters, self.size))
        return Budget(**dict(zip(("characters", "size"), parts, strict=True)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A part that is shown whole or not at all; of two, the one with the higher `shed` goes first.

    With `shed` 0 it stays whatever happens.
    """

    name: str
    text: str
    shed: int = 0


def characters(text: str) -> int:
    """Return the length in UTF-16 code units."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def fitted(sections: Iterable[Section], budget: Budget) -> str:
    """Return the sections that fit together, with a last line that names those that were left out."""
    kept = [section for section in sections if section.text]
    left_out: list[Section] = []
    while not budget.holds(text := _joined(kept, left_out)) and any(section.shed for section in kept):
        first = max(kept, key=lambda section: section.shed)
        kept.remove(first)
        left_out.append(first)
    return text


def _joined(kept: Sequence[Section], left_out: Sequence[Section]) -> str:
    texts = [section.text for section in kept]
    if left_out:
        names = ", ".join(section.name for section in left_out)
        texts.append(f"Left out, because the report would be too long: {names}.")
    return "\n\n".join(texts) + "\n"
