"""A gate that cannot close is refused before anything runs, with the setting and the way out."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from plugin_projects import COMPARE, text_of

from pytest_bolt.core.expectation import METRICS, parse_all
from pytest_bolt.core.timing import PEAK_MEMORY, PEAK_RSS
from pytest_bolt.errors import BoltError
from pytest_bolt.marks import Marked
from pytest_bolt.refusals import check_benchmarks, check_settings, check_stored
from pytest_bolt.settings import MEASURED, MEMORY, FailOn, Settings, parse_fail_on, settings_of

COMPARED = {"compare": "main"}


def settings(ini: dict[str, object] | None = None, **given: object) -> Settings:
    return settings_of(
        {f"bolt_{name}": value for name, value in given.items()}, lambda name: (ini or {}).get(name, "")
    )


def benchmark(name: str = "test_a", fail_on: FailOn | None = None) -> SimpleNamespace:
    own = Marked(margin=0.05, fail_on=fail_on or FailOn(), own_gate=fail_on is not None)
    return SimpleNamespace(item=SimpleNamespace(nodeid=f"tests/a.py::{name}"), marked=own)


def refusal(work) -> BoltError:
    with pytest.raises(BoltError) as refused:
        work()
    assert refused.value.advice
    return refused.value


@pytest.mark.parametrize(
    ("given", "facts", "says"),
    [
        ({"fail_on": ["slower"]}, {}, "--bolt-fail-on could never fail: nothing is compared"),
        ({"measure": True, "fail_on": ["slower"]}, {}, "nothing is compared"),
        ({"measure": True, "expect": ["time <= 0.9x base"]}, {}, "--bolt-expect could never be refuted"),
        ({"aa": True, "fail_on": ["new,missing"]}, {}, "--bolt-fail-on=missing,new could never fail"),
        ({"aa": True, "fail_on": ["incomparable"]}, {}, "the same tests and code on both sides"),
        (COMPARED | {"mode": "stored", "fail_on": ["missing"]}, {}, "does not look at the base's tests"),
        (COMPARED | {"fail_on": ["missing"]}, {"pyargs": True}, "from an installed package"),
        (COMPARED | {"mode": "stored", "fail_on": ["slower,loss:1%"]}, {}, "a gate on loss could never fail"),
        (COMPARED, {"skipped": True}, "--benchmark-skip leaves out all that could be compared"),
    ],
)
def test_what_can_never_fail_whatever_the_tests_are(given, facts, says):
    assert says in refusal(lambda: check_settings(settings(**given), **facts)).render()


@pytest.mark.parametrize(
    ("given", "facts"),
    [
        (COMPARED, {}),
        (COMPARED | {"fail_on": ["missing"]}, {}),
        (COMPARED | {"fail_on": ["missing,slower"]}, {"pyargs": True}),
        (COMPARED | {"fail_on": ["peak_memory"], "mode": "auto"}, {}),
        (COMPARED | {"mode": "stored", "fail_on": ["new"]}, {}),
        ({"aa": True}, {}),
        ({"aa": True, "fail_on": ["slower,new"]}, {}),
        ({"measure": True}, {}),
        ({"measure": True}, {"skipped": True}),
        ({"measure": True, "expect": ["time <= 5 ms; speedup >= 2"]}, {}),
    ],
)
def test_what_can_fail_is_let_through(given, facts):
    check_settings(settings(**given), **facts)


def test_what_every_run_of_a_project_says_is_not_held_against_one():
    ini = {"bolt_fail_on": ["missing"]}
    check_settings(settings(ini, measure=True))
    check_settings(settings(ini, aa=True))
    check_benchmarks(settings(ini, **COMPARED), [benchmark(fail_on=FailOn(margins={}))], (), 1)


def test_a_margin_of_the_gate_below_the_general_one_lowers_it():
    """`slower:2%` with a margin of 5 % is no gate that waits for 5 %: it makes the margin 2 %."""
    assert Marked(margin=0.05, fail_on=parse_fail_on(["slower:2%"])).margin_of("slower") == 0.02
    assert Marked(margin=0.05, fail_on=parse_fail_on(["slower:20%"])).margin_of("slower") == 0.05


def test_tests_without_a_benchmark():
    refused = refusal(lambda: check_benchmarks(settings(**COMPARED), [], (), 7))
    assert refused.what == "no benchmark was collected, so nothing could be judged"
    assert "7, none of which" in refused.render()
    check_benchmarks(settings(**COMPARED), [], (), 0)  # pytest's own business


def test_a_gate_that_every_test_opts_out_of():
    out = [benchmark(fail_on=FailOn(margins={})), benchmark("test_b", fail_on=FailOn(margins={}))]
    given = settings(**COMPARED, fail_on=["slower"])
    refused = refusal(lambda: check_benchmarks(given, out, (), 2))
    assert "every benchmark opts out" in refused.what
    assert "tests/a.py::test_a and 1 more" in refused.render()
    check_benchmarks(given, [*out, benchmark("test_c")], (), 3)


def test_a_marker_gates_a_metric_in_stored_mode():
    gated = benchmark(fail_on=parse_fail_on(["peak_memory"]))
    given = settings(**COMPARED, mode="stored")
    refused = refusal(lambda: check_benchmarks(given, [gated], (), 1))
    assert "a gate on peak_memory could never fail with --bolt-mode=stored" in refused.what
    assert "only times are stored to compare with" in refused.what
    assert "tests/a.py::test_a" in refused.render()
    check_benchmarks(settings(**COMPARED), [gated], (), 1)


def test_an_expectation_of_no_benchmark():
    def check(text: str, typed: bool = True) -> None:
        given = settings(**COMPARED, **({"expect": [text]} if typed else {}))
        check_benchmarks(given, [benchmark()], parse_all([text]), 1)

    refused = refusal(lambda: check("test_b: time <= 0.9x base"))
    assert refused.what == "--bolt-expect names no benchmark of this run"
    assert "tests/a.py::test_a" in refused.render()
    check("test_a: time <= 0.9x base")
    check("time <= 0.9x base")
    check("test_b: time <= 0.9x base", typed=False)  # a commit's trailer speaks of the whole suite


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("time >= 0 ns", "no measurement could ever refute it"),
        ("peak_memory >= 0 B", "no measurement could ever refute it"),
        ("speedup >= 0", "the bound is a factor of the base and must be above zero"),
        ("time <= 0 ms", "no measurement could ever confirm it"),
        ("cpu_time <= -1 ms", "no measurement could ever confirm it"),
        ("peak_rss <= -1 B", "no measurement could ever confirm it"),
    ],
)
def test_an_expectation_that_says_nothing(text, says):
    assert says in refusal(lambda: parse_all([text])).render()


@pytest.mark.parametrize("text", ["peak_memory <= 0 B", "error <= 0", "loss >= 0 nats", "loss <= -1 nats"])
def test_an_expectation_that_zero_meets_says_something(text):
    assert len(parse_all([text])) == 1


@pytest.mark.parametrize(
    ("given", "runs", "refused"),
    [
        ({"mode": "stored", "fail_on": ["slower"]}, 9, True),
        ({"mode": "stored", "fail_on": ["slower"]}, 10, False),
        ({"mode": "stored", "fail_on": ["slower,new"]}, 9, False),
        ({"mode": "stored", "fail_on": ["inconclusive"]}, 9, False),
        ({"mode": "stored"}, 9, False),  # advice is what was asked for
        ({"fail_on": ["slower"]}, 9, False),
    ],
)
def test_too_few_stored_runs_for_a_gate(given, runs, refused):
    def check() -> None:
        check_stored(settings(**COMPARED, **given), {"a": [None] * runs, "b": [None]})

    if refused:
        assert "too few runs of the base are stored to judge by" in refusal(check).what
        assert refusal(check).seen == {"stored": 9, "needed": 10}
    else:
        check()


def test_memory_by_the_names_that_a_worker_reports_it_under():
    assert {PEAK_MEMORY, PEAK_RSS} == MEMORY
    assert set(MEASURED) <= set(METRICS)


def test_a_gate_without_a_comparison_is_refused_before_a_test_runs(project):
    for options in (("--bolt-fail-on=slower",), (COMPARE, "--benchmark-skip")):
        result = project.refuse(*options)
        assert result.ret == pytest.ExitCode.USAGE_ERROR
        assert "INTERNALERROR" not in text_of(result)
        assert "test session starts" not in text_of(result)
    assert project.refuse("--collect-only", "-q", "--bolt-fail-on=slower").ret == 0
