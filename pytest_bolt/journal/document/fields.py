"""The named parts of an entry: headings, bold labels and labelled list items."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pytest_bolt.journal.document.model import Field, Heading, Span

_LABEL = re.compile(
    r"[ ]{0,12}(?:[-*+][ ]{1,4})?(?:"
    r"\*\*(?P<bold>[A-Za-z][^*\n:]{0,60})(?::[ ]?\*\*|\*\*[ ]?:)"
    r"|(?:[-*+][ ]{1,4}|^)(?P<plain>[A-Z][A-Za-z /&()-]{1,40}):(?=[ ]|$)"
    r")(?P<rest>.*)"
)
_LISTED = re.compile(r"[ ]{0,12}[-*+][ ]")


def fields_of(
    lines: Sequence[str], span: Span, headings: Sequence[Heading], hidden: bytearray
) -> tuple[Field, ...]:
    """Return the fields between the lines of `span`, whose own heading is not one of `headings`."""
    titles = {heading.line: heading.text for heading in headings}
    found: list[tuple[str, int, list[str]]] = []
    for number in range(span.start + 1, span.end):
        line = lines[number - 1]
        label = None if hidden[number] else _label(line, titles.get(number))
        if label is not None:
            found.append((label[0], number, [label[1]] if label[1] else []))
        elif found:
            found[-1][2].append(line)
    return tuple(Field(name=name, line=at, text="\n".join(text).strip()) for name, at, text in found)


def _label(line: str, title: str | None) -> tuple[str, str] | None:
    if title is not None:
        return title, ""
    if ":" not in line:
        return None
    found = _LABEL.match(line)
    if found is None or (found["plain"] and not _LISTED.match(line) and len(found["plain"]) > 20):
        return None
    return (found["bold"] or found["plain"]).strip(), found["rest"].strip()
