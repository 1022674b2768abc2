r"""Pre-tokens: the pieces of a text that byte pairs never cross.

The pattern of GPT-2 (Radford et al., "Language Models are Unsupervised Multitask Learners", 2019, section
2.2), in Python's own regular expressions: these know no `\p{L}`, and their `\s` is wider than Unicode's.
"""

from __future__ import annotations

import functools
import itertools
import re
import sys
import unicodedata
from collections.abc import Generator, Iterable, Iterator, Sequence

# Unicode's property White_Space; `str.isspace` also counts the separators 1C to 1F.
_SPACE = "\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
_APOSTROPHE_AND_TWO = 3  # the longest text that decides where a pre-token ends, counted from its start


@functools.cache
def pattern() -> re.Pattern[str]:
    """Return the pattern; which characters are letters and numbers is up to this Python's Unicode."""
    letter, number = _ranges("L"), _ranges("N")
    alternatives = (
        "'(?:[sdmt]|ll|ve|re)",
        f" ?[{letter}]+",
        f" ?[{number}]+",
        f" ?[^{_SPACE}{letter}{number}]+",
        f"[{_SPACE}]+(?![^{_SPACE}])",
        f"[{_SPACE}]+",
    )
    return re.compile("|".join(alternatives))


def pretokens(text: str) -> Iterator[str]:
    """Yield the pre-tokens of a text without special tokens; joined they are the text."""
    return (match[0] for match in pattern().finditer(text))


def split(chunks: Iterable[str], special_tokens: Sequence[str]) -> Iterator[tuple[str, bool]]:
    """Yield the pre-tokens and special tokens of a text, each with whether it is special.

    Where several special tokens begin at one place the longest counts. A chunk is read when what came before
    is used up, and only what the next chunk could change is kept, so the text may be longer than memory.

    Arguments:
        chunks: the text, cut anywhere, also inside a pre-token or a special token.
        special_tokens: texts that are kept whole and that no pre-token crosses.

    Raises:
        ValueError: a special token is empty.
    """
    if not all(special_tokens):
        raise ValueError("a special token is empty")
    longest = max(map(len, special_tokens), default=1)
    special = re.compile("|".join(map(re.escape, sorted(special_tokens, key=len, reverse=True))) or "(?!)")
    pending = ""
    for chunk in chunks:
        pending += chunk
        pending = yield from _settled(pending, special, max(0, len(pending) - longest + 1))
    rest = yield from _settled(pending, special, len(pending))
    for word in pretokens(rest):
        yield word, False


def _settled(pending: str, special: re.Pattern[str], end: int) -> Generator[tuple[str, bool], None, str]:
    """Yield the pieces that what follows cannot change, and return the rest.

    Whether a special token begins at a place is known for places before `end`.
    """
    begin = 0
    for found in special.finditer(pending):
        if found.start() >= end:
            break
        for word in pretokens(pending[begin : found.start()]):
            yield word, False
        yield found[0], True
        begin = found.end()
    plain = pending[begin : max(begin, end)]
    settled = 0
    for match in pattern().finditer(plain):
        if match.end() == len(plain) or match.start() + _APOSTROPHE_AND_TWO > len(plain):
            break
        yield match[0], False
        settled = match.end()
    return pending[begin + settled :]


def _ranges(kind: str) -> str:
    """Return the characters whose Unicode category begins with `kind`, as inside brackets of a pattern."""
    category = unicodedata.category
    codes = (code for code in range(sys.maxunicode + 1) if category(chr(code))[0] == kind)
    runs = itertools.groupby(enumerate(codes), key=lambda each: each[1] - each[0])
    ends = ([code for _, code in run] for _, run in runs)
    return "".join(f"\\U{run[0]:08x}-\\U{run[-1]:08x}" for run in ends)
