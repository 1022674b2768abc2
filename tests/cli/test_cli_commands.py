"""`pytest-bolt list | show | compare`: what they say."""

from __future__ import annotations

import json
import subprocess

import jsonschema
import pytest

from pytest_bolt.core.environment import Environment
from pytest_bolt.core.measurement import Clock
from pytest_bolt.core.record import RunState
from pytest_bolt.core.verdict import Verdict
from pytest_bolt.reports.json_report import parse, schema
from pytest_bolt.stores.store import open_store

HERE = Environment(facts={"cpu_model": "Z80"})
TWO_RUNS = [(1000.0, 1010.0), (1000.0, 1020.0)]


def test_list_shows_runs_newest_first(bolt, fill):
    fill(TWO_RUNS)
    fill([(1.0, 2.0)], first=2, dirty=True, verdict=Verdict.SLOWER, state=RunState.INTERRUPTED)
    assert bolt("list").out == (
        "RUN           STARTED (UTC)        STATE        MODE    HEAD         BASE             BENCHMARKS\n"
        "002c0ffee000  2026-03-01 12:02:00  interrupted  paired  bbbbbbbbbb+  main aaaaaaaaaa  1 slower\n"
        "001c0ffee000  2026-03-01 12:01:00  finished     paired  bbbbbbbbbb   main aaaaaaaaaa  1 same\n"
        "000c0ffee000  2026-03-01 12:00:00  finished     paired  bbbbbbbbbb   main aaaaaaaaaa  1 same\n"
    )


def test_list_shows_no_more_than_asked_for(bolt, fill):
    fill([(1.0, 1.0)] * 22)
    assert len(bolt("list").out.splitlines()) == 1 + 20
    assert len(bolt("list", "--limit", "3").out.splitlines()) == 1 + 3
    assert len(bolt("list", "--limit", "0").out.splitlines()) == 1 + 22


def test_list_of_a_store_without_runs(bolt, path):
    open_store(str(path)).close()
    assert bolt("list").out == f"no run is stored in {path}; `pytest --bolt` stores one\n"


def test_list_as_json(bolt, fill, path):
    fill(TWO_RUNS)
    document = json.loads(bolt("list", "--json", "--limit", "1").out)
    assert (document["schema"], document["store"]) == (1, str(path))
    (entry,) = document["runs"]
    assert entry["verdicts"] == {"same": 1}
    assert entry["run"]["run_id"] == "001c0ffee000"
    assert entry["run"]["started"] == "2026-03-01T12:01:00+00:00"
    assert entry["run"]["state"] == "finished"


def test_show_has_the_facts_and_the_benchmarks(bolt, fill):
    fill([(1000.0, 1010.0)], verdict=Verdict.INCONCLUSIVE, dirty=True)
    assert bolt("show", "000").out == (
        "run          000c0ffee000\n"
        "state        finished\n"
        "started      2026-03-01 12:00:00 UTC\n"
        "ended        2026-03-01 12:00:09 UTC\n"
        "command      pytest --bolt-compare main\n"
        "mode         paired\n"
        "head         bbbbbbbbbb+ faster\n"
        "base         main aaaaaaaaaa\n"
        f"environment  {HERE.fingerprint.digest}\n"
        "  cpu_model  Z80\n"
        "hypothesis   one pass\n"
        "expect       time <= 0.95x base\n"
        "notes        quiet\n"
        "\n"
        "VERDICT       CHANGE               BASE     HEAD     DETECTABLE  BENCHMARK\n"
        "inconclusive  +1.0 % [-1.0, +3.0]  1.00 us  1.01 us  2 %         test_a.py::test_a[x]\n"
        "  test_a.py::test_a[x]: not enough pairs\n"
        "\n"
        "0 of 1 judged, 1 inconclusive\n"
    )


def test_show_every_round(bolt, fill):
    fill([(1000.0, 1010.0)])
    out = bolt("show", "000", "--rounds").out
    assert out.endswith(
        "test_a.py::test_a[x], head\n"
        "pair  quad  position  part  iterations  wall_ns  cpu_ns  device_ns  minor_faults  voluntary  involuntary\n"
        "0     0     0         0     2           2020     1010    0          0             0          0\n"
    )
    assert "test_a.py::test_a[x], base\n" in out


def test_show_as_json_is_the_document_of_a_report(bolt, fill, path):
    fill([(1000.0, 1010.0)])
    out = bolt("show", "000", "--json").out
    jsonschema.validate(json.loads(out), schema())
    with open_store(str(path), read_only=True) as store:
        assert parse(out) == store.summary("000")


def test_show_as_json_with_rounds(bolt, fill):
    fill([(1000.0, 1010.0)])
    document = json.loads(bolt("show", "000", "--json", "--rounds").out)
    assert document["rounds"]["test_a.py::test_a[x]@5ea1"]["head"]["wall_ns"] == [2020]


@pytest.mark.parametrize(
    ("pattern", "shown"),
    [
        ("test_a.py::test_a[x]", True),
        ("[x]", True),
        ("*[?]", True),
        ("test_a*", True),
        ("test_a.py::test_a?x]", True),
        ("a[y]", False),
        ("*x", False),
    ],
)
def test_show_takes_a_part_of_the_id_or_wild_cards(bolt, fill, pattern, shown):
    fill([(1.0, 1.0)])
    done = bolt("show", "000", pattern)
    assert done.code == (0 if shown else 2)
    assert ("test_a.py::test_a[x]" in done.out) is shown


def test_show_of_a_pattern_that_nothing_matches(bolt, fill):
    fill([(1.0, 1.0)])
    done = bolt("show", "000", "test_a[y]")
    assert (done.code, done.out) == (2, "")
    assert done.err == (
        "pytest-bolt: No benchmark of this run matches 'test_a[y]'\n"
        "  run      000c0ffee000\n"
        "  nearest  test_a.py::test_a[x]\n"
        "  -> use * and ? as wild cards, or a part of the id\n"
    )


def test_show_spells_out_what_a_terminal_would_obey(bolt, fill):
    fill([(1.0, 1.0)], node_id="test_\x1b[2J\n\ud800\u202e")
    assert "test_\\x1b[2J\\n\\ud800\\u202e" in bolt("show", "000").out


def test_compare_two_runs_says_how_little_that_can_tell(bolt, fill):
    fill(TWO_RUNS)
    done = bolt("compare", "000c0ffee000", "001c0ffee000")
    assert done.code == 0
    assert done.out == (
        "A            run 000c0ffee000 at bbbbbbbbbb\n"
        "B            run 001c0ffee000 at bbbbbbbbbb\n"
        f"environment  {HERE.fingerprint.digest}\n"
        "\n"
        "CHANGE  A        B        RUNS  DETECTABLE  SAYS                      BENCHMARK\n"
        "+1.0 %  1.01 us  1.02 us  1/1   -           cannot say: 1 of 10 runs  test_a.py::test_a[x]\n"
        "\n"
        "This is advice, not a verdict. A and B were measured in separate runs, and those can resolve little: on a\n"
        "shared machine two runs of the same code often differ by 10 % and more. From 10 stored runs of A on, the\n"
        "interval says where a run of the same code would lie (98 % prediction interval).\n"
        "To decide, measure both in one run: pytest --bolt-compare=bbbbbbbbbb\n"
    )


@pytest.mark.parametrize(
    ("head", "says"), [(1010.0, "chance explains it"), (1200.0, "more than chance explains")]
)
def test_compare_with_ten_runs_has_an_interval_and_never_gates(bolt, fill, head, says):
    fill([(1000.0 + number % 3, 1.0) for number in range(9)], dirty=True)
    fill([(1000.0, head)], first=9)
    done = bolt("compare", "a" * 40, "b" * 40)
    assert done.code == 0
    row = done.out.splitlines()[5]
    assert says in row
    assert "10/1" in row
    assert "[" in row.split("test_a.py")[0]


def test_compare_as_json(bolt, fill):
    fill(TWO_RUNS)
    document = json.loads(bolt("compare", "a" * 40, "001c", "--json").out)
    assert document["advice_only"] is True
    assert (document["a"]["commit"], document["b"]["run_id"]) == ("a" * 40, "001c0ffee000")
    (row,) = document["cases"]
    assert row["runs"] == [2, 1]
    assert row["prediction"]["ratio"]["estimate"] == pytest.approx(1.02)
    assert row["head"] == {"ns": 1020.0}


def test_compare_names_a_benchmark_that_one_side_lacks(bolt, fill):
    fill([(1.0, 1.0)])
    fill([(1.0, 1.0)], first=1, node_id="test_new")
    rows = bolt("compare", "000c0ffee000", "001c0ffee000").out.splitlines()[5:7]
    assert [row.split("  ")[-1] for row in rows] == ["test_a.py::test_a[x]", "test_new"]
    assert ["only A has it" in rows[0], "only B has it" in rows[1]] == [True, True]


def test_compare_does_not_mix_clocks(bolt, fill):
    fill([(1.0, 1.0)])
    fill([(1.0, 1.0)], first=1, clock=Clock.CPU)
    out = bolt("compare", "000c0ffee000", "001c0ffee000").out
    assert "not comparable: measured by different clocks, or no time at all" in out


def test_compare_of_different_machines_says_what_differs(bolt, fill):
    fill([(1.0, 1.0)])
    fill([(1.0, 1.0)], first=1, facts={"cpu_model": "6502"})
    done = bolt("compare", "000c0ffee000", "001c0ffee000")
    assert done.code == 2
    assert done.err == (
        "pytest-bolt: A and B were never measured in the same environment\n"
        "  cpu_model  Z80 | 6502\n"
        "  -> measure both here: pytest --bolt-compare=bbbbbbbbbb\n"
    )


def test_compare_of_a_name_that_nobody_knows(bolt, fill):
    fill([(1.0, 1.0)])
    done = bolt("compare", "nowhere", "000")
    assert (done.code, done.out) == (2, "")
    assert done.err == (
        "pytest-bolt: No stored run begins with 'nowhere', and there is no commit of that name\n"
        "  nearest  000c0ffee000\n"
        "  -> `pytest-bolt list` shows the runs\n"
    )


@pytest.fixture
def commit(path):
    """A repository in the current folder; returns the hash of its one commit."""
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@b"]
    subprocess.run([*git, "init", "-q", "-b", "main"], check=True)
    subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", "first"], check=True)
    done = subprocess.run(["git", "rev-parse", "HEAD"], check=True, capture_output=True, text=True)
    return done.stdout.strip()


def test_compare_takes_a_ref_and_an_abbreviated_commit(bolt, fill, commit):
    fill([(1000.0, 1010.0)], base=commit)
    out = bolt("compare", "main", "bbbbbbb").out
    assert out.startswith(f"A            main = {commit}\nB            bbbbbbb = {'b' * 40}\n")
    assert "+1.0 %" in out


def test_compare_of_a_commit_that_was_never_measured(bolt, fill, commit, path):
    fill([(1000.0, 1010.0)])
    done = bolt("compare", "main", "000")
    assert done.code == 2
    assert done.err == (
        "pytest-bolt: Nothing is stored of 'main'\n"
        f"  commit  {commit}\n"
        f"  store   {path}\n"
        "  -> `pytest-bolt list` shows what is stored; `pytest --bolt` on a clean tree of it stores more\n"
    )


def test_best_keeps_the_best_run(bolt, fill):
    for number, ratio in enumerate((0.5, 0.25, 0.4)):
        fill([(1000.0, 1000.0 * ratio)], first=number, mode="baseline", ratio=ratio)
    fill([(1000.0, 10.0)], first=8, ratio=0.1)  # against another commit: no speedup over a baseline
    digest = HERE.fingerprint.digest[:8]
    assert bolt("best").out == (
        "SPEEDUP             BASELINE   BENCHMARK             COMMIT      RUN           STARTED (UTC)        MACHINE\n"
        "4.00x [3.70, 4.35]  framework  test_a.py::test_a[x]  bbbbbbbbbb  001c0ffee000  2026-03-01 12:01:00  "
        f"{digest}\n"
    )
    assert json.loads(bolt("best", "--json").out)["best"][0]["run_id"] == "001c0ffee000"
    assert bolt("best", "nothing").out == (
        "no speedup is stored; `pytest --bolt-baseline=framework` measures some\n"
    )
