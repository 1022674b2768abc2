"""From verdicts to the table of error rates."""

from __future__ import annotations

import pytest

from benchmarks.alarm_counts import HEADINGS, Share, counted, markdown, row


def line(*verdicts, slowed=(), seconds=10.0):
    benchmarks = [{"verdict": verdict, "slowed": False, "ratio": None} for verdict in verdicts]
    benchmarks += [{"verdict": v, "slowed": True, "ratio": {"estimate": 1.21}} for v in slowed]
    return {"benchmarks": benchmarks, "seconds": seconds, "load": 0.5}


@pytest.mark.parametrize(
    ("share", "low", "high"),
    [
        (Share(count=0, total=10), 0.0, 0.2775),
        (Share(count=5, total=10), 0.2366, 0.7634),
        (Share(count=10, total=10), 0.7225, 1.0),
    ],
)
def test_wilson_interval(share, low, high):
    assert share.interval() == pytest.approx((low, high), abs=5e-5)


def test_a_share_of_nothing_says_nothing():
    assert str(Share(count=0, total=0)) == "-"
    assert Share(count=0, total=0).interval() == (0.0, 1.0)


def test_false_alarms_are_those_on_benchmarks_that_did_not_change():
    counts = counted(
        [line("same", "slower", slowed=["slower"]), line("faster", "slower", slowed=["same"]), line("same")]
    )
    assert counts.false("slower") == Share(count=2, total=5)
    assert counts.false("faster") == Share(count=1, total=5)
    assert counts.alarmed_runs() == Share(count=2, total=3)
    assert counts.found() == Share(count=1, total=2)


def test_a_run_in_which_everything_is_slower_cannot_give_a_false_alarm():
    assert counted([line(slowed=["slower"]), line("same")]).alarmed_runs() == Share(count=0, total=1)


def test_failed_runs_do_not_count():
    assert counted([{"error": "it broke"}, line("same")]).false("same") == Share(count=1, total=1)


def test_verdicts_that_are_not_about_speed_are_counted_apart():
    assert counted([line("incorrect", "same", slowed=["incomparable"])]).others() == 2


def test_the_row_has_a_cell_under_every_heading():
    cells = dict(
        zip(
            HEADINGS,
            row("slower-20", counted([line("same", "inconclusive", slowed=["slower"])])),
            strict=True,
        )
    )
    assert cells["found"].startswith("1 of 1, 100.0 % [")
    assert cells["change seen"] == "+21.0 %"
    assert (cells["SAME"], cells["INCONCLUSIVE"], cells["other"]) == ("50.0 %", "50.0 %", "0")
    assert cells["s a benchmark"] == "3.33"


def test_the_table_is_aligned():
    assert markdown([("a", "b"), ("long", "c")]) == "| a    | b |\n|------|---|\n| long | c |\n"
