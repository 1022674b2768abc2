"""What an installed but unused plugin costs: `python -m benchmarks.idle_cost [QUADS]`.

Runs `pytest` on one empty test in fresh processes, with the plugin (`bolt`) and without (`none`),
interleaved in quads (bolt, none, none, bolt and the mirror image in turn); a control runs `none` against
itself in the same way. Plugins are found as pytest finds them, by the entry points of what is installed;
`none` blocks this one. All others are blocked on both sides, once with the exception of pytest-benchmark,
which every installation of this plugin has beside it. (They would only dilute the ratio.) CPU time is user
and system time of the process and its children.
"""

from __future__ import annotations

import json
import math
import os
import sys
import tempfile
import time
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path

from pytest_bolt.core.stats import Estimate, interval

QUADS = 20
LIMIT = 1.05
COMMAND = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
PLUGIN = "bolt"
PEERS = {"pytest alone": {PLUGIN}, "with pytest-benchmark": {PLUGIN, "benchmark"}}
WITHOUT = ["-p", f"no:{PLUGIN}"]
SPY = """
import atexit, json, os, sys

started = []
EVENTS = {"subprocess.Popen", "os.fork", "os.forkpty", "os.posix_spawn", "os.spawn", "os.system", "os.exec"}
sys.addaudithook(lambda event, _: started.append(event) if event in EVENTS else None)

@atexit.register
def tell():
    with open(os.environ["IDLE_COST_SPY"], "w") as out:
        json.dump({"started": started, "modules": sorted(sys.modules)}, out)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Seconds of one pytest process."""

    wall: float
    cpu: float


def others_blocked(kept: set[str]) -> list[str]:
    """Return the arguments that block every installed plugin of pytest but those of `kept`."""
    names = {point.name for point in entry_points(group="pytest11")}
    return [word for name in sorted(names - kept) for word in ("-p", f"no:{name}")]


def run(folder: Path, extra: list[str], environ: dict[str, str]) -> Cost:
    """Run pytest in `folder` and return what it cost. Raises RuntimeError if it fails."""
    silence = os.open(os.devnull, os.O_WRONLY)
    try:
        actions = [(os.POSIX_SPAWN_DUP2, silence, 1), (os.POSIX_SPAWN_DUP2, silence, 2)]
        begin = time.perf_counter()
        command = [*COMMAND, *extra, str(folder / "test_empty.py")]
        pid = os.posix_spawn(sys.executable, command, environ, file_actions=actions)
        _, status, usage = os.wait4(pid, 0)
        wall = time.perf_counter() - begin
    finally:
        os.close(silence)
    if status != 0:
        msg = f"pytest failed with status {os.waitstatus_to_exitcode(status)}: {' '.join(command)}"
        raise RuntimeError(msg)
    return Cost(wall=wall, cpu=usage.ru_utime + usage.ru_stime)


def quad(folder: Path, first: list[str], second: list[str], environ: dict[str, str]) -> tuple[float, float]:
    """Return log(first / second) of wall and CPU time, from the order first, second, second, first."""
    order = [run(folder, extra, environ) for extra in (first, second, second, first)]
    outer, inner = (order[0], order[3]), (order[1], order[2])
    return (
        math.log(sum(cost.wall for cost in outer) / sum(cost.wall for cost in inner)),
        math.log(sum(cost.cpu for cost in outer) / sum(cost.cpu for cost in inner)),
    )


def ratios(
    folder: Path, peer: list[str], subject: list[str], *, swapped: bool, environ: dict[str, str]
) -> tuple[float, float]:
    """Return log(subject / peer) of wall and CPU time from one quad, begun by `peer` where `swapped`."""
    if not swapped:
        return quad(folder, subject, peer, environ)
    wall, cpu = quad(folder, peer, subject, environ)
    return -wall, -cpu


def spied(folder: Path, extra: list[str], environ: dict[str, str]) -> dict[str, list[str]]:
    """Return the processes started and the modules loaded by one run, from the interpreter's audit events."""
    (folder / "spy").mkdir(exist_ok=True)
    (folder / "spy" / "sitecustomize.py").write_text(SPY)
    report = folder / "spy.json"
    path = os.pathsep.join(filter(None, [str(folder / "spy"), environ.get("PYTHONPATH", "")]))
    run(folder, extra, environ | {"PYTHONPATH": path, "IDLE_COST_SPY": str(report)})
    found: dict[str, list[str]] = json.loads(report.read_text())
    return found


def row(name: str, clock: str, estimate: Estimate) -> str:
    """Return a table line: the ratio and its 98 % interval over quads."""
    center, low, high = (math.exp(value) for value in (estimate.center, estimate.low, estimate.high))
    return f"{name:<38} {clock:<5} {center:6.3f}  [{low:.3f}, {high:.3f}]"


def compare(title: str, kept: set[str], quads: int, folder: Path, environ: dict[str, str]) -> float:
    """Print the rows of one peer, control first; return the upper bound of the plugin's CPU ratio."""
    bolt = others_blocked(kept)
    peer = [*bolt, *WITHOUT]
    control, subject = [], []
    for number in range(quads):
        swapped = bool(number % 2)
        control.append(ratios(folder, peer, peer, swapped=swapped, environ=environ))
        subject.append(ratios(folder, peer, bolt, swapped=swapped, environ=environ))
    upper = math.inf
    for name, logs in (("none / none", control), ("bolt / none", subject)):
        for clock, values in zip(("wall", "cpu"), zip(*logs, strict=True), strict=True):
            estimate = interval(values, floor=0.0)
            upper = math.exp(estimate.high)
            print(row(f"{title}: {name}", clock, estimate))
    return upper


def report_modules(bolt: dict[str, list[str]], none: dict[str, list[str]]) -> None:
    """Print what the plugin started and loaded."""
    extra = sorted(set(bolt["modules"]) - set(none["modules"]))
    foreign = {module.partition(".")[0] for module in extra} - sys.stdlib_module_names - {"pytest_bolt"}
    print(f"processes started: {len(bolt['started'])} with the plugin, {len(none['started'])} without")
    print(f"modules loaded by the plugin: {len(extra)}; neither its own nor standard: {sorted(foreign) or 0}")


def main(quads: int) -> int:
    """Print the table; return 0 if the plugin's CPU time is within the limit and it started no process."""
    environ = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST_")}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "test_empty.py").write_text("def test_empty():\n    pass\n")
        alone = others_blocked({PLUGIN})
        bolt, none = spied(folder, alone, environ), spied(folder, [*alone, *WITHOUT], environ)
        print(f"{f'pytest on one empty test, {quads} quads':<38} clock  ratio  98 % interval")
        uppers = [compare(title, kept, quads, folder, environ) for title, kept in PEERS.items()]
    report_modules(bolt, none)
    return 0 if max(uppers) < LIMIT and not bolt["started"] else 1


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else QUADS))
