from __future__ import annotations

import dataclasses
import json
import math

import jsonschema
import numpy as np
import pytest
from golden_files import agrees
from report_samples import compared, every_verdict, everything, full, hostile, summary

from pytest_bolt.core.case import Case, CaseId, Workload
from pytest_bolt.core.comparison import Comparison, Interval, Metric
from pytest_bolt.core.environment import Environment
from pytest_bolt.core.record import Evidence, Revision, Run
from pytest_bolt.core.statements import Statement
from pytest_bolt.core.units import IterationTime
from pytest_bolt.errors import BoltError
from pytest_bolt.reports.json_report import SCHEMA, parse, render, schema

DEFINED = {
    "time": IterationTime,
    "interval": Interval,
    "environment": Environment,
    "revision": Revision,
    "run": Run,
    "statement": Statement,
    "evidence": Evidence,
    "workload": Workload,
    "case_id": CaseId,
    "case": Case,
    "metric": Metric,
    "comparison": Comparison,
}


def literal(text):
    raise AssertionError(f"not JSON: {text}")


@pytest.mark.parametrize("made", [full, hostile, everything, summary])
def test_follows_its_schema(made):
    document = json.loads(render(made()), parse_constant=literal)
    jsonschema.Draft202012Validator.check_schema(schema())
    jsonschema.Draft202012Validator(schema()).validate(document)


@pytest.mark.parametrize("made", [full, hostile, summary])
def test_round_trip_loses_nothing(made):
    assert parse(render(made())) == made()


def test_round_trip_of_what_is_not_finite():
    again = parse(render(everything()))
    ratio = again.comparisons[0].ratio
    assert math.isnan(ratio.low)
    assert ratio.high == math.inf
    assert again.comparisons[1] == everything().comparisons[1]
    assert render(again) == render(everything())


def test_extra_info_keeps_what_json_can_say():
    extra = {
        "f": math.inf,
        "n": [1, "NaN", None, {"x": np.float64(2.5)}],
        "i": np.int64(3),
        "o": Verdictless(),
    }
    made = compared()
    made = dataclasses.replace(made, case=dataclasses.replace(made.case, extra_info=extra))
    again = parse(render(summary(made))).comparisons[0].case.extra_info
    assert again == {"f": math.inf, "n": [1, "NaN", None, {"x": 2.5}], "i": 3, "o": "no verdict"}


class Verdictless:
    def __str__(self):
        return "no verdict"


def test_same_summary_same_text():
    assert render(full()) == render(full())
    assert agrees("report.json", render(full()))


def test_order_of_facts_does_not_show():
    facts = [Environment(facts=dict(pairs)) for pairs in ([("a", "1"), ("b", "2")], [("b", "2"), ("a", "1")])]
    first, second = (render(summary(environment=fact)) for fact in facts)
    assert first == second


def test_derived_parts():
    document = json.loads(render(full()))
    assert document["schema"] == SCHEMA
    assert document["headline"].endswith(" of 8")
    assert document["coverage"] == full().coverage()
    assert list(document["counts"])[:2] == ["incorrect", "incomparable"]


@pytest.mark.parametrize("name", DEFINED)
def test_schema_describes_every_field(name):
    described = schema()["$defs"][name]
    assert list(described["properties"]) == [field.name for field in dataclasses.fields(DEFINED[name])]


def test_report_of_an_older_version_lacks_fields_with_a_default():
    document = json.loads(render(full()))
    for comparison in document["comparisons"]:
        del comparison["noise_only"]
    assert parse(json.dumps(document)).comparisons == every_verdict()


def broken(path, value):
    document = json.loads(render(full()))
    inner = document
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return json.dumps(document)


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (["run", "run_id"], 7, "$.run.run_id is not of type str: 7"),
        (["comparisons", 0, "margin"], "5%", "$.comparisons[0].margin is not a number: '5%'"),
        (["comparisons", 0, "verdict"], "great", "'great' is not a valid Verdict"),
        (["comparisons", 0, "pairs"], True, "$.comparisons[0].pairs is not of type int: True"),
        (["comparisons", 1, "case"], {}, "$.comparisons[1].case lacks case_id"),
        (["comparisons"], {}, "$.comparisons is not of type list: {}"),
    ],
)
def test_damaged_report(path, value, said):
    with pytest.raises(BoltError) as caught:
        parse(broken(path, value))
    assert caught.value.what == "this bolt report is damaged"
    assert said in str(caught.value)


def test_not_json():
    with pytest.raises(BoltError, match="this is not a bolt report"):
        parse("{")


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ('{"schema": "bolt-report/2"}', "a newer one"),
        ("[]", "--bolt-json=PATH"),
        ('{"machine_info": {}}', "--bolt-json=PATH"),
    ],
)
def test_other_format(text, advice):
    with pytest.raises(BoltError, match="this report has another format") as caught:
        parse(text)
    assert advice in str(caught.value)
