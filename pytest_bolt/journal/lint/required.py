"""Rule `missing-field`: what the style of an entry asks for."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_bolt.journal.document.model import JournalEntry, Style
from pytest_bolt.journal.document.whole import Document
from pytest_bolt.journal.lint.finding import Finding, Severity

# Each line is one thing that must be there, under any of its names.
_REQUIRED: dict[Style, tuple[tuple[str, ...], ...]] = {
    Style.PAPER: (("hypothesis",), ("method",), ("result",), ("conclusion",)),
    Style.EVIDENCE: (("discovery",), ("strategy",), ("evidence",), ("before",), ("after",)),
    Style.WORKLOG: (
        ("objective",),
        ("action",),
        ("observation", "result"),
        ("analysis",),
        ("artifact",),
        ("commit",),
    ),
    Style.LOGBOOK: (("goal",), ("result", "finding", "key finding", "outcome")),
    Style.EXPERIMENT: (("hypothesis",), ("action",), ("outcome", "result")),
    Style.LEARNING: (("learning",), ("action",)),
}


def required(document: Document) -> Iterator[Finding]:
    """Find entries that lack a part of their style; an entry without any is another kind of text."""
    for part in document.parts:
        holders = {entry.within for entry in part.entries}
        judged = [
            (entry, _lacking(document, entry))
            for index, entry in enumerate(part.entries)
            if not entry.template and index not in holders and entry.style is part.style
        ]
        form = bool(part.templates) or any(entry.template for entry in part.entries)
        whole = sum(not lacking for _, lacking in judged)
        if not form and whole * 2 < len(judged):
            continue
        for entry, lacking in judged:
            asked = _REQUIRED.get(entry.style, ())
            if lacking and len(lacking) * 2 <= len(asked):
                yield Finding(
                    line=entry.line,
                    column=0,
                    rule="missing-field",
                    severity=Severity.ADVICE,
                    seen=entry.title or entry.day_text,
                    expected=", ".join(lacking),
                    message=f"a {entry.style} entry has {', '.join(lacking)}; this one has not",
                )


def _lacking(document: Document, entry: JournalEntry) -> list[str]:
    asked = _REQUIRED.get(entry.style, ())
    names = [field.name.lower() for field in entry.fields]
    lacking = [one[0] for one in asked if not any(name.startswith(one) for name in names)]
    if entry.style is Style.EVIDENCE and {"before", "after"} & set(lacking):
        text = "\n".join(document.source.shown[entry.span.start - 1 : entry.span.end - 1]).lower()
        lacking = [name for name in lacking if name not in {"before", "after"} or f"{name}:" not in text]
    return lacking
