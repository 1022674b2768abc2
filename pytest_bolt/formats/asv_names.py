"""Names of asv: parameter combinations as benchmarks of ours, node ids as asv's dotted names, file names."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Container, Sequence

from pytest_bolt.core.record import Record
from pytest_bolt.errors import BoltError
from pytest_bolt.formats.reading import Json, checked, shortened

MOST_COMBINATIONS = 20_000
_REFUSED = re.compile(r'[<>:"/\\|?*\x00-\x1f\ud800-\udfff]')
_LONGEST = 100


def combinations(params: Json, place: str) -> list[tuple[str, ...]]:
    """Return the parameter combinations in asv's order, the last parameter fastest; one without parameters.

    Raises BoltError where `params` is no list of lists, or makes more combinations than any suite has.
    """
    lists = [
        checked(values, list, place) for values in checked([] if params is None else params, list, place)
    ]
    count = math.prod(map(len, lists))
    if count > MOST_COMBINATIONS:
        raise BoltError(
            "A benchmark of the file has too many parameter combinations",
            seen={"place": shortened(place), "combinations": count, "most": MOST_COMBINATIONS},
        )
    texts = [[value if isinstance(value, str) else repr(value) for value in values] for values in lists]
    return list(itertools.product(*texts))


def label(name: str, values: Sequence[str]) -> str:
    """Return how asv prints a combination: `module.time_it(1, 'a')`."""
    return f"{name}({', '.join(values)})" if values else name


def grouped(records: Sequence[Record]) -> dict[str, tuple[list[str], list[Record]]]:
    """Return asv name -> parameter texts and records: parametrised tests of one function are one benchmark.

    Without parameters the list of texts is empty. Names that would collide get a number.
    """
    groups: dict[tuple[str, bool], tuple[list[str], list[Record]]] = {}
    for record in records:
        node_id = record.case.case_id.node_id
        function, bracket, rest = node_id.partition("[")
        parametrised = bool(bracket) and rest.endswith("]")
        texts, members = groups.setdefault((function if parametrised else node_id, parametrised), ([], []))
        members.append(record)
        if parametrised:
            texts.append(repr(rest.removesuffix("]")))
    named: dict[str, tuple[list[str], list[Record]]] = {}
    for (function, _), group in groups.items():
        named[distinct(dotted(function), named)] = group
    return named


def dotted(function: str) -> str:
    """Return `tests.test_a.Class.test_b` for `tests/test_a.py::Class::test_b`."""
    path, colons, rest = function.partition("::")
    return f"{path.removesuffix('.py').replace('/', '.')}.{rest.replace('::', '.')}" if colons else function


def distinct(name: str, taken: Container[str]) -> str:
    """Return the name, with a number where it is taken already."""
    candidate, count = name, 1
    while candidate in taken:
        count += 1
        candidate = f"{name} #{count}"
    return candidate


def file_name(text: str) -> str:
    """Return text that names a file in the folder it is put into, on any system."""
    return _REFUSED.sub("_", text).strip(". ")[:_LONGEST] or "_"
