"""From bytes to lines, and to what a reader would see: nothing is repaired in the text itself."""

from __future__ import annotations

import re
from collections import Counter
from itertools import accumulate

from pytest_bolt.journal.document.model import Source

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\n|\r|$)")
_BOM = "\ufeff"
# Typographic signs by code point, and the plain sign that is read in their place.
_SIGNS = {
    "x": (0xD7, 0x2715, 0x2A2F),
    "-": (0x2212, 0x2013, 0x2011, 0x2010),
    "→": (0x27F6, 0x279C, 0x2794, 0x21D2, 0x27A1),
    " ": (0xA0, 0x202F, 0x2009, 0x9, 0x60, 0x5C, 0xFE0F),
    "u": (0xB5, 0x3BC),
    "≈": (0x2243, 0x2245),
    "~": (0x223C, 0xFF5E),
    "/": (0xF7,),
    "*": (0x22C5, 0x2219),
}
_PLAIN = {code: sign for sign, codes in _SIGNS.items() for code in codes}
_ARROW = re.compile(r"-{1,2}>|={1,2}>")
_BOLD = re.compile(r"\*\*(?!-?\d)|(?<![\w)])\*\*|__(?=\W|$)|(?<!\w)__")
_UNDEFINED = "\x81\x8d\x8f\x90\x9d\x9e\x8e"


def _bytes_of_characters() -> dict[str, int]:
    """Return the byte that each character stood for, in the two code pages that garble most text."""
    known = {character: ord(character) for character in _UNDEFINED}
    known |= {chr(byte): byte for byte in range(0xA0, 0x100)}
    for page in ("cp1254", "cp1252"):
        for byte in range(0x80, 0x100):
            character = bytes([byte]).decode(page, "ignore")
            if character:
                known.setdefault(character, byte)
    return known


_BYTES = _bytes_of_characters()
_TIMES = 0xD7  # a multiplication sign before a dash is what it seems
_LEADS = "".join(
    re.escape(character) for character, byte in _BYTES.items() if 0xC2 <= byte <= 0xF4 and byte != _TIMES
)
_TRAILS = "".join(re.escape(character) for character, byte in _BYTES.items() if 0x80 <= byte <= 0xBF)
_GARBLED = re.compile(f"[{_LEADS}][{_TRAILS}]{{1,3}}")


def decoded(data: bytes) -> str:
    """Return the text of a journal; bytes that are no UTF-8 survive as lone surrogates."""
    return data.decode("utf-8", "surrogateescape")


def source_of(text: str) -> Source:
    """Return the text line by line."""
    bom = text.startswith(_BOM)
    pieces = [piece for piece in _LINE.findall(text) if piece]
    starts = tuple(accumulate(map(len, pieces), initial=0))
    ends = Counter("\r\n" if piece.endswith("\r\n") else piece[-1] for piece in pieces if piece[-1] in "\r\n")
    lines = [piece.rstrip("\r\n") for piece in pieces]
    if bom:
        lines[0] = lines[0][1:]
    mended = [line if line.isascii() else _GARBLED.sub(_mended, line) for line in lines]
    garbled = (n for n, (line, shown) in enumerate(zip(lines, mended, strict=True), 1) if line != shown)
    return Source(
        text=text,
        lines=tuple(lines),
        shown=tuple(map(_shown, mended)),
        starts=starts,
        line_ends=ends,
        bom=bom,
        garbled=tuple(garbled),
    )


def _mended(match: re.Match[str]) -> str:
    """Return the character that was garbled, with spaces up to the old length."""
    found = match.group()
    data = bytes(_BYTES[character] for character in found)
    for length in range(len(data), 1, -1):
        try:
            character = data[:length].decode()
        except UnicodeDecodeError:
            continue
        return character + " " * (length - len(character)) + found[length:]
    return found


def _shown(line: str) -> str:
    if not line.isascii() or "`" in line or "\\" in line or "\t" in line:
        line = line.translate(_PLAIN)
    if ">" in line:
        line = _ARROW.sub(lambda match: "→".ljust(len(match.group())), line)
    if "**" in line or "__" in line:
        line = _BOLD.sub("  ", line)
    return line
