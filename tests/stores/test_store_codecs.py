"""Rounds as bytes, values as text, and text that databases refuse."""

from __future__ import annotations

import enum
import math
import uuid
from datetime import datetime

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from stored_samples import both_records, full_comparison, make_case, make_rounds, make_run

from pytest_bolt.core.case import Case, CaseId
from pytest_bolt.core.environment import Environment
from pytest_bolt.core.measurement import ROUND_DTYPE, empty_rounds
from pytest_bolt.core.record import Revision
from pytest_bolt.errors import BoltError
from pytest_bolt.stores.columns import UtcTime, escape, unescape
from pytest_bolt.stores.plain import from_text, to_text
from pytest_bolt.stores.rounds import pack_rounds, thin_rounds, unpack_rounds

TEXT = st.text(st.characters(exclude_categories=()), max_size=40) | st.sampled_from(
    [
        "\x00",
        "\x1a",
        "\x1a0000",
        "\ud800",
        "\udcff\x00",
        "'; DROP TABLE bolt_runs; --",
        "a" * 300,
        "\x1a\x1a001a",
        "🚀",
    ]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXT | st.binary(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(TEXT | st.integers() | st.just("$"), inner, max_size=3)
        | st.frozensets(TEXT, max_size=3)
    ),
    max_leaves=8,
)
ROUNDS = st.binary(max_size=2000).map(
    lambda data: np.frombuffer(data[: len(data) // ROUND_DTYPE.itemsize * ROUND_DTYPE.itemsize], ROUND_DTYPE)
)
EXAMPLES = settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@settings(deadline=None)
@given(ROUNDS)
def test_rounds_come_back_equal(rounds):
    found = unpack_rounds(pack_rounds(rounds))
    assert found.dtype == ROUND_DTYPE
    assert (found == rounds).all()


def test_no_rounds_come_back_as_none():
    assert len(unpack_rounds(pack_rounds(empty_rounds()))) == 0


def test_rounds_are_kept_small():
    rounds = make_rounds(80)
    assert len(pack_rounds(rounds)) < rounds.nbytes / 6


def test_rounds_of_another_format_are_refused():
    for data, seen in ((b"\x02abc", "2"), (b"", "empty")):
        with pytest.raises(BoltError) as caught:
            unpack_rounds(data)
        assert str(caught.value) == (
            "The rounds in this store have a format that this version cannot read\n"
            f"  format  {seen}\n"
            "  known   1\n"
            "  -> upgrade pytest-bolt"
        )


def test_thinning_keeps_the_same_whole_quads_on_both_sides():
    rounds = [make_rounds(1000, quads=100), make_rounds(1000, quads=100)]
    kept = [thin_rounds(side, cap=95)[0] for side in rounds]
    assert [list(np.unique(side["quad"], return_counts=True)[1]) for side in kept] == [[10] * 9] * 2
    assert (kept[0]["quad"] == kept[1]["quad"]).all()
    assert {kept[0]["quad"][0], kept[0]["quad"][-1]} == {0, 99}


def test_a_quad_longer_than_the_cap_is_thinned_by_rows():
    kept, warning = thin_rounds(make_rounds(1000, quads=1), cap=10)
    assert len(kept) == 10
    assert warning == "10 of 1000 rounds stored, evenly spaced"


def test_few_rounds_are_not_thinned():
    rounds = make_rounds(10)
    assert thin_rounds(rounds, cap=10) == (rounds, "")


@settings(deadline=None)
@given(VALUES)
def test_values_come_back_equal_and_of_the_same_type(value):
    found = from_text(to_text(value))
    assert found == value
    assert type(found) is type(value)
    assert to_text(value).isascii()


def test_values_that_json_has_no_word_for():
    class Colour(enum.StrEnum):
        RED = "red"

    class Odd:
        def __repr__(self):
            return "<odd>"

    assert math.isnan(from_text(to_text(float("nan"))))
    assert from_text(to_text({"n": np.float32(0.5), "c": Colour.RED, "o": Odd()})) == {
        "n": 0.5,
        "c": "red",
        "o": "<odd>",
    }
    assert from_text(to_text({1, 2})) == {1, 2}


@settings(deadline=None)
@given(TEXT)
def test_escaped_text_comes_back_and_is_storable(text):
    assert unescape(escape(text)) == text
    assert "\x00" not in escape(text)
    escape(text).encode()


@settings(deadline=None)
@given(TEXT, TEXT)
def test_different_text_stays_different(one, other):
    assert (escape(one) == escape(other)) == (one == other)


def test_ordinary_text_is_stored_as_it_is():
    assert escape("tests/test_ä.py::test[1-\n]") == "tests/test_ä.py::test[1-\n]"


def test_a_time_without_a_zone_is_refused():
    with pytest.raises(ValueError, match="a stored time needs a time zone"):
        UtcTime().process_bind_param(datetime(2026, 1, 1), None)  # noqa: DTZ001 - what is refused


@EXAMPLES
@given(data=st.data())
def test_hostile_text_comes_back_from_every_back_end(store, data):
    run = make_run(
        uuid.uuid4().hex[:12],
        head=Revision(commit=data.draw(TEXT), name=data.draw(TEXT), subject=data.draw(TEXT), diff_hash="d"),
        base=Revision(commit=data.draw(TEXT), trailers={data.draw(TEXT): data.draw(TEXT)}),
        command=(data.draw(TEXT),),
        hypothesis=data.draw(TEXT),
        notes=(data.draw(TEXT),),
        settings={data.draw(TEXT): data.draw(TEXT)},
        environment=Environment(facts={"cpu_model": data.draw(TEXT), data.draw(TEXT): data.draw(TEXT)}),
    )
    case = Case(
        case_id=CaseId(node_id=data.draw(TEXT), source_hash=data.draw(TEXT)),
        operation=data.draw(TEXT),
        extra_info=data.draw(st.dictionaries(TEXT, VALUES, max_size=3)),
    )
    comparison = full_comparison(case)
    store.begin(run)
    store.add(run.run_id, comparison, both_records(case, run))
    summary = store.summary(run.run_id)
    assert summary.run == run
    assert summary.comparisons == (comparison,)
    assert [record.revision for record in store.records(run.run_id, case.case_id.key)] == [run.base, run.head]
    values = store.baseline(run.base.commit, run.environment.fingerprint, [case.case_id.key])
    assert run.run_id in {value.run_id for value in values[case.case_id.key]}


@pytest.mark.parametrize("length", [300, 10_000])
def test_a_long_id_is_a_key_like_any_other(store, length):
    run, case = make_run(), make_case("x" * length)
    store.begin(run)
    store.add(run.run_id, full_comparison(case), both_records(case, run))
    assert list(store.baseline(run.base.commit, run.environment.fingerprint, [case.case_id.key])) == [
        case.case_id.key
    ]
    assert len(store.measurements(run.run_id, case.case_id.key)) == 2
