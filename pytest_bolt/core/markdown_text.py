"""Foreign text made safe inside Markdown: no markup, no HTML, no table break, no mention.

Characters with a meaning become entities or are escaped. A zero-width space after `@` and before
a number keeps a code host from notifying a person or linking an item (GitHub `#1`, GitLab `!1`, `~label`
and more) and from drawing `:emoji:`; the host reads these after entities are decoded, so an entity
alone would not do.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from pytest_bolt.core.plain_text import one_line, sentence

_ACTIVE = re.compile(
    r"""(?P<reference>
          [~$%](?=["\w]) | [!&](?=\d)  # of GitLab
        | :(?=(?:[\w+-]*[A-Za-z][\w+-]*|100|1234|[+-]1):)  # emoji
        | @ | \#(?=\d))
    | [\\`*|~$]                    # markup, tables, mathematics
    | <(?=[A-Za-z/!?]) | &(?=[#A-Za-z]) | \](?=[(\[:])  # HTML, entities, links
    | (?<![A-Za-z0-9])_ | _(?![A-Za-z0-9])  # an underscore inside a word is only itself
    | \bGH-(?=\d) | :// | \bwww\.""",
    re.VERBOSE | re.IGNORECASE,
)
_BLOCK = re.compile(r"(?:[-+=]|\#{1,6}|\d{1,9}[.)])(?=\s|$)|[-=]{2}|[\[>]")  # lists, headings, rules, quotes
_BREAKS = "&#8203;"  # zero-width space
_BACKSLASHED = frozenset("*]_~")
_ESCAPED = {"~": "\\~", "$": "&#36;", "&": "&#38;"}
_BREAKS_SPAN = ("`", "|", "\\", "<!--", "-->")


class Markdown(str):
    """Text that is Markdown already and must not be escaped again."""

    __slots__ = ()


def escape(text: str) -> Markdown:
    """Return prose as Markdown on one line that renders as the text itself."""
    if isinstance(text, Markdown):
        return text
    plain = sentence(text)
    block = _BLOCK.match(plain)
    if block is None:
        return _inline(plain)
    at = block.end() - 1
    return Markdown(f"{plain[:at]}\\{plain[at]}{_inline(plain[at + 1 :])}")


def code(text: str) -> Markdown:
    """Return an identifier as inline code on one line.

    A code span cannot hold every text in every table, so that a text with a backtick, a pipe, a
    backslash or a comment mark becomes a `<code>` element whose punctuation is all entities.
    """
    shown = one_line(text)
    if not shown.strip():
        return Markdown("(empty)")
    if any(mark in shown for mark in _BREAKS_SPAN):
        return Markdown(f"<code>{''.join(map(_entity, shown))}</code>")
    return Markdown(f"`{shown}`")


def code_block(lines: Iterable[str], language: str = "") -> Markdown:
    """Return lines as a fenced block whose fence is longer than any run of backticks inside."""
    body = "\n".join(lines)
    longest = max((len(run) for run in re.findall(r"`+", body)), default=0)
    fence = "`" * max(3, longest + 1)
    return Markdown(f"{fence}{language}\n{body}\n{fence}")


def table(header: Sequence[str], rows: Iterable[Sequence[str]], *, right: Iterable[int] = ()) -> Markdown:
    """Return a table; cells that are not `Markdown` are escaped, columns in `right` are aligned so."""
    aligned = frozenset(right)
    rule = ["---:" if column in aligned else ":---" for column in range(len(header))]
    lines = [_row(header), f"| {' | '.join(rule)} |", *map(_row, rows)]
    return Markdown("\n".join(lines))


def _row(cells: Sequence[str]) -> str:
    return (
        f"| {' | '.join(cell if isinstance(cell, Markdown) else _inline(sentence(cell)) for cell in cells)} |"
    )


def _inline(text: str) -> Markdown:
    return Markdown(_ACTIVE.sub(_defused, text))


def _defused(match: re.Match[str]) -> str:
    found = match.group()
    if match["reference"]:
        return _ESCAPED.get(found, found) + _BREAKS
    if found in _BACKSLASHED:
        return "\\" + found
    if len(found) > 1:
        return found[:-1] + _BREAKS + found[-1]
    return _entity(found)


def _entity(char: str) -> str:
    return char if char.isalnum() or char in " -/" else f"&#{ord(char)};"
