"""Inside a process pair: how a case is calibrated, how many quads it gets, and in which order."""

from __future__ import annotations

import math
import random
from collections.abc import Generator, Sequence

from pytest_bolt.core.measurement import RoundTable, join_rounds, rounds_of
from pytest_bolt.core.progress import Budget, PlanSettings, Progress
from pytest_bolt.core.steps import BOTH, Reply, Step, TakeMemory, TimeRound
from pytest_bolt.core.timing import Side

_CALIBRATION_READINGS = 3
PADDING_LIMIT = 1 << 20  # bytes of heap displacement
MEMORY_CALL_NS = 10e9  # a call that takes longer is not repeated for its memory


def visits(pair: int, progress: Progress, settings: PlanSettings) -> tuple[tuple[Side, ...], ...]:
    """Return the sides that are held ready together, one group after the other.

    Both, where they are interleaved. Else one after the other, in an order that is drawn for every two
    pairs and turned round in the second of them. The checking pair begins with the head: a test that fails
    on both sides is the head's to answer for.
    """
    if progress.case.interleave or not settings.paired:
        return (settings.sides,)
    drawn = random.Random(f"{settings.seed} {progress.case.key} {(pair - 1) // 2}")  # noqa: S311 - not secret
    turned = pair > 0 and (drawn.random() < 0.5) != (pair % 2 == 0)
    return ((Side.BASE,), (Side.HEAD,)) if turned else ((Side.HEAD,), (Side.BASE,))


def calibrate(
    progress: Progress, settings: PlanSettings, sides: Sequence[Side]
) -> Generator[Step, Reply, Reply]:
    """Choose the iterations of a part, once for both sides, so that a part takes about `part_ns`."""
    iterations = 1
    while True:
        slowest = 0.0
        for side in sides:
            reply = yield TimeRound(
                case=progress.case.key, side=side, iterations=iterations, parts=_CALIBRATION_READINGS
            )
            # The least of three: one interruption must not make a fast call look like a slow one.
            slowest = max(slowest, min((timing.wall.ns for timing in reply.timings), default=0.0))
        if slowest >= settings.part_ns / 2 or iterations >= 1 << 30:
            break
        growth = settings.part_ns / max(slowest, settings.part_ns / 10)
        iterations = max(iterations + 1, int(iterations * growth))
    progress.call_ns = max(progress.call_ns, slowest / iterations)  # of both sides, held together or not
    progress.iterations = max(1, round(settings.part_ns / max(progress.call_ns, 1e-3)))
    progress.parts = settings.parts if progress.call_ns < 2 * settings.part_ns else 1
    return Reply()


def quads_in_pair(progress: Progress, others: int, settings: PlanSettings, budget: Budget) -> int:
    """Return how many quads are worth their time.

    `settings.quads` where they fit into 0.1 s, fewer for long calls, at least one. In a noisy hour a pair's
    own error outweighs what processes differ by: then as many as bring it down to `settings.pair_error`, in
    0.2 s (after Kalibera & Jones 2013: repeat where the variance is, as far as that costs less than another
    pair). Opening a pair costs, so that where few cases share it each may take up to half its share of that
    cost, at most 1 s.
    """
    share = min(budget.start_ns / (2 * others), 1e9)
    least = min(settings.quads, int(0.1e9 / progress.quad_ns))
    noisy = min(math.ceil((progress.quad_noise / settings.pair_error) ** 2), int(0.2e9 / progress.quad_ns))
    return max(1, least, min(settings.most_quads, max(noisy, int(share / progress.quad_ns))))


def measure_quads(
    pair: int,
    progress: Progress,
    settings: PlanSettings,
    sides: Sequence[Side],
    *,
    count: int,
    rng: random.Random,
) -> Generator[Step, Reply, Reply]:
    """Time `count` quads, ABBA and BAAB in turn, and keep their rounds; the heap moves before each.

    Of a side that is held alone each quad has its two rounds. Last, memory is looked at where that was
    asked for.
    """
    first, second = rng.sample(sides, 2) if len(sides) == 2 else (sides[0], sides[0])
    alone = settings.paired and len(sides) == 1
    taken: dict[Side, list[RoundTable]] = {side: [] for side in BOTH}
    for quad in range(count):
        moved: set[Side] = set()
        for position, side in enumerate((first, first) if alone else (first, second, second, first)):
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
    if progress.case.memory and progress.call_ns <= MEMORY_CALL_NS:
        for side in sides:
            yield TakeMemory(case=progress.case.key, side=side)
    elif progress.case.memory:
        progress.remarks["memory was not looked at: a call takes longer than ten seconds"] = None
    return Reply()
