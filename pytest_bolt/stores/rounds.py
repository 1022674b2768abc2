"""A table of rounds as a small byte string.

Format 1: one byte `1`, then a raw deflate stream of the row count (u4, little endian) followed by each
column of `ROUND_DTYPE` in order, its bytes transposed: first the lowest byte of every row, then the next.
High bytes are nearly all zero, so they cost nothing. `cpu_ns` holds `wall_ns - cpu_ns`, folded
to an unsigned number (0, -1, 1, -2, ... become 0, 1, 2, 3), since the two are close.
"""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np
import numpy.typing as npt

from pytest_bolt.core.measurement import ROUND_DTYPE, RoundTable
from pytest_bolt.errors import BoltError

FORMAT = 1
ROUNDS_CAP = 20_000


def pack_rounds(rounds: RoundTable) -> bytes:
    """Return the byte string of a table `[rounds]` of ROUND_DTYPE."""
    table = rounds.astype(ROUND_DTYPE)  # a copy, whatever the memory order of the original
    table["cpu_ns"] = _fold(rounds)
    planes = table.view(np.uint8).reshape(len(table), ROUND_DTYPE.itemsize).T
    deflate = zlib.compressobj(level=6, wbits=-15)
    body = np.array([len(table)], dtype="<u4").tobytes() + planes.tobytes()
    return bytes([FORMAT]) + deflate.compress(body) + deflate.flush()


def unpack_rounds(data: bytes) -> RoundTable:
    """Return the table that `pack_rounds` was given.

    Raises BoltError for a format that this program does not know.
    """
    if data[:1] != bytes([FORMAT]):
        raise BoltError(
            "The rounds in this store have a format that this version cannot read",
            seen={"format": data[0] if data else "empty", "known": FORMAT},
            advice="upgrade pytest-bolt",
        )
    body = zlib.decompress(data[1:], wbits=-15)
    rows = int.from_bytes(body[:4], "little")
    planes = np.frombuffer(body, dtype=np.uint8, offset=4).reshape(ROUND_DTYPE.itemsize, rows)
    table = np.frombuffer(bytearray(planes.T.tobytes()), dtype=ROUND_DTYPE)
    table["cpu_ns"] = _unfold(table)
    return table


def thin_rounds(rounds: RoundTable, cap: int = ROUNDS_CAP) -> tuple[RoundTable, str]:
    """Return at most `cap` rows and a warning, empty where all rows were kept.

    Whole quads are kept, evenly spaced, so that both sides of a comparison keep the same ones.
    """
    if len(rounds) <= cap:
        return rounds, ""
    group = rounds["pair"].astype(np.uint32) << np.uint32(16) | rounds["quad"]
    quads, sizes = np.unique(group, return_counts=True)
    wanted = cap // int(sizes.max())
    if wanted:
        kept = rounds[np.isin(group, quads[_evenly(len(quads), wanted)])]
    else:
        kept = rounds[_evenly(len(rounds), cap)]
    return kept, f"{len(kept)} of {len(rounds)} rounds stored, evenly spaced"


def _evenly(count: int, wanted: int) -> npt.NDArray[np.intp]:
    return np.linspace(0, count - 1, min(count, wanted)).astype(np.intp)


def _fold(rounds: RoundTable) -> npt.NDArray[Any]:
    difference = (rounds["wall_ns"] - rounds["cpu_ns"]).astype(np.int64)
    folded: npt.NDArray[Any] = ((difference << 1) ^ (difference >> 63)).astype(np.uint64)
    return folded


def _unfold(rounds: RoundTable) -> npt.NDArray[Any]:
    folded = rounds["cpu_ns"]
    sign = np.uint64(0) - (folded & np.uint64(1))
    difference: npt.NDArray[Any] = (folded >> np.uint64(1)) ^ sign
    restored: npt.NDArray[Any] = rounds["wall_ns"] - difference
    return restored
