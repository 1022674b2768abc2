"""The page of the results and the data beside it."""

from __future__ import annotations

import csv

import pytest
from made_up_runs import benchmark, line

from benchmarks import error_rates, rates_page
from benchmarks.rate_tables import chosen, tables
from benchmarks.rates_page import BENCHMARK_COLUMNS, RUN_COLUMNS, CannotRenderError
from benchmarks.run_log import RunLog

A, B = "tests/test_speed.py::test_speed[a]", 'tests/test_speed.py::test_speed[b,"|`]'


def runs():
    return [
        line("identical", benchmark(A), benchmark(B, "inconclusive", change=3), run=0),
        line("identical", benchmark(A, "slower", change=7), benchmark(B), run=1),
        line("slower-10", benchmark(A, "slower", slowed=True, size=10, change=9.5), benchmark(B), run=1),
        line("copy-10", benchmark(B, "slower", slowed=True, size=10.4, change=11), benchmark(A), run=3),
        line("order", benchmark(A), benchmark(B, "incorrect"), run=1, margin="3%", neighbours=1),
    ]


def rows_of(path):
    with path.open(newline="") as opened:
        return list(csv.DictReader(opened))


def test_the_page_and_its_data(tmp_path):
    written = rates_page.write(tmp_path / "docs" / "rates.md", runs(), "both", mixed=False)
    assert [path.name for path in written] == ["rates.md", "rates-runs.csv", "rates-benchmarks.csv"]
    page = written[0].read_text()
    for text in (
        "# Error rates, measured",
        "5, with 10 benchmarks",
        "aaaaaaaa",
        "A chip",
        "| slower-10 ",
        "rates-runs.csv",
    ):
        assert text in page
    assert not any("secret-host" in path.read_text() for path in written)
    told = rows_of(written[1])
    assert tuple(told[0]) == RUN_COLUMNS
    assert [row["false_slower"] for row in told] == ["0", "1", "0", "0", "0"]
    assert [(row["slowed"], row["found"]) for row in told[2:4]] == [("1", "1")] * 2
    assert (told[4]["other"], told[0]["floor_percent"]) == ("1", "1.20")
    benchmarks = {(row["change"], row["benchmark"]): row for row in rows_of(written[2])}
    assert tuple(next(iter(benchmarks.values()))) == BENCHMARK_COLUMNS
    name = B.rpartition("::")[2]
    assert benchmarks["identical", name]["judged"] == "2"
    assert benchmarks["identical", name]["q50_percent"] == "1.50"
    assert benchmarks["copy-10", name]["true_percent"] == "10.40"
    assert benchmarks["beside", name]["same"] == "1"
    assert benchmarks["harmless", name]["q50_percent"] == ""


def test_the_sources_are_not_mixed_unless_told(tmp_path):
    mixed = [*runs(), line("identical", benchmark(), run=5, plugin="bbbbbbbb")]
    with pytest.raises(
        CannotRenderError, match=r"aaaaaaaa \(5 runs\), bbbbbbbb \(1 runs\); nothing is written"
    ):
        rates_page.write(tmp_path / "rates.md", mixed, "both", mixed=False)
    assert not (tmp_path / "rates.md").exists()
    rates_page.write(tmp_path / "rates.md", mixed, "both", mixed=True)
    assert "of more than one version of the plugin" in (tmp_path / "rates.md").read_text()


def test_nothing_to_tell_is_refused(tmp_path):
    with pytest.raises(CannotRenderError, match="no finished run in this half"):
        rates_page.write(tmp_path / "rates.md", runs()[:1], "report", mixed=False)


def test_a_half_is_a_half(tmp_path):
    rates_page.write(tmp_path / "rates.md", runs(), "report", mixed=False)
    page = (tmp_path / "rates.md").read_text()
    assert "report: runs with odd numbers" in page
    assert "Runs with even numbers are not on this page" in page
    assert len(rows_of(tmp_path / "rates-runs.csv")) == 4
    assert chosen(runs(), "tune") == runs()[:1]


def test_failed_runs_are_told_and_not_counted(tmp_path):
    failed = {
        key: value for key, value in line("local", run=9).items() if key not in {"benchmarks", "seconds"}
    }
    rates_page.write(tmp_path / "rates.md", [*runs(), {**failed, "error": "it broke"}], "both", mixed=False)
    (row,) = [each for each in (tmp_path / "rates.md").read_text().splitlines() if "runs that failed" in each]
    assert row.split("|")[2].strip() == "1"
    assert len(rows_of(tmp_path / "rates-runs.csv")) == 5


def test_variants_stand_in_one_order_and_suites_apart():
    lines = [*runs(), line("slower-2", benchmark(), run=2), line("objects", benchmark(), suite="shipped")]
    text = tables(lines)
    places = [text.index(f"| {name} ") for name in ("identical", "slower-2 ", "slower-10", "copy-10")]
    assert places == sorted(places)
    assert "### Suite shipped alone" in text
    assert "alone" not in tables(runs())


def test_the_program_renders_what_is_there(tmp_path, capsys):
    log = RunLog(tmp_path / "runs.jsonl")
    for each in runs():
        log.append(each)
    page = tmp_path / "page.md"
    assert error_rates.main([f"--out={tmp_path}", f"--render={page}", "--report-half=report"]) == 0
    assert f"wrote {page}" in capsys.readouterr().out
    with pytest.raises(SystemExit, match="no finished run"):
        error_rates.main([f"--out={tmp_path / 'empty'}", f"--render={page}"])


def test_the_data_of_a_thousand_runs_stay_small():
    names = [f"tests/test_speed.py::test_speed[function_{number}]" for number in range(28)]
    variants = ("identical", "objects", "slower-10-in-8", "copy-5-in-5")
    lines = [line(variants[run % 4], *map(benchmark, names), run=run) for run in range(1000)]
    texts = rates_page.runs_csv(lines), rates_page.benchmarks_csv(lines)
    assert texts[0].count("\n") == 1001
    assert sum(map(len, texts)) < 200_000
