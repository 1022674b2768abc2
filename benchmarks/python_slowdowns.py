"""Slowdowns of the sample library whose size is found by timing: an extra copy, a slower algorithm."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass

from benchmarks.source_changes import function_named

PIECE = 1 << 15  # bytes; small enough to stay in a core's own cache, so that cost grows with the number alone
BUFFER = f"\n_BUFFER = bytes(range(256)) * {PIECE // 256 + 1}\n"
_TAKEN = re.compile(r"islice\(items, (\d+)\)|items\[:(\d+)\]")


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherWay:
    """Text of a function's loop and what does the same, slower, in its place."""

    old: str
    new: str


# Each is slower by a quarter to a bit over the double: a share of the items makes any size asked for.
OTHER_WAYS = {
    "squares": OtherWay(old="item * item", new="item**2"),
    "divisors": OtherWay(
        old="smaller, larger % smaller", new="smaller, larger - larger // smaller * smaller"
    ),
    "word_counts": OtherWay(
        old="        counts[word] = counts.get(word, 0) + 1\n",
        new="        if word not in counts.keys():\n            counts[word] = 0\n"
        "        counts[word] += 1\n",
    ),
    "medians": OtherWay(old="sorted(values)", new="sorted(reversed(values), key=float)"),
    "smallest": OtherWay(
        old="        heap = list(values)\n        heapq.heapify(heap)\n",
        new="        heap = []\n        for value in values:\n            heapq.heappush(heap, value)\n",
    ),
    "flattened": OtherWay(
        old="            flat.extend(inner)\n",
        new="            for number in inner:\n                flat.append(number)\n",
    ),
    "fields": OtherWay(
        old='[part.strip() for part in line.split(",")]', new='list(map(str.strip, re.split(",", line)))'
    ),
    "edits": OtherWay(
        old="min(cost, row[column] + 1, row[column - 1] + 1)",
        new="sorted((cost, row[column] + 1, row[column - 1] + 1))[0]",
    ),
    "capitals": OtherWay(
        old="sum(1 for letter in changed if letter.isupper())",
        new="sum(1 for letter in changed if letter != letter.lower())",
    ),
    "norms": OtherWay(old="float(row @ row)", new="float(np.multiply(row, row).sum())"),
    "json_lengths": OtherWay(
        old="json.dumps(json.loads(document))",
        new='json.dumps(json.loads(document), separators=(", ", ": "))',
    ),
    "packed": OtherWay(
        old='sum(struct.unpack("<idh", record)[::2])',
        new='sum(part for part in struct.unpack("<idh", record) if isinstance(part, int))',
    ),
}


def with_copies(source: str, function: str, count: int) -> str:
    """Return the source in which a function first copies `count` bytes that nobody needs."""
    lines = source.splitlines(keepends=True)
    first = function_named(source, function).body[1]  # after the docstring
    times, rest = divmod(count, PIECE)
    copies = f"    for _ in range({times}):\n        _BUFFER[:{PIECE}]\n    _BUFFER[:{rest}]\n"
    lines.insert(first.lineno - 1, copies)
    text = "".join(lines)
    return text if BUFFER in text else text + BUFFER


def items_taken(source: str, function: str) -> int:
    """Return how many items the loop of a function takes."""
    return _loop(source, function)[1]


def with_other_way(source: str, function: str, count: int) -> str:
    """Return the source in which a function does its first `count` items in its slower way."""
    loop, taken = _loop(source, function)
    lines = source.splitlines(keepends=True)
    text = "".join(lines[loop.lineno - 1 : loop.end_lineno])
    way = OTHER_WAYS[function]
    if text.count(way.old) != 1:
        raise ValueError(f"the loop of {function} does not hold its usual way once")
    start, (first, rest) = _halves(text, count, taken)
    slow = _TAKEN.sub(first, text, count=1).replace(way.old, way.new)
    lines[loop.lineno - 1 : loop.end_lineno] = [start, slow, _TAKEN.sub(rest, text, count=1)]
    return "".join(lines)


def _halves(text: str, count: int, taken: int) -> tuple[str, tuple[str, str]]:
    """Return what goes before the loops, and what each takes."""
    if "islice(" in text:
        return "    left = iter(items)\n", (f"islice(left, {count})", f"islice(left, {taken - count})")
    return "", (f"items[:{count}]", f"items[{count}:{taken}]")


def _loop(source: str, function: str) -> tuple[ast.For, int]:
    for node in function_named(source, function).body:
        text = ast.get_source_segment(source, node.iter) if isinstance(node, ast.For) else None
        found = _TAKEN.fullmatch(text or "")
        if isinstance(node, ast.For) and found:
            return node, int(found[1] or found[2])
    raise ValueError(f"{function} has no loop over its items")
