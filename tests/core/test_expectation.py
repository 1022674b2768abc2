from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_bolt.core.expectation import METRICS, Relation, parse, parse_all
from pytest_bolt.errors import BoltError


def told(text, **kwargs):
    with pytest.raises(BoltError) as caught:
        parse(text, **kwargs)
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "glob", "metric", "relation", "bound", "relative", "unit"),
    [
        ("test_softmax*: time <= 0.95x base", "test_softmax*", "time", "<=", 0.95, True, ""),
        ("time <= 0.95x base", "", "time", "<=", 0.95, True, ""),
        ("time<=.95 x", "", "time", "<=", 0.95, True, ""),
        ("time <= -4.5%", "", "time", "<=", 0.955, True, ""),
        ("throughput >= +40 %", "", "throughput", ">=", 1.4, True, ""),
        ("peak_memory <= 1.2 GB", "", "peak_memory", "<=", 1.2e9, False, "B"),
        ("peak_memory <= 1.5GiB", "", "peak_memory", "<=", 1.5 * 2**30, False, "B"),
        ("time <= 120 us", "", "time", "<=", 120e3, False, "ns"),
        ("time <= 120 \u00b5s", "", "time", "<=", 120e3, False, "ns"),
        ("time <= 120 \u03bcs", "", "time", "<=", 120e3, False, "ns"),
        ("cpu_time <= 2 s", "", "cpu_time", "<=", 2e9, False, "ns"),
        ("device_time \u2264 1e-3 ms", "", "device_time", "<=", 1e3, False, "ns"),
        ("throughput \u2265 1.5 TFLOP/s", "", "throughput", ">=", 1.5e12, False, "FLOP/s"),
        ("throughput >= 20 GB/s", "", "throughput", ">=", 20e9, False, "B/s"),
        ("throughput >= 3 kit/s", "", "throughput", ">=", 3e3, False, "it/s"),
        ("error <= 1e-6", "", "error", "<=", 1e-6, False, ""),
        ("speedup >= 1.5", "", "speedup", ">=", 1.5, True, ""),
        ("speedup >= 1.5x", "", "speedup", ">=", 1.5, True, ""),
        ("speedup >= 20%", "", "speedup", ">=", 1.2, True, ""),
        ("loss <= 2.68 nats", "", "loss", "<=", 2.68, False, "nats"),
        ("val loss <= -1", "", "val loss", "<=", -1, False, ""),
        ("tok/s >= 1250 tok/s", "", "tok/s", ">=", 1250, False, "tok/s"),
        ("compile <= 2 min", "", "compile", "<=", 120e9, False, "ns"),
        ("params == 25296896", "", "params", "==", 25296896, False, ""),
        (
            "a/test_x.py::test_y[a: b]: time <= 1x base",
            "a/test_x.py::test_y[a: b]",
            "time",
            "<=",
            1,
            True,
            "",
        ),
        ("test_y[k<=3]: time <= \u22121%", "test_y[k<=3]", "time", "<=", 0.99, True, ""),
    ],
)
def test_grammar(text, glob, metric, relation, bound, relative, unit):
    parsed = parse(text)
    assert (parsed.glob, parsed.metric, parsed.relation) == (glob, metric, Relation(relation))
    assert parsed.bound == pytest.approx(bound, rel=1e-12)
    assert (parsed.relative, parsed.unit) == (relative, unit)


@given(
    st.sampled_from(METRICS),
    st.sampled_from(list(Relation)),
    st.floats(1e-6, 1e6, allow_subnormal=False),
    st.sampled_from(["", "a: ", "a.py::b[c: d]: "]),
)
def test_factor_is_read_as_written(metric, relation, factor, glob):
    parsed = parse(f"{glob}{metric} {relation} {factor!r}x base")
    assert (parsed.metric, parsed.relation, parsed.bound) == (metric, relation, factor)


def test_several():
    parsed = parse_all(["time <= 0.9x base; peak_memory <= 0%", " ; ", "error <= 1"])
    assert [expectation.metric for expectation in parsed] == ["time", "peak_memory", "error"]


def test_message_shows_the_place_and_what_was_meant():
    assert told("test_x: tiem <= 0.9x base") == (
        "this expectation cannot be read: there is no metric `tiem`\n"
        "  expectation  test_x: tiem <= 0.9x base\n"
        "                       ^\n"
        "  -> did you mean `time`?"
    )


@pytest.mark.parametrize(
    ("text", "problem", "at", "advice"),
    [
        ("", "it is empty", 0, "write it like"),
        ("faster", "there is no `<=`, `>=` or `==`", 6, "use `<=`, `>=` or `==`"),
        ("time < 2 us", "there is no `<=`, `>=` or `==`", 5, "use `<=`, `>=` or `==`"),
        ("time = 2 us", "there is no `<=`, `>=` or `==`", 5, "use `<=`, `>=` or `==`"),
        ("x: <= 2 us", "a metric is missing before the sign", 3, "one of time, cpu_time"),
        ("a.py::b <= 2 us", "a metric is missing after the benchmark", 8, "for example `a.py::b: time`"),
        (": time <= 2 us", "there is nothing before the colon", 0, "leave the colon out"),
        ("time <= fast", "a number is missing after the sign", 8, "write it like"),
        ("time <= 1e999 us", "the number is too large", 8, "write it like"),
        ("time <= 0,95x base", "`time` has no unit `,95x base`", 9, "one of ns"),
        ("time <= 2", "`time` needs a unit, a factor or a percentage", 9, "one of ns, us"),
        ("time <= 2 GB", "`time` has no unit `GB`", 10, "one of ns, us"),
        ("time <= 2 US", "`time` has no unit `US`", 10, "did you mean `us`?"),
        ("peak_memory <= 2 gib", "`peak_memory` has no unit `gib`", 17, "did you mean `GiB`?"),
        ("throughput >= 2 Tflop/s", "`throughput` has no unit `Tflop/s`", 16, "did you mean `TFLOP/s`?"),
        ("speedup >= 2 s", "`speedup` has no unit `s`", 13, "write a factor as"),
        ("error <= 2 us", "`error` has no unit `us`", 11, "leave a unit out"),
        ("time <= 0.9x main", "`x main` is not something to compare with", 11, "write a factor as"),
        ("time <= 95% of base", "`% of base` is not something to compare with", 10, "a change as `-5%`"),
        ("time <= 0x base", "must be above zero", 8, "a change is above -100%"),
        ("time <= -100%", "must be above zero", 8, "a change is above -100%"),
        ("peak memory <= 2 GB", "there is no metric `peak memory`", 0, "did you mean `peak_memory`?"),
    ],
)
def test_every_message(text, problem, at, advice):
    first, _, caret, last = told(text).splitlines()
    assert problem in first
    assert caret.index("^") - len("  expectation  ") == at
    assert advice in last


def test_unprintable_text_keeps_the_caret_in_place():
    lines = told("a\x1bb: tiem <= 1x").splitlines()
    assert lines[1].endswith("a\\x1bb: tiem <= 1x")
    assert lines[1].index("tiem") == lines[2].index("^")


def test_recorded_metrics_are_known():
    assert parse("times <= 3", recorded={"times"}).metric == "times"
    assert "did you mean `loss`?" in told("los <= 3", recorded={"loss"})


@pytest.mark.parametrize(
    ("glob", "node_id", "matches"),
    [
        ("", "a/t.py::test_x", True),
        ("a/t.py::test_x", "a/t.py::test_x", True),
        ("test_x", "a/t.py::test_x", True),
        ("test_x", "a/t.py::test_x[1-2]", True),
        ("t.py::test_x", "a/t.py::C::test_x", False),
        ("C::test_x", "a/t.py::C::test_x", True),
        ("test_*", "a/t.py::test_x[1]", True),
        ("test_x[1*", "a/t.py::test_x[1-2]", True),
        ("test_x[1]", "a/t.py::test_x[1]", True),
        ("test_x[1]", "a/t.py::test_x1", False),
        ("est_x", "a/t.py::test_x", False),
        ("test_x", "a/t.py::test_xy", False),
        ("b", "a/t.py::test_x[a/b]", False),
        ("TEST_X", "a/t.py::test_x", False),
    ],
)
def test_glob(glob, node_id, matches):
    text = f"{glob}: time <= 1x base" if glob else "time <= 1x base"
    assert parse(text).matches(node_id) is matches


def test_expectation_of_a_marker_is_about_its_own_test():
    own = parse("time <= 1x base").on("a.py::t[1]")
    assert own.text == "a.py::t[1]: time <= 1x base"
    assert own.matches("a.py::t[1]")
    assert not own.matches("a.py::t[2]")
    assert parse("x: time <= 1x base").on("a.py::t[1]").glob == "x"
