"""Kill `pytest --bolt-compare` at random moments; check what is left, and that the next run works."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.projects import BASE, Project, git, trivial, write_repository
from pytest_bolt.core.record import RunState
from pytest_bolt.stores.store import open_store

PATIENCE_S = 60.0
_MARK = "BOLT_KILLS_OF"
_QUICK = "--bolt-budget=1ms"
_SHORT = "--bolt-budget=5s"


class LeftBehindError(Exception):
    """A killed command has left something that it must not leave."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A repository with a cache and a temporary folder of its own; `url` is the store of all runs."""

    work: Path
    url: str

    @property
    def temporary(self) -> Path:
        """Return the temporary folder."""
        return self.work / "tmp"

    def start(self, *options: str) -> subprocess.Popen[bytes]:
        """Start a comparison of the two commits."""
        with (self.work / "output.txt").open("wb") as output:
            return subprocess.Popen(
                [
                    *(sys.executable, "-m", "pytest", "-q"),
                    f"--bolt-compare={BASE}",
                    f"--bolt-store={self.url}",
                    *options,
                ],
                cwd=self.work / "project",
                env={
                    **os.environ,
                    "BOLT_CACHE_DIR": str(self.work / "cache"),
                    "TMPDIR": str(self.temporary),
                    _MARK: str(self.work),
                },
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def finish(self, *options: str) -> float:
        """Run a comparison to its end; return what it took in seconds. Raises LeftBehindError."""
        begin = time.monotonic()
        report = self.work / "report.json"
        report.unlink(missing_ok=True)
        process = self.start(f"--bolt-json={report}", *options)
        try:
            process.wait(10 * PATIENCE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            raise LeftBehindError("the run after a killed one does not end") from None
        if not report.exists() or not json.loads(report.read_text())["comparisons"]:
            told = f"exit code {process.returncode}\n{self.output()}"
            raise LeftBehindError(f"the run after a killed one fails: {told}")
        return time.monotonic() - begin

    def output(self) -> str:
        """Return the end of what the last command said."""
        return (self.work / "output.txt").read_text(errors="replace")[-2000:]

    def processes(self) -> list[int]:
        """Return the processes that a command of this place started and that are still there."""
        mark = f"{_MARK}={self.work}\0".encode()
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                if mark in (folder / "environ").read_bytes():
                    found.append(int(folder.name))
            except OSError:
                continue
        return found


def kill_commands(count: int, url: str | None, folder: Path, dice: random.Random) -> str:
    """Kill that many commands, checking after each what is left. Raises LeftBehindError."""
    with _place(folder, url, trivial(3)) as place:
        lasting = place.finish(_SHORT)
        begin, interrupted, folders = time.perf_counter(), 0, 0
        for _ in range(count):
            interrupted += _kill(place, dice.uniform(0.1, 0.9) * lasting)
            folders += len(list(place.temporary.glob("pytest-bolt-*")))
            place.finish(_QUICK)
            _check(place)
    return (
        f"{count} commands killed, {time.perf_counter() - begin:.0f} s: {interrupted} runs interrupted, "
        f"{folders} temporary folders left and swept by the next run, no process, lock or worktree left"
    )


@contextmanager
def _place(folder: Path, url: str | None, project: Project) -> Iterator[Place]:
    with tempfile.TemporaryDirectory(dir=folder, prefix="commands-") as work:
        place = Place(work=Path(work), url=url or str(Path(work, "store.sqlite")))
        place.temporary.mkdir()
        write_repository(project, place.work / "project")
        try:
            yield place
        finally:
            for pid in place.processes():
                os.kill(pid, signal.SIGKILL)


def _kill(place: Place, after_s: float) -> int:
    """Kill a command; return how many runs it left interrupted."""
    process = place.start(_SHORT)
    try:
        process.wait(after_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    end = time.monotonic() + PATIENCE_S
    while left := place.processes():
        if time.monotonic() > end:
            raise LeftBehindError(f"{len(left)} processes have survived the command")
        time.sleep(0.02)
    with open_store(place.url) as store:
        (newest, *_) = store.runs(1)
        if newest.state is RunState.RUNNING:
            raise LeftBehindError(f"{newest.run_id} counts as running, its process is dead")
        return int(newest.state is RunState.INTERRUPTED)


def _check(place: Place) -> None:
    """Check what is there after a killed run and a whole one. Raises LeftBehindError."""
    folders = list(place.temporary.glob("pytest-bolt-*"))
    trees = list((place.work / "cache" / "worktrees").glob("*/[0-9]*"))
    if folders or len(trees) > 1:
        raise LeftBehindError(f"left behind: {[str(path) for path in (*folders, *trees)]}")
    git(place.work / "project", "fsck", "--no-progress")
    known = subprocess.run(
        ["git", "worktree", "list"],  # noqa: S607 - git is on the path
        cwd=place.work / "project",
        capture_output=True,
        text=True,
        check=True,
    )
    if known.stdout.count("\n") > 2:
        raise LeftBehindError(f"git knows of more worktrees than are needed:\n{known.stdout}")
