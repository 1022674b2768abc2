"""Made-up runs as a real comparison stores them: two sides, noisy rounds, a clock beside the deciding one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import numpy as np

from pytest_bolt.core.assembly import METHOD
from pytest_bolt.core.case import Case, CaseId, Workload
from pytest_bolt.core.comparison import Comparison, Interval, Metric
from pytest_bolt.core.environment import Environment
from pytest_bolt.core.measurement import ROUND_DTYPE, Clock, Measurement, RoundTable, Side
from pytest_bolt.core.record import Record, Revision, Run
from pytest_bolt.core.units import IterationTime
from pytest_bolt.core.verdict import Verdict

ENVIRONMENT = Environment(facts={"cpu_model": "made up", "cpu_count": "2", "python_minor": "3.11"})
START = datetime(2026, 1, 1, tzinfo=UTC)
QUADS, ROWS_A_PAIR = 5, 20  # 5 quads x 2 rounds a side x 2 parts
_BETWEEN, _WITHIN = 0.01, 0.03  # relative noise of a process and of a part


def commit_of(number: int) -> str:
    """Return the commit of a run: 40 digits without order, as git's."""
    return f"{(number + 1) * 0x9E3779B97F4A7C15F39CC0605CEDC834 % 2**128:040x}"


def make_cases(count: int) -> list[Case]:
    """Return benchmarks of a suite of files of fifty."""
    work = Workload(shapes=((64, 1024),), dtype="float32", seed=0, bytes=524288, flops=None)
    names = (CaseId(node_id=_node_id(n), source_hash="0123456789abcdef") for n in range(count))
    return [Case(case_id=name, operation="forward", workload=work) for name in names]


def make_run(run_id: str, number: int) -> Run:
    """Return the run that compares commit `number` with the one before it."""
    return Run(
        run_id=run_id,
        started=START + timedelta(hours=number),
        command=("pytest", "--bolt-compare=HEAD~1"),
        head=_revision(number),
        base=_revision(number - 1),
        environment=ENVIRONMENT,
        mode="paired",
        settings={"mode": "paired", "margin": "0.05", "budget": "600.0", "seed": str(number)},
    )


class Measured:
    """Pairs of measurements drawn once and used again: what is stored of each is packed and written anew."""

    def __init__(self, random: np.random.Generator, count: int = 500) -> None:
        self._random = random
        self._drawn = [self._draw() for _ in range(count)]

    def _draw(self) -> tuple[int, Measurement, Measurement]:
        """Return 3 to 8 process pairs of 5 quads of a benchmark on both sides."""
        pairs = int(self._random.integers(3, 9))
        call_ns = float(self._random.lognormal(np.log(2e4), 1.5))
        base, head = (
            Measurement(side=side, rounds=_rounds(pairs, call_ns, self._random))
            for side in (Side.BASE, Side.HEAD)
        )
        return pairs, base, head

    def results(self, run: Run, cases: list[Case]) -> Iterator[tuple[Comparison, tuple[Record, Record]]]:
        """Give what a comparison stores of each benchmark."""
        chosen = self._random.integers(len(self._drawn), size=len(cases))
        for case, number in zip(cases, chosen.tolist(), strict=True):
            pairs, base, head = self._drawn[number]
            half = self._random.uniform(0.01, 0.04)
            records = _record(run.base, case, base), _record(run.head, case, head)
            yield _comparison(run, case, records, pairs, half), records


def _record(revision: Revision | None, case: Case, measurement: Measurement) -> Record:
    assert revision is not None
    return Record(
        case=case,
        revision=revision,
        measurement=measurement,
        time=IterationTime(_typical(measurement.rounds, "wall_ns")),
        clock=Clock.FILTERED,
    )


def _comparison(run: Run, case: Case, records: tuple[Record, Record], pairs: int, half: float) -> Comparison:
    base, head = records
    return Comparison(
        case=case,
        verdict=Verdict.SAME,
        margin=0.05,
        ratio=_interval(head.time.ns / base.time.ns, half),
        base_time=base.time,
        head_time=head.time,
        detectable=half * 1.1,
        method=METHOD,
        pairs=pairs,
        quads=pairs * QUADS,
        seed=int(run.settings["seed"]),
        metrics=(_cpu_time(base.measurement.rounds, head.measurement.rounds, half),),
    )


def _rounds(pairs: int, call_ns: float, random: np.random.Generator) -> RoundTable:
    """Return a table `[20 * pairs]`: of 1 ms, 1 % between processes, 3 % inside, few interrupted."""
    count, iterations = pairs * ROWS_A_PAIR, max(1, round(1e6 / call_ns))
    row = np.arange(count)
    rounds = np.zeros(count, dtype=ROUND_DTYPE)
    rounds["pair"], rounds["quad"] = row // ROWS_A_PAIR + 1, row % ROWS_A_PAIR // 4
    rounds["position"], rounds["part"] = 2 * (row // 2 % 2), row % 2
    rounds["iterations"] = iterations
    process = np.repeat(random.normal(1.0, _BETWEEN, pairs), ROWS_A_PAIR)
    interrupted = random.random(count) < 0.05
    cpu = call_ns * iterations * process * (1 + np.abs(random.normal(0.0, _WITHIN, count)))
    lost = random.exponential(3e3, count) + interrupted * random.exponential(4e5, count)
    rounds["cpu_ns"], rounds["wall_ns"] = cpu, cpu + lost
    rounds["involuntary"] = interrupted
    return rounds


def _cpu_time(base: RoundTable, head: RoundTable, half: float) -> Metric:
    before, after = (_digits(_typical(rounds, "cpu_ns")) for rounds in (base, head))
    found = _interval(after / before, half)
    ratio = Interval(estimate=_digits(found.estimate), low=_digits(found.low), high=_digits(found.high))
    return Metric(name="cpu_time", unit="ns", better="lower", base=before, head=after, ratio=ratio)


def _interval(ratio: float, half: float) -> Interval:
    return Interval(estimate=ratio, low=ratio * (1 - half), high=ratio * (1 + half))


def _typical(rounds: RoundTable, clock: str) -> float:
    return float(rounds[clock][0] / rounds["iterations"][0])


def _digits(value: float) -> float:
    """Return seven digits, as other clocks than the deciding one are kept."""
    return float(f"{value:.7g}")


def _revision(number: int) -> Revision:
    return Revision(commit=commit_of(number), name="main", branch="main", subject=f"change number {number}")


def _node_id(number: int) -> str:
    return f"tests/kernels/test_operations_{number // 50}.py::test_forward[shape{number}-float32-cpu]"
