"""What a marker says of one test, over what the run says; every wrong word is refused with its test."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from pytest_bolt.cases import identity
from pytest_bolt.core.expectation import parse
from pytest_bolt.core.timing import Clock
from pytest_bolt.errors import BoltError
from pytest_bolt.marks import Marked, marked
from pytest_bolt.settings import Settings, parse_fail_on, settings_of

INI: dict[str, object] = {}


def settings(ini: dict[str, object] = INI, **given: object) -> Settings:
    return settings_of(
        {f"bolt_{name}": value for name, value in given.items()}, lambda name: ini.get(name, "")
    )


def item(**keys: object) -> SimpleNamespace:
    def test_it():
        pass

    marker = SimpleNamespace(kwargs=keys)
    return SimpleNamespace(
        nodeid="tests/a.py::test_it", iter_markers=lambda _name: [marker], function=test_it
    )


def own(run: Settings | None = None, **keys: object) -> Marked:
    return marked(item(**keys), run or settings())


@pytest.mark.parametrize(
    ("keys", "what", "advice"),
    [
        ({"clok": "cpu"}, "unknown key 'clok'", "did you mean 'clock'?"),
        ({"interleaved": False}, "unknown key 'interleaved'", "did you mean 'interleave'?"),
        ({"clock": "walll"}, "unknown clock 'walll'", "did you mean 'wall'?"),
        ({"clock": None}, "unknown clock 'None'", "known are: auto, wall, cpu, device"),
        ({"threads": 0}, "0 is not a number of threads", "write a whole number from 1 on"),
        ({"threads": "4"}, "'4' is not a number of threads", "write a whole number from 1 on"),
        ({"threads": True}, "True is not a number of threads", "write a whole number from 1 on"),
        ({"interleave": "no"}, "interleave is True or False, not 'no'", None),
        ({"memory": 1}, "memory is True or False, not 1", None),
        ({"fail_on": {"slower": "lots"}}, "'lots' is not a margin", "write it like 5%"),
        ({"fail_on": {"peak_memry": "5%"}}, "unknown metric 'peak_memry'", "did you mean 'peak_memory'?"),
        ({"fail_on": "time:5%"}, "'time' is what the verdict is about", "did you mean 'slower'?"),
        ({"fail_on": "missing"}, "fail_on='missing' could never fail", "--bolt-fail-on=missing"),
    ],
)
def test_a_wrong_word_is_refused(keys, what, advice):
    with pytest.raises(BoltError) as refused:
        own(**keys)
    assert refused.value.what.startswith("@pytest.mark.bolt of tests/a.py::test_it: ")
    assert what in refused.value.what
    assert advice is None if refused.value.advice is None else advice in refused.value.advice


def test_the_clock_comes_from_command_line_then_marker_then_ini_then_default():
    ini = {"bolt_clock": "wall"}
    assert own().clock is None
    assert own(settings(ini)).clock is Clock.WALL
    assert own(settings(ini), clock="cpu").clock is Clock.CPU
    assert own(settings(ini), clock="auto").clock is None
    assert own(settings(ini, clock="device"), clock="cpu").clock is Clock.DEVICE


def test_threads_ask_for_processes_of_their_own_only_where_they_differ():
    def found(run: Settings, **keys: object) -> tuple[int | None, bool]:
        one = own(run, **keys)
        return one.threads, one.parallel

    assert found(settings()) == (None, False)
    assert found(settings(), threads=1) == (None, False)
    assert found(settings(), threads=4) == (4, True)
    assert found(settings({"bolt_threads": "4"}), threads=4) == (None, True)
    assert found(settings({"bolt_threads": "4"}), threads=1) == (1, False)
    assert found(settings(env="keep"), threads=1) == (1, False)  # what the libraries would take is not known
    assert found(settings(threads="1"), threads=4) == (None, False)  # the command line has the last word


def test_other_threads_and_clocks_are_other_benchmarks():
    """Nothing stored by one clock is compared with another."""
    plain = identity(item(), own())
    others = [identity(item(), own(**keys)) for keys in ({"clock": "cpu"}, {"threads": 2}, {"clock": "wall"})]
    assert len({plain, *others}) == 4
    assert identity(item(), own(interleave=False, margin="3%", memory=True)) == plain


def test_a_gate_can_be_written_as_a_mapping():
    texts = parse_fail_on(["slower:3%", "peak_memory:10%,loss"])
    assert own(fail_on={"slower": "3%", "peak_memory": 0.1, "loss": None}).fail_on == texts
    assert texts.margins == {"slower": 0.03}
    assert texts.metrics == {"peak_memory": 0.1, "loss": None}
    assert parse_fail_on(["p99 latency : 0%"]).metrics == {"p99 latency": 0.0}
    assert own(fail_on=()).fail_on.margins == {}
    assert own(fail_on=()).own_gate
    assert not own().own_gate


@pytest.mark.parametrize("text", ["peak_memory:", ":5%", "loss:-1%", "loss:100%", ""])
def test_a_gate_that_cannot_be_read(text):
    with pytest.raises(BoltError):
        parse_fail_on([text])


@pytest.mark.parametrize(
    ("run", "keys", "expect", "looked_at"),
    [
        ({}, {}, None, False),
        ({"memory": True}, {}, None, True),
        ({"memory": True}, {"memory": False}, None, False),
        ({}, {"memory": True}, None, True),
        ({}, {"memory": False, "fail_on": "peak_rss"}, None, True),
        ({"fail_on": ["slower,peak_memory:5%"]}, {}, None, True),
        ({"fail_on": ["loss"]}, {}, None, False),
        ({}, {}, "peak_memory <= 1x base", True),
        ({}, {}, "test_other: peak_memory <= 1x base", False),
    ],
)
def test_memory_is_looked_at_where_somebody_asks(run, keys, expect, looked_at):
    expectations = [parse(expect)] if expect else []
    found = own(settings(**run), **keys)
    assert found.looks_at_memory(expectations, "tests/a.py::test_it") is looked_at


def test_a_reader_is_told_of_what_is_out_of_the_ordinary():
    assert own().notes() == {}
    assert own(clock="cpu", threads=8, interleave=False).notes() == {
        "clock": "cpu, as asked for",
        "threads": "8",
        "interleave": "no, one side after the other",
    }
