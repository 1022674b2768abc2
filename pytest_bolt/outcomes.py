"""Verdicts as test outcomes, so that terminal, JUnit, --lf and the exit code agree."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from _pytest._code.code import TerminalRepr

if TYPE_CHECKING:
    from _pytest._io import TerminalWriter

    from pytest_bolt.core.comparison import Comparison


class VerdictText(TerminalRepr):
    """A failure of a few lines in the place of a traceback."""

    def __init__(self, text: str, path: str) -> None:
        self.text = text
        headline = text.splitlines()[0] if text else ""
        self.reprcrash = SimpleNamespace(path=path, lineno=0, message=headline)

    def __str__(self) -> str:
        return self.text

    def toterminal(self, tw: TerminalWriter) -> None:
        """Write the text, the first line as an error."""
        for number, line in enumerate(self.text.splitlines()):
            tw.line(line, red=number == 0, bold=number == 0)


def reports_of_item(
    config: pytest.Config, serialised: tuple[Any, ...], comparison: Comparison | None, failure: str
) -> list[pytest.TestReport]:
    """Return the reports of one benchmark, as the checking worker made them, with the verdict in them.

    Arguments:
        serialised: what the worker sent; not empty.
        comparison: the verdict, None for a test that measured nothing.
        failure: the message where the verdict fails the test, else empty.
    """
    reports = [_revived(config, data) for data in serialised]
    call = next((report for report in reports if report.when == "call"), reports[-1])
    properties = [] if comparison is None else _properties(comparison)
    for report in reports:  # JUnit reads those of the last
        report.user_properties.extend(properties)
    if failure and not any(report.failed for report in reports):
        call.outcome = "failed"
        call.longrepr = VerdictText(failure, call.location[0])
    return reports


def _revived(config: pytest.Config, data: Any) -> pytest.TestReport:
    """Return a report from its plain data; JSON has made lists of the tuples that pytest expects."""
    report: pytest.TestReport = config.hook.pytest_report_from_serializable(config=config, data=data)
    if isinstance(report.longrepr, list):
        report.longrepr = tuple(report.longrepr)
    report.location = (report.location[0], report.location[1], report.location[2])
    report.user_properties = [(name, value) for name, value in report.user_properties]
    report.sections = [(name, text) for name, text in report.sections]
    return report


def synthetic_reports(
    nodeid: str, location: tuple[str, int | None, str], comparison: Comparison, failure: str
) -> list[pytest.TestReport]:
    """Return reports for a benchmark whose test never ran here: gone from this tree, or its process died."""
    return [
        pytest.TestReport(
            nodeid=nodeid,
            location=location,
            keywords={},
            outcome="failed" if failure and when == "call" else "passed",
            longrepr=VerdictText(failure, location[0]) if failure and when == "call" else None,
            when=when,
            user_properties=_properties(comparison),
        )
        for when in ("setup", "call", "teardown")
    ]


def log_reports(config: pytest.Config, reports: list[pytest.TestReport]) -> None:
    """Hand finished reports to pytest as if the item had just run."""
    first = reports[0]
    config.hook.pytest_runtest_logstart(nodeid=first.nodeid, location=first.location)
    for report in reports:
        config.hook.pytest_runtest_logreport(report=report)
    config.hook.pytest_runtest_logfinish(nodeid=first.nodeid, location=first.location)


def _properties(comparison: Comparison) -> list[tuple[str, object]]:
    properties: list[tuple[str, object]] = [("bolt_verdict", str(comparison.verdict))]
    if comparison.ratio is not None:
        ratio = comparison.ratio
        properties += [("bolt_ratio", ratio.estimate), ("bolt_low", ratio.low), ("bolt_high", ratio.high)]
    return properties
