"""The styles of a journal: where entries go, how they are numbered and found, and how a new file begins."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

_DATE = r"(?P<date>\d{4}-\d{2}-\d{2}|YYYY-MM-DD)"
_TIME = r"(?: \d{2}:\d{2}| HH:MM)?"
_RENDERED = "What stands between the comments is rendered from stored runs."


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """One style.

    `heading` is the first line of an entry, with the groups `date`, `number` or `version` where it has them.
    `sign` is a text that tells an entry, or the head of a journal, from another style with the same heading.
    `numbered` entries count up. With `rule`, entries are divided by a line of three hyphens.
    """

    name: str
    path: Path
    heading: re.Pattern[str]
    new_file: str
    newest_first: bool = True
    numbered: bool = False
    rule: bool = False
    sign: re.Pattern[str] | None = None

    @property
    def level(self) -> int:
        """Return the level of its headings: 2 for `##`."""
        return self.heading.pattern.count("#")


def _style(name: str, heading: str, title: str, sign: str = "", **fields: bool) -> Style:
    order = "Newest first." if fields.get("newest_first", True) else "Oldest first."
    return Style(
        name=name,
        path=Path("journal", f"{title.upper().replace(' ', '_')}.md"),
        heading=re.compile(heading),
        new_file=f"# {title}\n\n{order} {_RENDERED}\n\n",
        sign=re.compile(sign, re.IGNORECASE | re.MULTILINE) if sign else None,
        **fields,
    )


STYLES = {
    style.name: style
    for style in (
        _style("paper", rf"^## {_DATE}: ", "Journal", r"^### Methodology|scientific paper"),
        _style("findings", rf"^## {_DATE}: ", "Findings", r"^\*\*Finding:\*\*|\*\*Statistical truths:\*\*"),
        _style("evidence", rf"^### {_DATE}: ", "Evidence"),
        _style("worklog", rf"^### \*\*{_DATE}{_TIME}\*\*", "Worklog", rule=True),
        _style(
            "logbook",
            rf"^## Entry (?P<number>\d+) (?P<dash>[-\u2013\u2014]+) .*\({_DATE}{_TIME}\)",
            "Logbook",
            newest_first=False,
            numbered=True,
            rule=True,
        ),
        _style("experiment", rf"^## {_DATE} - ", "Experiments", r"^### (?:Goal|Outcome)", newest_first=False),
        _style(
            "experiment-short",
            r"^### Experiment (?P<number>\d+) (?P<dash>[-\u2013\u2014]+) ",
            "Experiment Log",
            newest_first=False,
            numbered=True,
        ),
        _style("changelog", rf"^## \[(?P<version>[^\]\n]+)\](?: - {_DATE})?", "Changelog", rule=True),
        _style("learning", rf"^## {_DATE} - ", "Bolt", r"^\*\*(?:Learning|Action):\*\*", newest_first=False),
    )
}


def own_style(name: str) -> Style:
    """Return a user's own style: newest first, found by its comments or by dated headings."""
    title = name.replace("-", " ").title()
    return _style(name, rf"^#{{2,3}} (?:\*\*)?{_DATE}", title)
