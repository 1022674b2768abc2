"""What to run next: a generator of steps that is fed with replies and never reads a clock.

Every benchmark is *screened* on a few short process pairs. One whose interval lies inside the margin is
SAME and done. One that looks different is a *candidate*: it was picked for being extreme, so it is
judged again on fresh pairs only, at least `confirming_pairs` of them. What straddles the margin gets
more pairs until it decides, its limit is reached or the budget ends. Beside the first pairs, some
benchmarks of the base are compared with themselves: the null control.
"""

from __future__ import annotations

import random
from collections.abc import Generator, Iterable, Mapping, Sequence

from pytest_bolt.core.control import Control
from pytest_bolt.core.looks import Looks
from pytest_bolt.core.progress import Budget, PlanSettings, Progress
from pytest_bolt.core.quads import PADDING_LIMIT, calibrate, measure_quads, quads_in_pair, visits
from pytest_bolt.core.steps import (
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
)
from pytest_bolt.core.timing import Side
from pytest_bolt.core.verdict import Verdict

__all__ = ["PlanSettings", "Steps", "plan"]

Steps = Generator[Step, Reply, None]


class _LostPair(Exception):
    """The processes of this pair are gone."""


def plan(cases: Sequence[PlannedCase], settings: PlanSettings, control: Control | None = None) -> Steps:
    """Yield steps until every case is decided; send back a `Reply` to each.

    The first pair checks, calibrates and measures nothing that counts. `control` is filled on the way with
    what the base differs by from itself.
    """
    rng = random.Random(settings.seed)  # noqa: S311 - reproducible, not secret
    budget = Budget(total_ns=settings.budget_ns)
    control = control or Control()
    looks = Looks(settings=settings, control=control)
    active = {case.key: Progress(case=case) for case in cases}
    yield from _run_pairs(0, [case.key for case in cases], active, settings, budget, rng)
    budget.spent_ns = 0.0  # checking takes what it takes; the budget is for measuring
    control.draw(active, settings, budget, rng)
    pair = 0
    while active and (due := _due(active, settings, budget)):
        pair += 1
        if control.due(settings, budget):
            yield from _run_control(control, settings, budget, rng)
        yield from _run_pairs(pair, _shuffled(due, active, rng), active, settings, budget, rng)
        measured = [active[key] for key in due if key in active]
        for decision in looks.judge(measured):
            del active[decision.case]
            yield decision
    for progress in active.values():
        yield looks.give_up(progress)


def _due(active: dict[str, Progress], settings: PlanSettings, budget: Budget) -> list[str]:
    """Return the cases that the next pair measures: all, candidates only, or none when time is up.

    Sharing pairs saves starts, but a candidate that is never confirmed is worth nothing: once the pairs that
    confirmations still need would not fit into the budget with everything in them, they get it alone.
    """
    if budget.left_ns <= 0:
        return []
    candidates = {key: progress for key, progress in active.items() if progress.candidate}
    shared = budget.start_ns + sum(p.spent_ns / max(p.pairs, 1) for p in active.values())
    needed = max((settings.confirming_pairs - p.judged_pairs for p in candidates.values()), default=0)
    return list(candidates) if candidates and shared * max(needed, 1) > budget.left_ns else list(active)


def _run_pairs(
    pair: int,
    order: Sequence[str],
    active: dict[str, Progress],
    settings: PlanSettings,
    budget: Budget,
    rng: random.Random,
) -> Steps:
    """Run the cases of `order` in process pairs of the same number, one for each number of threads.

    Most libraries read how many threads to use when they are loaded: only a process of its own keeps to it.
    """
    groups: dict[int | None, list[str]] = {}
    for key in order:
        groups.setdefault(active[key].case.threads, []).append(key)
    spent = 0.0
    for threads, group in groups.items():
        if pair > 0 and budget.left_ns <= 0:
            break
        yield from _run_pair(pair, group, threads, active, settings, budget, rng)
        spent += budget.start_ns
    budget.start_ns = spent


def _run_pair(
    pair: int,
    order: Sequence[str],
    threads: int | None,
    active: dict[str, Progress],
    settings: PlanSettings,
    budget: Budget,
    rng: random.Random,
) -> Steps:
    """Run one process pair over the cases of `order`; after a crash, another for those that are left."""
    left = list(order)
    while left:
        opened = yield OpenPair(
            pair=pair,
            order=tuple(left),
            paddings=_paddings(settings, rng),
            head_first=(pair + settings.seed) % 2 == 0,
            check=pair == 0,
            threads=threads,
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


def _fail_all(keys: Iterable[str], active: dict[str, Progress], failure: Failure) -> Steps:
    for key in keys:
        del active[key]
        yield _decide_failure(key, failure)


def _run_case(
    pair: int,
    key: str,
    left: Sequence[str],
    active: dict[str, Progress],
    settings: PlanSettings,
    budget: Budget,
    rng: random.Random,
) -> Steps:
    progress = active[key]
    before = budget.spent_ns
    quads = quads_in_pair(progress, len(left) + 1, settings, budget)
    reply = yield from _timed(pair, progress, left, quads, settings, budget, rng)
    if reply.failure:
        del active[key]
        yield _decide_failure(key, reply.failure)
    elif pair > 0:
        progress.pairs += 1
        progress.spent_ns += int(budget.spent_ns - before)
    if reply.lost:
        raise _LostPair


def _timed(
    pair: int,
    progress: Progress,
    left: Sequence[str],
    quads: int,
    settings: PlanSettings,
    budget: Budget,
    rng: random.Random,
) -> Generator[Step, Reply, Reply]:
    """Open a case, calibrate it or time its quads, and close it; return the reply that ended this.

    Where its sides are not interleaved this happens for one after the other, and what a test has set up is
    taken down before the other side begins.
    """
    case = progress.case
    following = left[0] if left and case.interleave else None
    reply = Reply()
    for sides in visits(pair, progress, settings):
        reply = yield OpenCase(case=case.key, following=following, sides=sides, clock=case.clock)
        budget.charge(reply)
        if not reply.failure:
            if pair == 0:
                inner = calibrate(progress, settings, sides)
            else:
                inner = measure_quads(pair, progress, settings, sides, count=quads, rng=rng)
            reply = yield from _charged(inner, budget)
        if not reply.failure:
            reply = yield CloseCase(case=case.key)
            budget.charge(reply)
        if reply.failure:
            break
    return reply


def _run_control(control: Control, settings: PlanSettings, budget: Budget, rng: random.Random) -> Steps:
    """Run two processes of the base over the benchmarks that were drawn; one that fails is no control."""
    pair, before = control.pairs + 1, budget.spent_ns
    left = _shuffled(list(control.drawn), control.drawn, rng)
    opened = yield OpenPair(
        pair=pair,
        order=tuple(left),
        paddings=_paddings(settings, rng),
        head_first=(pair + settings.seed) % 2 == 1,
        control=True,
        threads=control.threads,
    )
    budget.charge(opened)
    lost = opened.failure is not None
    while left and not lost and budget.left_ns > 0:
        key = left.pop(0)
        quads = control.quads[key]
        reply = yield from _timed(pair, control.drawn[key], left, quads, settings, budget, rng)
        if reply.failure:
            del control.drawn[key]
        lost = reply.lost
    if lost:
        control.drawn.clear()  # two processes of one tree may be in each other's way
    else:
        budget.charge((yield ClosePair()))
        control.update(budget.spent_ns - before)


def _paddings(settings: PlanSettings, rng: random.Random) -> tuple[int, ...]:
    return tuple(rng.randrange(1, PADDING_LIMIT) for _ in settings.sides)


def _charged(inner: Generator[Step, Reply, Reply], budget: Budget) -> Generator[Step, Reply, Reply]:
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


def _decide_failure(key: str, failure: Failure) -> Decide:
    verdict: Verdict | None = Verdict.INCORRECT if failure.side is Side.HEAD else Verdict.INCOMPARABLE
    if failure.kind is FailureKind.UNMEASURED and failure.side is Side.HEAD:
        verdict = None
    return Decide(case=key, verdict=verdict, failure=failure, reason=failure.message)


def _shuffled(keys: Sequence[str], active: Mapping[str, Progress], rng: random.Random) -> list[str]:
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
