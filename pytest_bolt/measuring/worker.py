"""A worker process: a pytest of its own in one tree, which runs single items on request."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from pathlib import Path
from typing import Any, NoReturn

import pytest
from _pytest.runner import runtestprotocol

from pytest_bolt.fixtures import LOCKSTEP
from pytest_bolt.measuring.lockstep import Lockstep, leave
from pytest_bolt.measuring.protocol import Channel

PLUGIN_NAME = "bolt-worker"
_PR_SET_PDEATHSIG = 1
_MESSAGE_LIMIT = 300

# Run with `python -P -c`. The heap is displaced before the first import, so that memory layout differs
# at random between processes instead of systematically between trees.
BOOTSTRAP = """
import sys
size = int(sys.argv[1])
padding = [bytes(16 + size * step % 1008) for step in range(1, 1 + size % 1021)], bytearray(size)
import json, os
line = b""
while not line.endswith(b"\\n"):
    line += os.read(int(sys.argv[2]), 1) or os._exit(1)
config = json.loads(line)
sys.path[:] = config["path"]
from pytest_bolt.measuring.worker import main
sys.exit(main(config, int(sys.argv[2]), int(sys.argv[3])))
"""


class WorkerPlugin:
    """Collects as usual, then answers the controller instead of running everything."""

    __name__ = PLUGIN_NAME  # what pytest registers it under

    def __init__(self, channel: Channel, config: dict[str, Any]) -> None:
        self.lockstep = Lockstep(channel)
        self._settings = config
        self._collect_errors: dict[str, str] = {}

    def pytest_configure(self, config: pytest.Config) -> None:
        """Offer the lockstep to the fixtures."""
        config.stash[LOCKSTEP] = self.lockstep

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Remember why a file could not be collected."""
        if report.failed:
            self._collect_errors[report.nodeid] = report.longreprtext

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> NoReturn:
        """Serve requests until the controller says quit."""
        items = {item_key(item, Path(self._settings["root"])): item for item in session.items}
        self.lockstep.send(
            {
                "event": "collected",
                "benchmarks": {key: item.nodeid for key, item in items.items() if is_benchmark(item)},
                "errors": self._collect_errors,
                "misplaced": self._misplaced(),
            }
        )
        while (request := self.lockstep.receive())["op"] == "run":
            following = items.get(request["following"] or "")
            self._run(items.get(request["case"]), following, request)
        # Fixtures are taken down; what other plugins do at the end of a session (reports, caches) is the
        # controller's business and would cost every process pair up to seconds.
        session._setupstate.teardown_exact(None)  # noqa: SLF001 - as pytest's own runner ends a session
        os._exit(0)

    def _misplaced(self) -> str:
        """Return why this tree's code is not what was imported; empty when it is."""
        if not self._settings["other"]:
            return ""
        from pytest_bolt.repo.proof import misplaced_error, project_names, prove  # noqa: PLC0415

        own, other = Path(self._settings["own"]), Path(self._settings["other"])
        side = self._settings["side"]
        found = prove(own=own, other=other, project_names=project_names(other if side == "base" else own))
        return misplaced_error(found, side=side).render() if found else ""

    def _run(self, item: pytest.Item | None, following: pytest.Item | None, request: dict[str, Any]) -> None:
        if item is None:
            self.lockstep.send({"event": "finished", "absent": True})
            return
        self.lockstep.start(check=request["check"])
        reports = runtestprotocol(item, log=False, nextitem=following)
        failed = next((report for report in reports if report.failed), None)
        skipped = next((report for report in reports if report.skipped), None)
        self.lockstep.send(
            {
                "event": "finished",
                "outcome": "failed" if failed else "skipped" if skipped else "passed",
                "message": headline(failed) if failed else _skip_reason(skipped) if skipped else "",
                "detail": failed.longreprtext if failed else "",
                "measured": self.lockstep.measured,
                "info": self.lockstep.info,
                "metrics": self.lockstep.metrics,
                "reports": [self._serialised(item, report) for report in reports] if request["check"] else [],
            }
        )

    def _serialised(self, item: pytest.Item, report: pytest.TestReport) -> Any:
        return item.config.hook.pytest_report_to_serializable(config=item.config, report=report)


def main(config: dict[str, Any], read_fd: int, write_fd: int) -> int:
    """Run a worker in this process and return its exit code."""
    _die_with_parent(config["parent"])
    if config["other"]:
        from pytest_bolt.repo.isolation import enter_tree  # noqa: PLC0415

        enter_tree(own=Path(config["own"]), other=Path(config["other"]))
    plugin = WorkerPlugin(Channel(read_fd, write_fd), config)
    plugins: list[object] = [plugin]
    return int(pytest.main([*config["arguments"]], plugins=plugins))


def is_benchmark(item: pytest.Item) -> bool:
    """Return whether a test asks for the fixture `benchmark` or `bolt`."""
    return not {"benchmark", "bolt", "benchmark_weave"}.isdisjoint(getattr(item, "fixturenames", ()))


def item_key(item: pytest.Item, root: Path) -> str:
    """Return what names a test on both sides: its file relative to `root`, then pytest's own path in it.

    Node ids alone do not do: those of files outside the root directory depend on where it lies.
    """
    path = item.path
    place = path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)
    return f"{place}::{item.nodeid.partition('::')[2]}"


def headline(report: pytest.TestReport) -> str:
    """Return one line that says why a test failed."""
    crash = getattr(report.longrepr, "reprcrash", None)
    text = str(getattr(crash, "message", "") or report.longreprtext).strip()
    line = text.splitlines()[0] if text else f"failed in {report.when}"
    prefix = "" if report.when == "call" else f"{report.when}: "
    return (prefix + line)[:_MESSAGE_LIMIT]


def _skip_reason(report: pytest.TestReport) -> str:
    if isinstance(report.longrepr, tuple):
        return str(report.longrepr[2]).removeprefix("Skipped: ")
    return str(getattr(report, "wasxfail", "") or "skipped")


def _die_with_parent(parent: int) -> None:
    """Ask Linux to end this process with its controller, even one that was killed."""
    if sys.platform != "linux":
        return
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        leave()
