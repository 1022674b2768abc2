"""Bytes: encoding, hashing, compressing."""

from __future__ import annotations

import base64
import hashlib
import json
import struct
import zlib
from collections.abc import Sequence
from itertools import islice


def json_lengths(items: Sequence[str]) -> int:
    """Return the length of the documents after a round trip."""
    length = 0
    for document in islice(items, 200):
        length += len(json.dumps(json.loads(document)))
    return length


def digests(items: Sequence[bytes]) -> int:
    """Return the sum of the first bytes of SHA-256 digests."""
    total = 0
    for block in islice(items, 100):
        total += hashlib.sha256(block).digest()[0]
    return total


def compressed(items: Sequence[bytes]) -> int:
    """Return the length of the compressed blocks."""
    length = 0
    for block in islice(items, 100):
        length += len(zlib.compress(block, 6))
    return length


def packed(items: Sequence[tuple[int, float, int]]) -> int:
    """Return the sum of the numbers that come back from packed records."""
    total = 0
    for first, second, third in islice(items, 200):
        record = struct.pack("<idh", first, second, third)
        total += sum(struct.unpack("<idh", record)[::2])
    return total


def armoured(items: Sequence[bytes]) -> int:
    """Return the length of the blocks in base 64."""
    length = 0
    for block in islice(items, 100):
        length += len(base64.b64encode(block).rstrip(b"="))
    return length
