"""From pytest items to cases: identity, order groups, margins."""

from __future__ import annotations

import ast
import hashlib
import inspect
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

from pytest_bolt.core.case import Case, CaseId, Workload
from pytest_bolt.core.expectation import Expectation
from pytest_bolt.core.judgement import Margins
from pytest_bolt.core.place import LINE_NOTE
from pytest_bolt.core.source import without_docstrings
from pytest_bolt.core.steps import PlannedCase
from pytest_bolt.items import item_key
from pytest_bolt.marks import Marked, marked
from pytest_bolt.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Benchmark:
    """A benchmark item of the controller, with what is known before it runs."""

    key: str
    item: pytest.Item
    marked: Marked
    source_hash: str

    def planned(self, expectations: Sequence[Expectation] = ()) -> PlannedCase:
        """Return the case as the plan sees it; `expectations` may ask for its memory."""
        marked = self.marked
        return PlannedCase(
            key=self.key,
            group=_group(self.item),
            margins=Margins(slower=marked.margin_of("slower"), faster=marked.margin_of("faster")),
            clock=marked.clock,
            threads=marked.threads,
            parallel=marked.parallel,
            interleave=marked.interleave,
            memory=marked.looks_at_memory(expectations, self.item.nodeid),
        )

    def line(self) -> dict[str, str]:
        """Return the line at which the test begins as a note, empty where it is not known."""
        line = self.item.location[1]
        return {} if line is None else {LINE_NOTE: str(line + 1)}

    def case(self, info: Mapping[str, Any]) -> Case:
        """Return the case; `info` is what the test told of itself when it ran, which may be nothing."""
        params = dict(getattr(getattr(self.item, "callspec", None), "params", {}))
        work = Workload(
            shapes=tuple(tuple(shape) for shape in info.get("shapes", ())),
            dtype=str(info.get("dtype", "")),
            bytes=_whole(info.get("bytes")),
            flops=_whole(info.get("flops")),
        )
        return Case(
            case_id=CaseId(node_id=self.item.nodeid, source_hash=self.source_hash),
            operation=self.marked.operation.removeprefix("run_"),
            implementation=str(getattr(params.get("impl"), "name", "")),
            workload=work,
            device=str(params.get("device", "cpu")),
            group=str(info.get("group", "")),
            extra_info=dict(info.get("extra_info", {})),
        )


def benchmarks_of(items: Iterable[pytest.Item], settings: Settings, root: Path) -> tuple[Benchmark, ...]:
    """Return the benchmarks among `items`. Raises BoltError for a malformed marker."""
    return tuple(
        Benchmark(key=item_key(item, root), item=item, marked=own, source_hash=identity(item, own))
        for item, own in ((item, marked(item, settings)) for item in items)
    )


def identity(item: pytest.Item, own: Marked) -> str:
    """Return the digits that tell this benchmark from another of its name.

    Times by another clock or with other threads are those of another benchmark; nothing stored is compared
    with them.
    """
    source = source_hash(item)
    told = [f"{name}={value}" for name, value in (("clock", own.clock), ("threads", own.threads)) if value]
    return hashlib.sha256(" ".join([source, *told]).encode()).hexdigest()[:12] if told else source


def source_hash(item: pytest.Item) -> str:
    """Return 12 digits that change with the code of the test function, not with layout or comments.

    Empty where the source cannot be had.
    """
    try:
        return _hash_of(getattr(item, "function", None))
    except TypeError:  # no function, or one that cannot be told from others
        return ""


@lru_cache(maxsize=64)  # a function is parametrised into up to thousands of items
def _hash_of(function: Any) -> str:
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(inspect.unwrap(function))))
    except (OSError, SyntaxError):
        return ""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            node.decorator_list = []
    without_docstrings(tree)
    return hashlib.sha256(ast.dump(tree).encode()).hexdigest()[:12]


def _group(item: pytest.Item) -> tuple[str, ...]:
    """Return what a shuffle must keep together: module, class, and parameters of wider fixtures."""
    chain = [node.nodeid for node in item.listchain()[1:-1]]
    callspec = getattr(item, "callspec", None)
    scopes = getattr(callspec, "_arg2scope", {})
    wide = [name for name, scope in scopes.items() if scope.value != "function"]
    return (*chain, *(f"{name}={callspec.indices[name]}" for name in wide if callspec is not None))


def _whole(value: Any) -> int | None:
    return None if value is None else int(value)
