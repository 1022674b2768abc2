"""Start a worker, talk to it, and end it with everything that it started."""

from __future__ import annotations

import contextlib
import json
import os
import random
import select
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pytest_bolt.core.timing import Side
from pytest_bolt.measuring.protocol import Channel, ChannelClosed, ChannelTimeout
from pytest_bolt.scratch import Scratch, abandoned

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
sys.path.insert(0, config["home"])
from pytest_bolt.worker import main
sys.path[:] = config["path"]
sys.exit(main(config, int(sys.argv[2]), int(sys.argv[3])))
"""
_TAIL = 4000
_GRACE_S = 5.0
_PROCESSES = Path("/proc")  # empty where the system has none
_HOME = str(Path(__file__).parents[2])  # the controller's plugin measures, whatever is compared

# Memory comes from one heap that is never given back, so that page faults do not depend on history;
# threads that wait do not spin while the other side is timed.
PINNED_ENVIRONMENT = {
    "MALLOC_MMAP_MAX_": "0",
    "MALLOC_TRIM_THRESHOLD_": "-1",
    "PYTHONHASHSEED": "0",
    "OMP_WAIT_POLICY": "PASSIVE",
    "KMP_BLOCKTIME": "0",
}
FOLDER_VARIABLE = "BOLT_WORKER_FOLDER"  # names the temporary folder of a worker to itself
THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS")
_DROPPED_PREFIXES = ("COV_CORE_", "COVERAGE_", "PYTEST_XDIST_", "GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE")
_DROPPED = ("PYTEST_CURRENT_TEST", "PYTEST_VERSION")


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerSpec:
    """How to start the worker of one side.

    `own` is the folder of its tree and `other` that of the tree it must not import from; both None
    where nothing has to be told apart. Tests are named by their place below `root`; `cwd` is the folder
    that pytest starts in. `path` is `sys.path`. `baseline` names the implementation that takes the place of
    those under test, empty for none.
    """

    side: Side
    cwd: Path
    root: Path
    own: Path | None
    other: Path | None
    arguments: tuple[str, ...]
    path: tuple[str, ...]
    environment: Mapping[str, str]
    baseline: str = ""


def with_threads(spec: WorkerSpec, threads: int) -> WorkerSpec:
    """Return the same worker, its libraries told to use `threads` threads from their start on."""
    told = dict.fromkeys(THREAD_VARIABLES, str(threads))
    return replace(spec, environment={**spec.environment, **told})


class WorkerGone(Exception):
    """The worker ended or fell silent; `message` is one line, `detail` the end of its output."""

    def __init__(self, message: str, detail: str, *, timed_out: bool = False) -> None:
        super().__init__(message)
        self.message = message
        self.detail = detail
        self.timed_out = timed_out


class Worker:
    """One running worker process, in a process group of its own."""

    def __init__(self, spec: WorkerSpec, padding: int) -> None:
        self.side = spec.side
        self._scratch = Scratch("worker")
        self.folder = self._scratch.folder
        self._output = (self.folder / "output").open("w+b")
        self._said = 0
        self._process: subprocess.Popen[bytes] | None = None
        self.channel: Channel | None = None
        try:
            self._connect(spec, padding)
        except BaseException:
            self.kill()
            raise

    def _connect(self, spec: WorkerSpec, padding: int) -> None:
        to_worker, from_controller = os.pipe()
        to_controller, from_worker = os.pipe()
        self.channel = Channel(to_controller, from_controller)
        try:
            self._process = self._start(spec, padding, to_worker, from_worker)
        except OSError as error:
            raise WorkerGone(f"no process could be started: {error}", "") from error
        finally:
            os.close(to_worker)
            os.close(from_worker)
        if hasattr(os, "pidfd_open"):
            self.channel.watch(os.pidfd_open(self._process.pid))
        self.request(
            {
                "parent": os.getpid(),
                "side": str(spec.side),
                "own": str(spec.own) if spec.own else None,
                "other": str(spec.other) if spec.other else None,
                "root": str(spec.root),
                "home": _HOME,
                "path": spec.path,
                "baseline": spec.baseline,
                "arguments": [*spec.arguments, f"--basetemp={self.folder / 'tmp'}"],
            }
        )

    def _start(self, spec: WorkerSpec, padding: int, read_fd: int, write_fd: int) -> subprocess.Popen[bytes]:
        flags = subprocess._args_from_interpreter_flags()  # type: ignore[attr-defined] # noqa: SLF001 - as multiprocessing does
        command = [sys.executable, *flags, "-P", "-c", BOOTSTRAP, str(padding), str(read_fd), str(write_fd)]
        filler = random.Random(padding).randrange(1, 4096)  # noqa: S311 - layout noise, not secret
        return subprocess.Popen(
            command,
            cwd=spec.cwd,
            env={**spec.environment, FOLDER_VARIABLE: str(self.folder), "BOLT_PADDING": "x" * filler},
            stdin=subprocess.DEVNULL,
            stdout=self._output,
            stderr=subprocess.STDOUT,
            pass_fds=(read_fd, write_fd),
            start_new_session=True,
        )

    def request(self, message: Mapping[str, Any]) -> None:
        """Send a request. Raises WorkerGone."""
        if message.get("op") == "run":  # what was said before has nothing to do with this test
            self._said = os.fstat(self._output.fileno()).st_size
        try:
            self._wire().send(message)
        except ChannelClosed as error:
            raise self._gone() from error

    def answer(self, timeout_s: float | None) -> dict[str, Any]:
        """Return the next message. Raises WorkerGone when the process ended or `timeout_s` passed."""
        try:
            return self._wire().receive(timeout_s)
        except ChannelTimeout as error:
            message = f"no answer within {timeout_s:g} s (--bolt-timeout)"
            raise WorkerGone(message, self._tail(), timed_out=True) from error
        except (ChannelClosed, json.JSONDecodeError) as error:
            raise self._gone() from error

    def _wire(self) -> Channel:
        if self.channel is None:
            raise ChannelClosed
        return self.channel

    def _gone(self) -> WorkerGone:
        try:
            code = self._process.wait(_GRACE_S) if self._process else -1
        except subprocess.TimeoutExpired:
            return WorkerGone("the process closed its end of the wire", self._tail())
        return WorkerGone(f"the process ended with {_ending(code)}", self._tail())

    def _tail(self) -> str:
        self._output.flush()
        size = self._output.seek(0, os.SEEK_END)
        self._output.seek(max(self._said, size - _TAIL))
        return self._output.read().decode(errors="replace").strip()

    def quit(self) -> None:
        """Let the worker end by itself, for a few seconds, then end it."""
        with contextlib.suppress(ChannelClosed, subprocess.TimeoutExpired):
            self._wire().send({"op": "quit"})
            if self._process is not None:
                self._process.wait(_GRACE_S)
        self.kill()

    def kill(self) -> None:
        """End the worker with everything that it started, and remove its temporary files; once is enough."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            _kill_descendants(str(self.folder))
            self._process = None
        if self.channel is not None:
            self.channel.close()
            self.channel = None
        self._output.close()
        self._scratch.remove()


def clear_away() -> None:
    """Remove what killed runs of this user have left: folders, and processes that ran in them."""
    for folder in abandoned():
        _kill_descendants(str(folder))


def _kill_descendants(folder: str) -> None:
    """End what a worker started in sessions of its own: its environment names the worker's folder."""
    mark = f"{FOLDER_VARIABLE}={folder}\0".encode()
    killed: list[int] = []
    for place in _PROCESSES.glob("[0-9]*/environ"):
        with contextlib.suppress(OSError):  # it has ended meanwhile, or is not ours
            if mark in place.read_bytes():
                process = int(place.parent.name)
                if hasattr(os, "pidfd_open"):
                    killed.append(os.pidfd_open(process))
                os.kill(process, signal.SIGKILL)
    _await_end(killed)


def _await_end(processes: Sequence[int]) -> None:
    """Wait, for a few seconds, until processes take no more of the processor; close their descriptors."""
    deadline = time.monotonic() + _GRACE_S
    for descriptor in processes:
        ended = select.poll()
        ended.register(descriptor, select.POLLIN)
        ended.poll(max(0.0, deadline - time.monotonic()) * 1000)
        os.close(descriptor)


def worker_environment(
    environ: Mapping[str, str], *, pinned: bool, threads: int | None, extra: Mapping[str, str]
) -> dict[str, str]:
    """Return the environment that both workers start in.

    Arguments:
        environ: that of the controller.
        pinned: False leaves allocator, hash seed and threads as they are.
        threads: intra-op threads asked for by the user; None means one where pinned.
        extra: variables set on top.
    """
    clean = {
        name: value
        for name, value in environ.items()
        if name not in _DROPPED and not name.startswith(_DROPPED_PREFIXES)
    }
    if pinned:
        clean.update(PINNED_ENVIRONMENT)
        clean.update(dict.fromkeys(THREAD_VARIABLES, str(threads or 1)))
    elif threads:
        clean.update(dict.fromkeys(THREAD_VARIABLES, str(threads)))
    return {**clean, **extra}


def worker_arguments(
    raw: Sequence[str], *, positionals: Sequence[str], dropped: Mapping[str, int], added: Sequence[str]
) -> tuple[str, ...]:
    """Return the pytest arguments of a worker, from those of the controller.

    Arguments:
        raw: the controller's, as typed.
        positionals: those of `raw` that name tests; the worker gets its own.
        dropped: option -> number of values, options that concern the controller alone. A trailing
            `*` stands for any rest of the name.
        added: put at the end.
    """
    left = list(positionals)
    kept: list[str] = []
    words = iter(raw)
    for word in words:
        if word == "--":
            break
        if word in left:
            left.remove(word)
        elif (values := _values_of(word, dropped)) is None:
            kept.append(word)
        else:
            for _ in range(values):
                next(words, None)
    return (*kept, *added)


def _values_of(word: str, dropped: Mapping[str, int]) -> int | None:
    """Return how many words after `word` go with it when it is dropped; None when it stays."""
    name, equals, _ = word.partition("=")
    for option, values in dropped.items():
        if option.endswith("*") and name.startswith(option[:-1]):
            return 0 if equals else values
        if name == option:
            return 0 if equals else values
        short = len(option) == 2 and option[1] != "-"
        if short and values and word.startswith(option) and not word.startswith("--"):
            return 0
    return None


def _ending(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    try:
        return f"signal {-code} ({signal.Signals(-code).name})"
    except ValueError:
        return f"signal {-code}"
