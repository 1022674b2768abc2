"""`pytest-bolt compare A B`: stored values of two commits or runs, as advice and never as a verdict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pytest_bolt.commands.screen import Screen
from pytest_bolt.commands.stored_side import common_values, find_side
from pytest_bolt.core.measurement import Clock
from pytest_bolt.core.stored import RUNS_FOR_A_GATE, BaselineRecord, Prediction, predict
from pytest_bolt.core.summary import change_text, percent
from pytest_bolt.core.units import IterationTime, format_change, format_time
from pytest_bolt.stores.store import Store

_HEADER = ("CHANGE", "A", "B", "RUNS", "DETECTABLE", "SAYS", "BENCHMARK")
_CAVEAT = """\
This is advice, not a verdict. A and B were measured in separate runs, and those can resolve little: on a
shared machine two runs of the same code often differ by 10 % and more. From {runs} stored runs of A on, the
interval says where a run of the same code would lie (98 % prediction interval).
To decide, measure both in one run: pytest --bolt-compare={base}"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One benchmark on both sides; `prediction` is None where they cannot be set against each other."""

    key: str
    base: IterationTime | None
    head: IterationTime | None
    clock: Clock | None
    runs: tuple[int, int]
    prediction: Prediction | None
    says: str


def compare_stored(
    store: Store, screen: Screen, *, names: tuple[str, str], folder: Path, as_json: bool
) -> None:
    """Write the stored values of A and B case by case; raise BoltError where there are none to compare."""
    first, second = (find_side(store, name, folder) for name in names)
    fingerprint, base, head = common_values(store, first, second)
    rows = [_row(key, base.get(key, ()), head.get(key, ())) for key in sorted({*base, *head})]
    if as_json:
        document: dict[str, object] = {
            "schema": 1,
            "store": store.where,
            "advice_only": True,
            "a": first,
            "b": second,
        }
        screen.json({**document, "fingerprint": fingerprint, "cases": rows})
        return
    screen.pairs({"A": first.label, "B": second.label, "environment": fingerprint.digest})
    screen.line()
    screen.table(_HEADER, [_cells(row) for row in rows])
    screen.line()
    screen.line(_CAVEAT.format(runs=RUNS_FOR_A_GATE, base=first.ref))


def _row(key: str, base: Sequence[BaselineRecord], head: Sequence[BaselineRecord]) -> Row:
    clock = next((value.clock for value in (*head, *base)), None)
    old, new = ([value.time for value in side if value.clock is clock] for side in (base, head))
    prediction = predict(old, new) if old and new and all(time.ns > 0 for time in old + new) else None
    return Row(
        key=key,
        base=_middle(old),
        head=_middle(new),
        clock=clock,
        runs=(len(old), len(new)),
        prediction=prediction,
        says=_saying(prediction, base, head),
    )


def _saying(
    prediction: Prediction | None, base: Sequence[BaselineRecord], head: Sequence[BaselineRecord]
) -> str:
    if not base or not head:
        return f"only {'B' if head else 'A'} has it"
    if prediction is None:
        return "not comparable: measured by different clocks, or no time at all"
    if prediction.advice_only:
        return f"cannot say: {prediction.runs} of {RUNS_FOR_A_GATE} runs"
    if prediction.ratio.low <= 1.0 <= prediction.ratio.high:
        return "chance explains it"
    return "more than chance explains"


def _middle(times: Sequence[IterationTime]) -> IterationTime | None:
    ordered = sorted(times)
    return ordered[(len(ordered) - 1) // 2] if ordered else None


def _cells(row: Row) -> tuple[str, ...]:
    return (
        _change(row.prediction),
        format_time(row.base) if row.base else "-",
        format_time(row.head) if row.head else "-",
        f"{row.runs[0]}/{row.runs[1]}",
        "-" if row.prediction is None else percent(row.prediction.detectable),
        row.says,
        row.key.rpartition("@")[0] or row.key,
    )


def _change(prediction: Prediction | None) -> str:
    if prediction is None:
        return "-"
    if prediction.advice_only:
        return format_change(prediction.ratio.estimate)
    return change_text(prediction.ratio)
