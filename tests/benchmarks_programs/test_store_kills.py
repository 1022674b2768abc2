"""The program that kills writers and commands: a short run of it, and what it takes for torn."""

from __future__ import annotations

import dataclasses
import random

import numpy as np
import pytest

from benchmarks import command_kills, store_kills
from benchmarks.made_up_runs import Measured, make_cases, make_run
from benchmarks.store_kills import CASES, TornError, Written, check, digest
from pytest_bolt.core.record import RunState
from pytest_bolt.stores.store import open_store


@pytest.fixture
def store(tmp_path):
    with open_store(str(tmp_path / "store.sqlite")) as opened:
        yield opened


def written(store, *, cases=CASES, state=RunState.FINISHED):
    """Store a run; return it and what its writer would have said."""
    run = make_run("aaaaaaaaaaaa", 1)
    results = list(Measured(np.random.default_rng(1), 3).results(run, make_cases(cases)))
    store.begin(run, collected=cases)
    for comparison, records in results:
        store.add(run.run_id, comparison, records)
    store.finish(run.run_id, state=state, ended=run.started)
    mark = digest([c for c, _ in results], [record for _, records in results for record in records])
    return Written(begun=[run.run_id], finished={run.run_id: mark}), results


def test_what_was_written_has_the_digest_of_what_is_read(store):
    heard, _ = written(store)
    assert list(check(store, heard)) == [RunState.FINISHED]


def test_a_cut_off_line_says_nothing():
    heard = Written()
    heard.hear("begun aa\nfinished aa 1234\nbegun bb\nfinished bb 12")
    assert (heard.begun, heard.finished) == (["aa", "bb"], {"aa": "1234"})


@pytest.mark.parametrize("change", ["round", "time", "missing", "state", "unknown", "short"])
def test_every_kind_of_damage_is_found(store, change):
    heard, results = written(
        store,
        cases=CASES - (change == "short"),
        state=RunState.INTERRUPTED if change == "state" else RunState.FINISHED,
    )
    record = results[0][1][0]
    if change == "round":
        rounds = record.measurement.rounds.copy()
        rounds["wall_ns"][0] += 1
        measurement = dataclasses.replace(record.measurement, rounds=rounds)
        store.add("aaaaaaaaaaaa", None, [dataclasses.replace(record, measurement=measurement)])
    elif change == "time":
        time = dataclasses.replace(record.time, ns=record.time.ns + 1)
        store.add("aaaaaaaaaaaa", None, [dataclasses.replace(record, time=time)])
    elif change == "missing":
        store.forget_rounds(0)
    elif change == "unknown":
        heard.begun.append("bbbbbbbbbbbb")
    with pytest.raises(TornError):
        list(check(store, heard))


def test_a_damaged_file_is_found(tmp_path):
    path = tmp_path / "store.sqlite"
    with open_store(str(path)) as opened:
        written(opened)
    store_kills.check_file(str(path))
    content = bytearray(path.read_bytes())
    content[-3000:-1000] = bytes(2000)
    path.write_bytes(content)
    with pytest.raises(TornError):
        store_kills.check_file(str(path))


def test_a_few_writers_are_killed(tmp_path):
    said = store_kills.kill_writers(str(tmp_path / "store.sqlite"), 3, random.Random(3))
    assert said.startswith("3 writers killed in ")
    assert said.endswith("all whole")


@pytest.mark.slow
def test_writers_and_a_command_are_killed(capsys):
    assert store_kills.main(["--kills=11", "--commands=1", "--seed=5"]) == 0
    writers, commands = capsys.readouterr().out.splitlines()
    assert writers.startswith("10 writers killed in ")
    assert commands.startswith("1 commands killed, ")


def test_a_run_that_fails_after_a_killed_one_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(command_kills, "BASE", "no-such-commit")
    with pytest.raises(command_kills.LeftBehindError, match="no-such-commit"):
        command_kills.kill_commands(1, None, tmp_path, random.Random(1))
