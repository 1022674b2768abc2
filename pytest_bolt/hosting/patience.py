"""How long a busy or failing host is waited for."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeVar

from pytest_bolt.errors import BoltError
from pytest_bolt.hosting.host import Limited, Passing

Result = TypeVar("Result")

_MOST_FAILURES = 5  # to do the same thing
_FIRST_WAIT_S = 2.0
_UNSAID_WAIT_S = 60.0  # "wait for at least one minute before retrying", GitHub's advice for no header at all


class WallClock(Protocol):
    """Tells the time of day, and waits."""

    def now(self) -> float:
        """Return the seconds since 1970."""

    def sleep(self, seconds: float) -> None:
        """Wait."""


class SystemClock:
    """The machine's clock."""

    def now(self) -> float:
        """Return the seconds since 1970."""
        return time.time()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)


@dataclass(slots=True, kw_only=True)
class Patience:
    """Waits for a host, `most_s` seconds in all; `say` is told before each wait."""

    clock: WallClock
    most_s: float
    say: Callable[[str], None]
    _waited_s: float = 0.0

    def until_answered(self, ask: Callable[[], Result]) -> Result:
        """Return what `ask` returns, which may be asked again. Raises BoltError, or a Refusal."""
        failures = 0
        while True:
            try:
                return ask()
            except Limited as refusal:
                self.after_limit(refusal)
            except Passing as refusal:
                failures += 1
                self.after_failure(refusal, failures)

    def after_limit(self, refusal: Limited) -> None:
        """Wait until the host may be asked again. Raises BoltError where that takes too long."""
        wait_s = _UNSAID_WAIT_S if refusal.wait_s is None else max(refusal.wait_s, 1.0)
        self._wait(wait_s, "the host limits how often it is asked", refusal.said)

    def after_failure(self, refusal: Passing, failures: int) -> None:
        """Wait, longer each time. Raises BoltError after the fifth failure to do the same."""
        if failures >= _MOST_FAILURES:
            seen = {"answer": refusal.said, "tries": failures}
            advice = "nothing is lost: run the job again when the host is well"
            raise BoltError("the host does not answer as it should", seen=seen, advice=advice)
        self._wait(_FIRST_WAIT_S * 2 ** (failures - 1), "the host failed", refusal.said)

    def _wait(self, seconds: float, why: str, said: str) -> None:
        if not self._waited_s + seconds <= self.most_s:
            seen = {
                "answer": said,
                "asks for": f"{seconds:.0f} s",
                "would wait": f"{self.most_s:.0f} s in all",
            }
            raise BoltError(
                why, seen=seen, advice="run the job again later, or allow more with --max-wait=TIME"
            )
        self._waited_s += seconds
        self.say(f"{why} ({said}): waiting {seconds:.0f} s")
        self.clock.sleep(seconds)
