"""A worker process: a pytest of its own in one tree, which runs single items on request."""

from __future__ import annotations

import atexit
import gc
import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

from pytest_bolt.fixtures import LOCKSTEP
from pytest_bolt.items import headline, is_benchmark, item_key, place_in, skip_reason
from pytest_bolt.measuring.lifeline import die_with
from pytest_bolt.measuring.lockstep import Lockstep, leave
from pytest_bolt.measuring.protocol import Channel

if TYPE_CHECKING:
    from pytest_bolt.repo.proof import Misplaced, Proof

PLUGIN_NAME = "bolt-worker"


class WorkerPlugin:
    """Collects as usual, then answers the controller instead of running everything."""

    __name__ = PLUGIN_NAME  # what pytest registers it under

    def __init__(self, channel: Channel, config: dict[str, Any]) -> None:
        self.lockstep = Lockstep(channel, baseline=config["baseline"])
        self._settings = config
        self._root = Path(config["root"])
        self._rootdir = self._root  # pytest's own
        self._collect_errors: dict[str, str] = {}
        self._reports: list[pytest.TestReport] = []
        self._proof: Proof | None = None

    def pytest_configure(self, config: pytest.Config) -> None:
        """Offer the lockstep to the fixtures."""
        self._rootdir = config.rootpath
        config.stash[LOCKSTEP] = self.lockstep

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep what the running test has to say."""
        self._reports.append(report)

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Take time limits off: a test held at its benchmark call is waiting, not hanging."""
        for node in {node for item in items for node in item.listchain()}:
            node.own_markers[:] = [mark for mark in node.own_markers if mark.name != "timeout"]

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Remember why a file could not be collected."""
        if report.failed:
            file, colons, rest = report.nodeid.partition("::")
            place = place_in(self._root, self._rootdir / file)
            self._collect_errors[f"{place}{colons}{rest}"] = report.longreprtext

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> NoReturn:
        """Serve requests until the controller says quit."""
        items = {item_key(item, self._root): item for item in session.items}
        self.lockstep.send(
            {
                "event": "collected",
                "benchmarks": {key: item.nodeid for key, item in items.items() if is_benchmark(item)},
                "errors": self._collect_errors,
                "misplaced": self._misplaced(),
                "notes": _notes(),
            }
        )
        gc.collect()
        gc.freeze()  # imported code stays: no later collection has to look through it
        while (request := self.lockstep.receive())["op"] != "quit":
            # Anything else was meant for a test that has ended by itself in between.
            if request["op"] == "run":
                self._run(items.get(request["case"]), items.get(request["following"] or ""), request)
        # Fixtures are taken down; what other plugins do at the end of a session (reports, caches) is the
        # controller's business and would cost every process pair up to seconds.
        session._setupstate.teardown_exact(None)  # noqa: SLF001 - as pytest's own runner ends a session
        with suppress(Exception):
            atexit._run_exitfuncs()  # noqa: SLF001 - there is no public way to run them before os._exit
        os._exit(0)

    def _misplaced(self) -> str:
        """Return why this tree's code is not what was imported; empty when it is."""
        if not self._settings["other"]:
            return ""
        from pytest_bolt.repo.proof import Proof, project_names

        own, other = Path(self._settings["own"]), Path(self._settings["other"])
        names = project_names(other if self._settings["side"] == "base" else own)
        self._proof = Proof(own=own, other=other, project_names=names)
        return self._refusal(self._proof.new())

    def _misplaced_since(self, *, failed: bool) -> str:
        """Return the same of what the test that has just run imported by itself.

        One that failed for want of a compiled module has said so, and it alone is concerned.
        """
        found = self._proof.new() if self._proof is not None else ()
        return self._refusal(tuple(each for each in found if not (failed and each.not_built)))

    def _refusal(self, found: tuple[Misplaced, ...]) -> str:
        if not found:
            return ""
        from pytest_bolt.repo.proof import misplaced_error

        return misplaced_error(found, side=self._settings["side"]).render()

    def _run(self, item: pytest.Item | None, following: pytest.Item | None, request: dict[str, Any]) -> None:
        if item is None:
            self.lockstep.send({"event": "finished", "absent": True})
            return
        self.lockstep.start(check=request["check"], clock=request["clock"] or "")
        self._reports = []
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        reports = self._reports
        failed = next((report for report in reports if report.failed), None)
        skipped = next((report for report in reports if report.skipped), None)
        self.lockstep.send(
            {
                "event": "finished",
                "outcome": "failed" if failed else "skipped" if skipped else "passed",
                "message": headline(failed) if failed else skip_reason(skipped) if skipped else "",
                "detail": failed.longreprtext if failed else "",
                "measured": self.lockstep.measured,
                "info": self.lockstep.info,
                "metrics": self.lockstep.metrics,
                "misplaced": self._misplaced_since(failed=failed is not None) if request["check"] else "",
                "notes": _notes() if request["check"] else [],
                "reports": [self._serialised(item, report) for report in reports] if request["check"] else [],
            }
        )

    def _serialised(self, item: pytest.Item, report: pytest.TestReport) -> Any:
        return item.config.hook.pytest_report_to_serializable(config=item.config, report=report)


def main(config: dict[str, Any], read_fd: int, write_fd: int) -> int:
    """Run a worker in this process and return its exit code."""
    if not die_with(config["parent"]):
        leave()
    if config["other"]:
        from pytest_bolt.repo.isolation import enter_tree

        enter_tree(own=Path(config["own"]), other=Path(config["other"]))
    plugin = WorkerPlugin(Channel(read_fd, write_fd), config)
    plugins: list[object] = [plugin]
    return int(pytest.main([*config["arguments"]], plugins=plugins))


def _notes() -> list[str]:
    """Return what had to be done so that this tree could be imported at all."""
    from pytest_bolt.repo.isolation import entered

    finder = entered()
    return [] if finder is None else [str(note) for note in finder.notes]
