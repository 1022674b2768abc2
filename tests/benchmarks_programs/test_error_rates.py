"""The program of error rates goes on where it was stopped; nothing is measured here."""

from __future__ import annotations

import json

import pytest

from benchmarks import error_rates, projects
from benchmarks.pytest_commands import CommandFailedError, Compared
from benchmarks.run_log import RunLog
from benchmarks.watched_process import Finished

COMPARISON = {
    "case": {"case_id": {"node_id": "tests/test_speed.py::test_speed[squares]"}},
    "verdict": "same",
    "ratio": {"estimate": 1.0, "low": 0.99, "high": 1.01},
    "base_time": {"ns": 8000.0},
    "head_time": None,
    "detectable": 0.02,
    "clock": "filt",
    "pairs": 3,
    "quads": 15,
    "reason": "",
    "warnings": [],
}


@pytest.fixture
def compared(monkeypatch):
    """The options of every comparison that was asked for; `fails` makes the next ones fail."""
    calls = []

    def compare(folder, project, *, work, options, store):
        assert (folder / ".git").is_dir()
        assert store.parent.is_dir()
        calls.append(options)
        if compare.fails:
            raise CommandFailedError("exit code 3\nit broke")
        finished = Finished(code=0, seconds=2.0, own_peak=1, any_peak=1, output="")
        report = {"run": {"environment": {"facts": {}}, "control": None}, "comparisons": [COMPARISON]}
        rounds = {COMPARISON["case"]["case_id"]["node_id"]: {"base": [8000.0] * 9, "head": [8600.0] * 9}}
        return Compared(finished=finished, report=report, rounds=rounds)

    compare.fails = False
    compare.calls = calls
    monkeypatch.setattr(error_rates, "compare", compare)
    return compare


def words(folder, runs):
    return [f"--out={folder}", f"--runs={runs}", "--variants=identical,slower-20"]


def test_finished_runs_are_not_repeated(compared, tmp_path, capsys):
    assert error_rates.main(words(tmp_path, 1)) == 0
    assert error_rates.main(words(tmp_path, 2)) == 0
    assert len(compared.calls) == 4
    lines = [json.loads(text) for text in (tmp_path / "runs.jsonl").read_text().splitlines()]
    assert [(each["seed"], each["half"]) for each in lines] == 2 * [(1, "tune")] + 2 * [(2, "report")]
    assert [{each["variant"] for each in lines[n : n + 2]} for n in (0, 2)] == 2 * [
        {"identical", "slower-20"}
    ]
    assert all(each["load"] >= 0 for each in lines)
    table = capsys.readouterr().out
    assert "| identical | 2    |" in table
    assert (tmp_path / "tables.md").read_text() in table
    assert "| pytest-benchmark, median:5% | one comparison | 4 " in table
    assert "| pytest-benchmark, median:5% | separate runs  | 3 " in table


def test_failed_runs_are_told_and_repeated(compared, tmp_path, capsys):
    compared.fails = True
    assert error_rates.main(words(tmp_path, 1)) == 1
    assert "failed: it broke" in capsys.readouterr().err
    compared.fails = False
    assert error_rates.main(words(tmp_path, 1)) == 0
    assert len(compared.calls) == 4


def test_other_settings_are_other_runs(compared, tmp_path):
    error_rates.main(words(tmp_path, 1))
    error_rates.main([*words(tmp_path, 1), "--margin=3%"])
    assert len(compared.calls) == 4
    assert "--bolt-margin=3%" in compared.calls[-1]


def test_unknown_variants_are_refused(capsys):
    with pytest.raises(SystemExit):
        error_rates.main(["--variants=identical,slowly"])
    assert "unknown variant 'slowly'" in capsys.readouterr().err


def test_a_line_that_was_cut_off_is_forgotten(tmp_path):
    path = tmp_path / "runs.jsonl"
    log = RunLog(path)
    log.append({"run": 1})
    path.write_text(path.read_text() + '{"run": 2, "ben')
    log = RunLog(path)
    log.append({"run": 3})
    again = RunLog(path)
    assert (again.find(run=1), again.find(run=2), again.find(run=3)) == ({"run": 1}, None, {"run": 3})


def test_a_plan_and_several_margins_are_run(compared, tmp_path):
    plan = tmp_path / "plan.txt"
    plan.write_text("generated identical 3% 0\ngenerated slower-5-in-2 5% 0\n")
    assert error_rates.main([f"--out={tmp_path}", f"--plan={plan}", "--runs=2"]) == 0
    lines = RunLog(tmp_path / "runs.jsonl").lines
    assert {(each["variant"], each["margin"]) for each in lines} == {
        ("identical", "3%"),
        ("slower-5-in-2", "5%"),
    }
    error_rates.main([f"--out={tmp_path}", "--variants=identical", "--margin=3,7.5%", "--runs=1"])
    assert [each["margin"] for each in RunLog(tmp_path / "runs.jsonl").lines[4:]] == ["7.5%"]


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("--plan=missing.txt", "No such file"),
        ("--margin=5%,x", "'x' is no margin"),
        ("--render=page.md", "need --out"),
        ("--keep-stores", "need --out"),
    ],
)
def test_what_makes_no_sense_is_refused(word, said, capsys):
    with pytest.raises(SystemExit):
        error_rates.main([word])
    assert said in capsys.readouterr().err


def test_hours_end_the_runs(compared, tmp_path, monkeypatch, capsys):
    clock = iter(range(0, 10**9, 600))
    monkeypatch.setattr(error_rates.time, "monotonic", lambda: float(next(clock)))
    assert error_rates.main([f"--out={tmp_path}", "--variants=identical", "--hours=2"]) == 0
    assert 2 <= len(compared.calls) <= 6
    assert "min left" in capsys.readouterr().err


def test_runs_of_other_sources_are_not_added_to(compared, tmp_path, monkeypatch):
    error_rates.main(words(tmp_path, 1))
    monkeypatch.setattr(error_rates, "plugin_digest", lambda: "other")
    with pytest.raises(SystemExit, match="runs of other sources"):
        error_rates.main(words(tmp_path, 2))
    assert error_rates.main(words(tmp_path, 0)) == 0
    assert len(compared.calls) == 2
    assert error_rates.main([*words(tmp_path, 2), "--mixed"]) == 0
    assert len(compared.calls) == 4


def test_sources_that_change_meanwhile_stop_the_runs(compared, tmp_path, monkeypatch, capsys):
    seen = iter("aaaa" + 100 * "b")
    monkeypatch.setattr(error_rates, "plugin_digest", lambda: next(seen))
    assert error_rates.main(words(tmp_path, 5)) == 1
    assert "the sources of the plugin were changed" in capsys.readouterr().err
    assert len(compared.calls) == 1


def test_failures_in_a_row_end_the_runs(compared, tmp_path, capsys):
    compared.fails = True
    assert error_rates.main([f"--out={tmp_path}", "--hours=1000"]) == 1
    assert len(compared.calls) == error_rates.MOST_FAILURES
    assert "failures in a row" in capsys.readouterr().err


def test_timing_that_fails_is_a_failed_run(compared, tmp_path, monkeypatch, capsys):
    def sized(*_arguments):
        raise error_rates.subprocess.CalledProcessError(1, "timing")

    monkeypatch.setattr(error_rates, "sized", sized)
    assert error_rates.main(words(tmp_path, 1)) == 1
    assert "direct timing failed" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_the_real_program_at_its_smallest(tmp_path, monkeypatch):
    (slowed,) = projects.subjects("generated", "algorithm-20", 0)
    few = {slowed, "test_speed[polynomial]"}

    def small(suite, variant, run, known):
        return sized(suite, variant, run, known).selecting(" or ".join(name[11:-1] for name in few))

    sized = error_rates.sized
    monkeypatch.setattr(error_rates, "sized", small)
    plan = tmp_path / "plan.txt"
    plan.write_text("generated algorithm-20 5% 0\n")
    page = tmp_path / "page.md"
    assert error_rates.main([f"--out={tmp_path}", f"--plan={plan}", "--runs=1", "--budget=60s"]) == 0
    assert error_rates.main([f"--out={tmp_path}", f"--render={page}"]) == 0
    (line,) = RunLog(tmp_path / "runs.jsonl").lines
    benchmarks = {each["id"].rpartition("::")[2]: each for each in line["benchmarks"]}
    assert set(benchmarks) == few
    assert {name for name, each in benchmarks.items() if each["slowed"] and each["size"]} == {slowed}
    assert all(each["rounds"]["base"] and each["rounds"]["head"] for each in benchmarks.values())
    assert "| algorithm-20 | 1 " in page.read_text()
