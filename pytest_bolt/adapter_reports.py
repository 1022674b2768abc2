"""How a run treats the implementations it tests: what one lacks is skipped, what fails can be repeated."""

from __future__ import annotations

import dis
import os
from collections import Counter
from collections.abc import Generator
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

import pytest

from pytest_bolt.adapters import Adapter, MissingOperationError
from pytest_bolt.core.command_text import shell_line
from pytest_bolt.core.plain_text import display_width, one_line, padded
from pytest_bolt.items import marker_value
from pytest_bolt.machine import share_processors
from pytest_bolt.options import MATRIX, OPTIONS

PLUGIN_NAME = "bolt-adapters"
_ATTRIBUTE = "bolt_adapter"  # of a report: plain data, since reports cross processes
_OUTCOMES = ("passed", "failed", "skipped")
_NOT_OF_ADAPTERS = frozenset({"torch", "numpy", "triton"})


@dataclass(slots=True, eq=False)
class AdapterReports:
    """A plugin, registered where a test asks for an implementation.

    `given` are the command line's words on adapters, devices, dtypes and seeds. `outcomes` and `lacking` are
    by name of the adapter: tests by outcome, and the functions that it does not have.
    """

    given: tuple[str, ...]
    outcomes: dict[str, Counter[str]] = field(default_factory=dict)
    lacking: dict[str, dict[str, None]] = field(default_factory=dict)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Share the processors once everything is imported: torch is not, for this alone."""
        share_processors(getattr(session.config, "workerinput", {}).get("workercount", 1))

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, None, None]:
        """Judge a user's interpreted kernels as such; those that ship round what they store themselves."""
        adapter = adapter_of(item)
        if adapter is None or adapter.bundled or not adapter.interpreted:
            yield
            return
        from pytest_bolt.correctness.expectation import of_interpreted_kernels

        with of_interpreted_kernels():
            yield

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Skip the test of a function that is not implemented; say how to repeat one that failed."""
        report = yield
        adapter = adapter_of(item)
        if adapter is None:
            return report
        lacks = _lacks(item, adapter, report, call.excinfo)
        if lacks:
            report.outcome = "skipped"
            report.longrepr = (str(item.path), item.location[1] or 0, f"Skipped: {adapter.lacks(lacks)}")
        elif report.failed:
            report.sections.append(("repeat this test alone", self._repeat(item)))
        setattr(report, _ATTRIBUTE, {"name": adapter.name, "lacks": lacks})
        return report

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count the outcomes of each implementation."""
        told = getattr(report, _ATTRIBUTE, None)
        if told is None or (report.when != "call" and report.passed):
            return
        self.outcomes.setdefault(told["name"], Counter())[report.outcome] += 1
        if told["lacks"]:
            self.lacking.setdefault(told["name"], {})[told["lacks"]] = None

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Show a row an implementation."""
        if self.outcomes and any(word.startswith("--bolt-adapter") for word in self.given):
            terminalreporter.section("implementations", sep="=")
            for line in self._table():
                terminalreporter.write_line(line)

    def _table(self) -> list[str]:
        names = ["implementation", *map(one_line, self.outcomes)]
        rows: list[tuple[str, ...]] = [(*_OUTCOMES, "lacks" if self.lacking else "")]
        for name, counts in self.outcomes.items():
            lacks = ", ".join(map(one_line, self.lacking.get(name, {})))
            rows.append((*(str(counts[outcome]) for outcome in _OUTCOMES), lacks))
        width = max(map(display_width, names))
        return [
            f"{padded(name, width)}  {'  '.join(cell.rjust(7) for cell in row[:3])}  {row[3]}".rstrip()
            for name, row in zip(names, rows, strict=True)
        ]

    def _repeat(self, item: pytest.Item) -> str:
        place = os.path.relpath(item.path, item.config.invocation_params.dir)
        test = item.nodeid.partition("::")[2]
        return shell_line(["pytest", f"{place}::{test}", *self.given])


def adapter_of(item: pytest.Item) -> Adapter | None:
    """Return the implementation that a test runs with."""
    call = getattr(item, "callspec", None)
    adapter = call.params.get("impl") if call is not None else None
    return adapter if isinstance(adapter, Adapter) else None


def matrix_words(options: Any) -> tuple[str, ...]:
    """Return the options on adapters, devices, dtypes and seeds as words of a command line."""
    words = []
    for option in (each for each in OPTIONS if each.name in MATRIX):
        said = getattr(options, option.dest) or ()
        words += [f"{option.flag}={text}" for text in ([said] if isinstance(said, str) else said)]
    return tuple(words)


def _lacks(
    item: pytest.Item,
    adapter: Adapter,
    report: pytest.TestReport,
    raised: pytest.ExceptionInfo[BaseException] | None,
) -> str:
    """Return the name of the function for want of which a test could not run, or an empty text."""
    operation = str(marker_value(item, "operation") or "")
    if adapter.bundled or report.passed:
        return ""
    if raised is not None and isinstance(raised.value, MissingOperationError):
        return raised.value.operation
    if raised is not None and isinstance(raised.value, NotImplementedError):
        return _left_open(raised.tb, adapter)
    return operation if report.skipped and operation and not adapter.provides(operation) else ""


def _left_open(tb: TracebackType, adapter: Adapter) -> str:
    """Return the function of the adapter that raised NotImplementedError by a `raise` of its own, or "".

    A library raises it too, where it has no kernel for a dtype: that is a failure.
    """
    called = ""
    while tb.tb_next is not None:
        called = tb.tb_frame.f_code.co_name if tb.tb_frame.f_code.co_name in adapter.operations else called
        tb = tb.tb_next
    code = tb.tb_frame.f_code
    instruction = next((each for each in dis.get_instructions(code) if each.offset == tb.tb_lasti), None)
    module = str(tb.tb_frame.f_globals.get("__name__", "")).partition(".")[0]
    raising = instruction is not None and instruction.opname in {"RAISE_VARARGS", "RERAISE"}
    return (called or code.co_name) if raising and module not in _NOT_OF_ADAPTERS else ""
