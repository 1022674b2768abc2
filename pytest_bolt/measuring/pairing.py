"""The executor of the plan's steps: two workers in lockstep, one blocked while the other is timed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pytest_bolt.core.measurement import Side
from pytest_bolt.core.steps import (
    CloseCase,
    ClosePair,
    Failure,
    FailureKind,
    OpenCase,
    OpenPair,
    Reply,
    Step,
    TakeMemory,
    TimeRound,
)
from pytest_bolt.devices.base import wall_ns
from pytest_bolt.errors import BoltError
from pytest_bolt.measuring.process import Worker, WorkerGone, WorkerSpec, with_threads
from pytest_bolt.measuring.protocol import timing_from_wire

_Answer = TypeVar("_Answer")

START_LIMIT_S = 300.0  # importing and collecting is no step of a benchmark; --bolt-timeout may be short
_ABSENT = {
    Side.HEAD: "a second pytest collects no test of this id: an id has to be the same in every run",
    Side.BASE: "the base collects no test of this id",
}
_RUNNING, _READY, _FINISHED, _WAITING = "running", "ready", "finished", "exclusive"


@dataclass(slots=True)
class _Holding:
    """One side's worker and how far the current test has come in it."""

    worker: Worker
    state: str = _FINISHED
    finished: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a test said in the checking pair: its serialised reports, and what it told of itself."""

    reports: tuple[Any, ...] = ()
    info: Mapping[str, Any] = field(default_factory=dict)
    measured: bool = False


class _Failed(Exception):
    def __init__(self, failure: Failure, *, lost: bool = False) -> None:
        super().__init__(failure.message)
        self.failure = failure
        self.lost = lost


class PairExecutor:
    """Executes steps on one worker a side.

    Arguments:
        specs: how to start the worker of each side that takes part.
        timeout_s: how long one step of a test may take on one side.

    `outcomes` (head only) and `metrics` (side -> case -> values, each with its pair) fill up while the
    plan runs.
    """

    def __init__(self, specs: Mapping[Side, WorkerSpec], *, timeout_s: float) -> None:
        self._specs = specs
        self._timeout_s = timeout_s
        self._held: dict[Side, _Holding] = {}
        self._taking_part: tuple[Side, ...] = ()  # in the case that is open
        self._pair = 0
        self._check = True
        self._control = False
        self.absent: dict[Side, dict[str, str]] = {side: {} for side in specs}
        self.notes: dict[str, None] = {}  # in the order in which they came up
        self.outcomes: dict[str, Outcome] = {}
        self.metrics: dict[Side, dict[str, list[dict[str, Any]]]] = {side: {} for side in specs}

    def execute(self, step: Step) -> Reply:
        """Carry out one step and say what it came to."""
        start = wall_ns()
        match step:
            case OpenPair():
                reply = self._attempt(lambda: self._open_pair(step))
            case OpenCase():
                reply = self._attempt(lambda: self._open_case(step))
            case TimeRound():
                reply = self._attempt(lambda: self._time(step))
            case TakeMemory():
                reply = self._attempt(lambda: self._take_memory(step))
            case CloseCase():
                reply = self._attempt(lambda: self._close_case(step))
            case ClosePair():
                reply = self._attempt(self._close_pair)
            case _:
                reply = Reply()
        return Reply(
            spent_ns=wall_ns() - start, timings=reply.timings, failure=reply.failure, lost=reply.lost
        )

    def stop(self) -> None:
        """End every worker at once."""
        for holding in self._held.values():
            holding.worker.kill()
        self._held = {}

    def _attempt(self, work: Callable[[], Reply]) -> Reply:
        try:
            return work()
        except _Failed as failed:
            return Reply(failure=failed.failure, lost=failed.lost)

    def _open_pair(self, step: OpenPair) -> Reply:
        self.stop()
        self._pair, self._check, self._control = step.pair, step.check, step.control
        specs = dict(self._specs)
        if step.control:
            specs[Side.HEAD] = specs[Side.BASE]
        if step.threads is not None:
            specs = {side: with_threads(spec, step.threads) for side, spec in specs.items()}
        sides = list(self._specs)
        if step.head_first:
            sides.reverse()
        paddings = dict(zip(self._specs, step.paddings, strict=True))
        for side in sides:
            self._held[side] = _Holding(Worker(specs[side], paddings[side]))
        for side in sorted(sides, reverse=True):  # the head first: what it cannot start ends the run
            self._collected(side, self._guarded(side, self._held[side].worker.answer, starting=True))
        return Reply()

    def _collected(self, side: Side, message: dict[str, Any]) -> None:
        self._hear(side, message)
        if not self._control:
            self.absent[side] = message["errors"]

    def _hear(self, side: Side, message: Mapping[str, Any]) -> None:
        """Take in what a worker says of its imports; in the control the base has been judged and heard.

        Raises BoltError where it has loaded the wrong code.
        """
        if self._control:
            return
        if message.get("misplaced"):
            self.stop()
            raise BoltError(message["misplaced"])
        self.notes.update(dict.fromkeys(f"{side}: {note}" for note in message.get("notes", ())))

    def _open_case(self, step: OpenCase) -> Reply:
        self._taking_part = tuple(side for side in self._held if side in step.sides)
        request = {
            "op": "run",
            "case": step.case,
            "following": step.following,
            "check": self._check,
            "clock": step.clock,
        }
        for side in self._taking_part:
            self._held[side].finished = {}
            self._held[side].state = _RUNNING
            self._tell(side, request)
        self._settle(_READY)
        early = [side for side in self._taking_part if self._held[side].state == _FINISHED]
        if not early:
            return Reply()
        self._settle(_FINISHED)
        self._remember(step.case)
        # The head's own word counts first: a test that fails on both sides is incorrect.
        side = Side.HEAD if Side.HEAD in early else early[0]
        raise _Failed(self._why_unmeasured(side, step.case))

    def _why_unmeasured(self, side: Side, case: str) -> Failure:
        finished = self._held[side].finished
        if finished.get("absent"):
            file = case.partition("::")[0]
            text = self.absent[side].get(file) or next(iter(self.absent[side].values()), "")
            lines = [line for line in text.splitlines() if line.strip()]
            message = lines[-1].removeprefix("E").strip() if lines else _ABSENT[side]
            return Failure(side=side, kind=FailureKind.COLLECTION, message=message, detail=text)
        kind = FailureKind.FAILED if finished["outcome"] == "failed" else FailureKind.UNMEASURED
        message = finished["message"] or "the test made no benchmark call"
        return Failure(side=side, kind=kind, message=message, detail=finished["detail"])

    def _time(self, step: TimeRound) -> Reply:
        request = {
            "op": "round",
            "iterations": step.iterations,
            "parts": step.parts,
            "padding": step.padding,
        }
        message = self._answered(step.side, step.case, request)
        return Reply(timings=tuple(timing_from_wire(fields) for fields in message["timings"]))

    def _take_memory(self, step: TakeMemory) -> Reply:
        self._keep(step.side, step.case, self._answered(step.side, step.case, {"op": "memory"})["values"])
        return Reply()

    def _answered(self, side: Side, case: str, request: Mapping[str, Any]) -> dict[str, Any]:
        """Return the answer of a test that is held; one that has ended instead has failed."""
        message = self._ask(side, request)
        if message["event"] != _FINISHED:
            return message
        self._arrive(side, message)
        self._settle(_FINISHED)
        self._remember(case)
        raise _Failed(self._why_unmeasured(side, case))

    def _close_case(self, step: CloseCase) -> Reply:
        self._settle(_FINISHED)
        self._remember(step.case)
        for side in sorted(self._taking_part, reverse=True):  # the head first
            if self._held[side].finished["outcome"] == "failed":
                raise _Failed(self._why_unmeasured(side, step.case))
        return Reply()

    def _remember(self, case: str) -> None:
        if self._control:
            return
        for side in self._taking_part:
            finished = self._held[side].finished
            self._keep(side, case, finished.get("metrics", ()))
            if side is Side.HEAD and self._check and not finished.get("absent"):
                self.outcomes[case] = Outcome(
                    reports=tuple(finished["reports"]), info=finished["info"], measured=finished["measured"]
                )

    def _keep(self, side: Side, case: str, entries: Iterable[dict[str, Any]]) -> None:
        kept = self.metrics[side].setdefault(case, [])
        kept.extend({**entry, "pair": self._pair} for entry in entries)

    def _settle(self, wanted: str) -> None:
        """Let the tests run on until each has reached `wanted` or its end.

        A test that asks to be alone is held until the other stands still.
        """
        if wanted == _FINISHED:
            for side in self._in_state(_READY):
                self._held[side].state = _RUNNING
                self._tell(side, {"op": "finish"})
        while True:
            # The head first: where both hang or end, it is the head that is wrong.
            for side in sorted(self._in_state(_RUNNING), reverse=True):
                self._advance(side)
            waiting = self._in_state(_WAITING)
            if not waiting:
                return
            side = waiting[0]
            message = self._ask(side, {"op": "granted"})
            if message["event"] == "released":
                self._held[side].state = _RUNNING
            else:
                self._arrive(side, message)

    def _advance(self, side: Side) -> None:
        self._arrive(side, self._guarded(side, self._held[side].worker.answer))

    def _arrive(self, side: Side, message: dict[str, Any]) -> None:
        holding = self._held[side]
        holding.state = message["event"]
        if message["event"] == _FINISHED:
            self._hear(side, message)
            holding.finished = message

    def _in_state(self, state: str) -> list[Side]:
        """Return the sides in a state, the head first: of two that fail, it is the one to be told of."""
        return [
            side for side in (Side.HEAD, Side.BASE) if side in self._held and self._held[side].state == state
        ]

    def _ask(self, side: Side, request: Mapping[str, Any]) -> dict[str, Any]:
        self._tell(side, request)
        return self._guarded(side, self._held[side].worker.answer)

    def _tell(self, side: Side, request: Mapping[str, Any]) -> None:
        def send(_: float) -> None:
            self._held[side].worker.request(request)

        self._guarded(side, send)

    def _guarded(self, side: Side, work: Callable[[float], _Answer], *, starting: bool = False) -> _Answer:
        """Run `work` with the time limit; a worker that is gone ends the pair and blames its side."""
        try:
            return work(max(self._timeout_s, START_LIMIT_S) if starting else self._timeout_s)
        except WorkerGone as gone:
            self.stop()
            if starting and side is Side.HEAD and not self._control:
                raise _cannot_start(gone) from gone
            kind = FailureKind.TIMEOUT if gone.timed_out else FailureKind.CRASHED
            message = f"could not start: {_own_error(gone)}" if starting else gone.message
            failure = Failure(side=side, kind=kind, message=message, detail=gone.detail)
            raise _Failed(failure, lost=True) from gone

    def _close_pair(self) -> Reply:
        for holding in self._held.values():
            holding.worker.quit()
        self._held = {}
        return Reply()


def _own_error(gone: WorkerGone) -> str:
    """Return the last line that pytest marks as an error in what the process said, else how it ended."""
    marked = [line[1:].strip() for line in gone.detail.splitlines() if line.startswith("E   ")]
    return f"{marked[-1]} ({gone.message})" if marked else gone.message


def _cannot_start(gone: WorkerGone) -> BoltError:
    return BoltError(
        "the tests could not be started in a process of their own",
        seen={"because": gone.message, "output": gone.detail or "(none)"},
        advice="the same tests must run under plain pytest first",
    )
