"""Foreign text made fit for one line of a terminal or a document."""

from __future__ import annotations

import unicodedata

_JOINERS = "\u200c\u200d"  # invisible, but words and emoji of living languages need them


def one_line(text: str) -> str:
    r"""Return the text with everything that cannot be printed spelled out: a newline is `\n`."""
    return "".join(char if char.isprintable() or char in _JOINERS else _spelled(char) for char in text)


def sentence(text: str) -> str:
    """Return prose on one line: runs of white space, newlines among them, become one space."""
    return one_line(" ".join(text.split()))


def clipped(text: str, most: int) -> str:
    """Return the text spelled out on one line of at most `most` characters, dots for the middle if need be.

    Unlike columns, characters bound what marks of no width can add.
    """
    plain = one_line(text)
    if len(plain) <= most:
        return plain
    kept = (most - 1) // 2
    return f"{plain[: most - 1 - kept]}\u2026{plain[-kept:]}"


def display_width(text: str) -> int:
    """Return the number of terminal columns that the text takes."""
    if text.isascii():
        return len(text)
    return sum(_columns(char) for char in text)


def shortened(text: str, columns: int) -> str:
    """Return the text with dots for its middle where it takes more than `columns`; both ends tell most."""
    if display_width(text) <= columns:
        return text
    room = columns - 1
    start = _fitting(text, room // 2)
    return f"{start}\N{HORIZONTAL ELLIPSIS}{_fitting(text[::-1], room - display_width(start))[::-1]}"


def padded(text: str, width: int, *, right: bool = False) -> str:
    """Return the text filled with spaces to `width` columns, on the left side if `right`."""
    fill = " " * (width - display_width(text))
    return fill + text if right else text + fill


def _fitting(text: str, columns: int) -> str:
    """Return as much of the text's beginning as `columns` hold."""
    used = 0
    for at, char in enumerate(text):
        used += _columns(char)
        if used > columns:
            return text[:at]
    return text


def _columns(char: str) -> int:
    if unicodedata.combining(char) or char in _JOINERS:
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def _spelled(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")
