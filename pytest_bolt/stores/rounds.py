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
    columns = [np.array([len(rounds)], dtype="<u4").tobytes()]
    for name in ROUND_DTYPE.names or ():
        column = _fold(rounds) if name == "cpu_ns" else rounds[name]
        columns.append(_transpose(column.astype(ROUND_DTYPE[name])))
    deflate = zlib.compressobj(level=6, wbits=-15)
    return bytes([FORMAT]) + deflate.compress(b"".join(columns)) + deflate.flush()


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
    body = memoryview(zlib.decompress(data[1:], wbits=-15))
    rows = int(np.frombuffer(body[:4], dtype="<u4")[0])
    table, offset = np.empty(rows, dtype=ROUND_DTYPE), 4
    for name in ROUND_DTYPE.names or ():
        size = ROUND_DTYPE[name].itemsize * rows
        table[name] = _restore(body[offset : offset + size], ROUND_DTYPE[name], rows)
        offset += size
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


def _transpose(column: npt.NDArray[Any]) -> bytes:
    planes = np.frombuffer(column.tobytes(), dtype=np.uint8).reshape(len(column), column.itemsize)
    return planes.T.tobytes()


def _restore(data: memoryview, dtype: np.dtype[Any], rows: int) -> npt.NDArray[Any]:
    planes = np.frombuffer(data, dtype=np.uint8).reshape(dtype.itemsize, rows)
    return np.frombuffer(planes.T.tobytes(), dtype=dtype)


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
