"""What to run next: a generator of steps that is fed with replies and never reads a clock.

Every benchmark is *screened* on a few short process pairs. One whose interval lies inside the margin is
SAME and done. One that looks different is a *candidate*: it was picked for being extreme, so it is
judged again on fresh pairs only, at least `confirming_pairs` of them. What straddles the margin gets
more pairs until it decides, its limit is reached or the budget ends.
"""

from __future__ import annotations

import random
from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass, field

from pytest_bolt.core import judgement
from pytest_bolt.core.measurement import RoundTable, Side, join_rounds, rounds_of
from pytest_bolt.core.steps import (
    BOTH,
    CloseCase,
    ClosePair,
    Decide,
    Failure,
    FailureKind,
    OpenCase,
    OpenPair,
    PlannedCase,
    Reply,
    Step,
    TimeRound,
)
from pytest_bolt.core.verdict import Verdict

Steps = Generator[Step, Reply, None]

PADDING_LIMIT = 1 << 20  # bytes of heap displacement


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanSettings:
    """The constants of the procedure; times in nanoseconds."""

    seed: int = 0
    sides: tuple[Side, ...] = BOTH
    screening_pairs: int = 3
    confirming_pairs: int = 8
    most_pairs: int = 24
    quads: int = 5
    most_quads: int = 20
    part_ns: float = 1e6
    parts: int = 2
    budget_ns: float = 600e9

    @property
    def paired(self) -> bool:
        """Return whether two trees are compared, rather than one measured."""
        return len(self.sides) == 2


@dataclass(slots=True, kw_only=True)
class _Progress:
    """What the plan knows of one case so far."""

    case: PlannedCase
    iterations: int = 1
    parts: int = 2
    call_ns: float = 0.0
    candidate: bool = False
    first_pair: int = 1  # pairs before this one were screening and are not judged on
    pairs: int = 0
    spent_ns: int = 0
    rounds: dict[Side, list[RoundTable]] = field(default_factory=lambda: {side: [] for side in BOTH})

    def table(self, side: Side) -> RoundTable:
        return join_rounds(self.rounds[side])

    def judged_table(self, side: Side) -> RoundTable:
        table = self.table(side)
        return table[table["pair"] >= self.first_pair]


class _LostPair(Exception):
    """The processes of this pair are gone."""


@dataclass(slots=True, kw_only=True)
class _Budget:
    total_ns: float
    spent_ns: float = 0.0
    start_ns: float = 0.0  # what opening the last pair took

    def charge(self, reply: Reply) -> None:
        self.spent_ns += reply.spent_ns

    @property
    def left_ns(self) -> float:
        return self.total_ns - self.spent_ns


def plan(cases: Sequence[PlannedCase], settings: PlanSettings) -> Steps:
    """Yield steps until every case is decided; send back a `Reply` to each.

    The first pair checks, calibrates and measures nothing that counts.
    """
    rng = random.Random(settings.seed)  # noqa: S311 - reproducible, not secret
    budget = _Budget(total_ns=settings.budget_ns)
    active = {case.key: _Progress(case=case) for case in cases}
    yield from _run_pair(0, [case.key for case in cases], active, settings, budget, rng)
    pair = 0
    while active and (due := _due(active, budget)):
        pair += 1
        yield from _run_pair(pair, _shuffled(due, active, rng), active, settings, budget, rng)
        for key in due:
            if key in active and (decision := _look(active[key], settings)):
                del active[key]
                yield decision
    for progress in active.values():
        yield _give_up(progress, settings)


def _due(active: dict[str, _Progress], budget: _Budget) -> list[str]:
    """Return the cases that the next pair measures: all, candidates only, or none when time is up."""
    if budget.left_ns <= 0:
        return []
    expected = budget.start_ns + sum(p.spent_ns / max(p.pairs, 1) for p in active.values())
    candidates = [key for key, progress in active.items() if progress.candidate]
    if candidates and expected > budget.left_ns:
        return candidates
    return list(active)


def _run_pair(
    pair: int,
    order: Sequence[str],
    active: dict[str, _Progress],
    settings: PlanSettings,
    budget: _Budget,
    rng: random.Random,
) -> Steps:
    """Run one process pair over the cases of `order`; after a crash, another for those that are left."""
    left = list(order)
    while left:
        paddings = tuple(rng.randrange(1, PADDING_LIMIT) for _ in settings.sides)
        opened = yield OpenPair(
            pair=pair, order=tuple(left), paddings=paddings, head_first=rng.random() < 0.5, check=pair == 0
        )
        budget.charge(opened)
        budget.start_ns = opened.spent_ns
        if opened.failure:
            yield from _fail_all(left, active, opened.failure)
            return
        try:
            while left and (pair == 0 or budget.left_ns > 0):
                key = left.pop(0)
                yield from _run_case(pair, key, left, active, settings, budget, rng)
        except _LostPair:
            continue
        budget.charge((yield ClosePair()))
        return


def _fail_all(keys: Iterable[str], active: dict[str, _Progress], failure: Failure) -> Steps:
    for key in keys:
        del active[key]
        yield _decide_failure(key, failure)


def _run_case(
    pair: int,
    key: str,
    left: Sequence[str],
    active: dict[str, _Progress],
    settings: PlanSettings,
    budget: _Budget,
    rng: random.Random,
) -> Steps:
    progress = active[key]
    before = budget.spent_ns
    reply = yield OpenCase(case=key, following=left[0] if left else None)
    budget.charge(reply)
    if not reply.failure:
        inner = (
            _calibrate(progress, settings)
            if pair == 0
            else _quads(pair, progress, settings, _quads_in_pair(progress, len(left) + 1, settings, budget), rng)
        )
        reply = yield from _charged(inner, budget)
    if not reply.failure:
        reply = yield CloseCase(case=key)
        budget.charge(reply)
    if reply.failure:
        del active[key]
        yield _decide_failure(key, reply.failure)
    elif pair > 0:
        progress.pairs += 1
        progress.spent_ns += int(budget.spent_ns - before)
    if reply.lost:
        raise _LostPair


def _charged(inner: Generator[Step, Reply, Reply], budget: _Budget) -> Generator[Step, Reply, Reply]:
    """Run `inner`, charging the budget with each reply; end early at the first failure."""
    step = next(inner)
    while True:
        reply = yield step
        budget.charge(reply)
        if reply.failure:
            inner.close()
            return reply
        try:
            step = inner.send(reply)
        except StopIteration as stop:
            return stop.value if stop.value is not None else reply


def _calibrate(progress: _Progress, settings: PlanSettings) -> Generator[Step, Reply, Reply]:
    """Choose the iterations of a part, once for both sides, so that a part takes about `part_ns`."""
    iterations = 1
    while True:
        slowest = 0.0
        for side in settings.sides:
            reply = yield TimeRound(case=progress.case.key, side=side, iterations=iterations, parts=1)
            slowest = max([slowest, *(timing.wall.ns for timing in reply.timings)])
        if slowest >= settings.part_ns / 2 or iterations >= 1 << 30:
            break
        growth = settings.part_ns / max(slowest, settings.part_ns / 10)
        iterations = max(iterations + 1, int(iterations * growth))
    progress.call_ns = slowest / iterations
    progress.iterations = max(1, round(settings.part_ns / max(progress.call_ns, 1e-3)))
    progress.parts = settings.parts if progress.call_ns < 2 * settings.part_ns else 1
    return Reply()


def _quads_in_pair(progress: _Progress, others: int, settings: PlanSettings, budget: _Budget) -> int:
    """Return how many quads are worth their time.

    `settings.quads` where they fit into 0.1 s, fewer for long calls, at least one. Opening a pair costs, so
    that where few cases share it each may take up to half its share of that cost, at most 1 s.
    """
    quad = 4 * progress.parts * progress.iterations * max(progress.call_ns, 1.0)
    share = min(budget.start_ns / (2 * others), 1e9)
    least = min(settings.quads, int(0.1e9 / quad))
    return max(1, least, min(settings.most_quads, int(share / quad)))


def _quads(
    pair: int, progress: _Progress, settings: PlanSettings, quads: int, rng: random.Random
) -> Generator[Step, Reply, Reply]:
    first, second = rng.sample(settings.sides, 2) if settings.paired else (Side.HEAD, Side.HEAD)
    taken: dict[Side, list[RoundTable]] = {side: [] for side in BOTH}
    for quad in range(quads):
        moved: set[Side] = set()
        for position, side in enumerate((first, second, second, first)):
            reply = yield TimeRound(
                case=progress.case.key,
                side=side,
                iterations=progress.iterations,
                parts=progress.parts,
                padding=0 if side in moved else rng.randrange(1, PADDING_LIMIT),
            )
            moved.add(side)
            taken[side].append(rounds_of(pair, quad, position, reply.timings))
        first, second = second, first
    for side in BOTH:
        progress.rounds[side].append(join_rounds(taken[side]))
    return Reply()


def _look(progress: _Progress, settings: PlanSettings) -> Decide | None:
    """Judge a case after a pair; None while it needs more."""
    if not settings.paired:
        return _conclude(progress, None, "") if progress.pairs >= settings.screening_pairs else None
    base, head = (progress.judged_table(side) for side in BOTH)
    ratios = judgement.pair_ratios(base, head, judgement.choose_clock(base, head))
    needed = settings.confirming_pairs if progress.candidate else settings.screening_pairs
    if len(ratios) < needed:
        return None
    verdict = judgement.judge(judgement.estimate(ratios), progress.case.margins)
    if verdict in {Verdict.SLOWER, Verdict.FASTER} and not progress.candidate:
        progress.candidate = True
        progress.first_pair = int(progress.table(Side.HEAD)["pair"].max()) + 1
        return None
    limit = settings.most_pairs + (progress.first_pair - 1 if progress.candidate else 0)
    if verdict is Verdict.INCONCLUSIVE and progress.pairs < limit:
        return None
    return _conclude(progress, verdict, "" if verdict.judged else _undecided(settings))


def _give_up(progress: _Progress, settings: PlanSettings) -> Decide:
    if not settings.paired and progress.pairs:
        return _conclude(progress, None, "")
    what = "confirmed" if progress.candidate else "decided"
    return _conclude(progress, Verdict.INCONCLUSIVE, f"the time budget ended before it could be {what}")


def _undecided(settings: PlanSettings) -> str:
    return f"still undecided after {settings.most_pairs} process pairs"


def _conclude(progress: _Progress, verdict: Verdict | None, reason: str) -> Decide:
    rounds = {side: progress.table(side) for side in BOTH}
    base, head = (progress.judged_table(side) for side in BOTH)
    if not len(head) and len(rounds[Side.HEAD]):  # a candidate without one fresh pair: show what picked it
        base, head = rounds[Side.BASE], rounds[Side.HEAD]
    clock = judgement.choose_clock(base, head)
    ratios = judgement.pair_ratios(base, head, clock)
    return Decide(
        case=progress.case.key,
        verdict=verdict,
        estimate=judgement.estimate(ratios) if ratios else None,
        clock=clock,
        times={
            side: judgement.typical_time(table, clock)
            for side, table in ((Side.BASE, base), (Side.HEAD, head))
            if len(table)
        },
        quads=sum(ratio.quads for ratio in ratios),
        reason=reason,
        warnings=judgement.quality(base, head, ratios, clock),
        rounds=rounds,
    )


def _decide_failure(key: str, failure: Failure) -> Decide:
    verdict: Verdict | None = Verdict.INCORRECT if failure.side is Side.HEAD else Verdict.INCOMPARABLE
    if failure.kind is FailureKind.UNMEASURED and failure.side is Side.HEAD:
        verdict = None
    return Decide(case=key, verdict=verdict, failure=failure, reason=failure.message)


def _shuffled(keys: Sequence[str], active: dict[str, _Progress], rng: random.Random) -> list[str]:
    """Return the keys in random order, cases of one group together at every level."""
    draws: dict[tuple[str, ...], float] = {}

    def rank(key: str) -> tuple[float, ...]:
        group = (*active[key].case.group, key)
        prefixes = [group[: depth + 1] for depth in range(len(group))]
        for prefix in prefixes:
            if prefix not in draws:
                draws[prefix] = rng.random()
        return tuple(draws[prefix] for prefix in prefixes)

    return sorted(keys, key=rank)

