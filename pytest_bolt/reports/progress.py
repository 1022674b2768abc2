"""One line of progress while a comparison runs."""

from __future__ import annotations


def progress_text(
    *, pair: int, decided: int, total: int, elapsed_s: float, budget_s: float | None = None
) -> str:
    """Return `process pair 3, 12 of 40 decided, 0:45 of 10:00 used, 9:15 left`.

    Arguments:
        pair: number of the process pair that runs, counted from 1.
        decided: benchmarks that need no more rounds.
        total: benchmarks in all.
        elapsed_s: seconds since measuring began.
        budget_s: seconds that may be used, None without a limit.
    """
    head = f"process pair {pair}, {decided} of {total} decided"
    if budget_s is None:
        return f"{head}, {_clock(elapsed_s)} used"
    left = _clock(max(0.0, budget_s - elapsed_s))
    return f"{head}, {_clock(elapsed_s)} of {_clock(budget_s)} used, {left} left"


def _clock(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
