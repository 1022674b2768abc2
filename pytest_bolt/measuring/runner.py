"""Drive a plan: every step to the executor, every decision to whoever listens."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from pytest_bolt.core.plan import Steps
from pytest_bolt.core.steps import Decide, Reply, Step


class Executor(Protocol):
    """Whatever can carry out the steps of a plan."""

    def execute(self, step: Step) -> Reply:
        """Carry out one step and say what it came to."""


def run_plan(
    steps: Steps,
    executor: Executor,
    *,
    decided: Callable[[Decide], None],
    progressed: Callable[[Step, Reply], None],
) -> None:
    """Run `steps` to their end.

    Arguments:
        steps: the plan's generator.
        executor: carries out each step that is not a decision.
        decided: called with each decision, in the order in which they fall.
        progressed: called after each other step with its reply.
    """
    try:
        step = next(steps)
        while True:
            if isinstance(step, Decide):
                decided(step)
                step = steps.send(Reply())
            else:
                reply = executor.execute(step)
                progressed(step, reply)
                step = steps.send(reply)
    except StopIteration:
        return
