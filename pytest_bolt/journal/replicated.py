"""What an entry says of the one that it repeats: both results side by side, and the verdict."""

from __future__ import annotations

from pytest_bolt.core.markdown_text import Markdown, code, escape, table
from pytest_bolt.core.replication import Pairing
from pytest_bolt.journal.entry import Entry

_RULE = (
    "By rule: replicated where the whole interval of the difference lies inside the margin of the benchmark, "
    "or both runs show the same effect and that interval holds zero; not replicated where the difference is "
    "larger than the margin and its interval holds no zero."
)


def replicated(entry: Entry) -> str:
    """Return the last part of a replication entry, empty for any other entry."""
    found = entry.replication
    if found is None:
        return ""
    header = ("Result", "Original", "Again", "Difference")
    parts = [
        f"**Replication** of {code(found.original)}: **{found.found}**.",
        table(header, [_row(pairing) for pairing in found.pairings]) if found.pairings else "",
        _RULE,
        _environment(entry),
    ]
    return "\n" + "\n\n".join(part for part in parts if part) + "\n"


def _row(pairing: Pairing) -> tuple[str, ...]:
    what = Markdown(f"{escape(pairing.metric)}, {code(pairing.what)}")
    reason = Markdown(f"**{pairing.found}**; {escape(pairing.reason)}")
    return what, pairing.original, pairing.again, reason


def _environment(entry: Entry) -> str:
    differs = entry.replication.differs if entry.replication is not None else {}
    if not differs:
        return "The environment is the same, as far as it is known."
    lines = [f"- {escape(name)}: {code(text)}" for name, text in differs.items()]
    return "\n".join(["The environment differs (original, then again):", "", *lines])
