"""Damaged, hostile and unknown documents."""

from __future__ import annotations

import math

import pytest
from format_samples import asv_document, benchmark_document, benchmark_entry

from pytest_bolt.errors import BoltError
from pytest_bolt.formats.detection import detect
from pytest_bolt.formats.reading import checked, number, parse_json, words


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (" \n", "The file is empty"),
        ('{"a": [1, 2', "The file is not whole JSON: it is damaged or cut off"),
        ('{"a": 1}}', "The file is not whole JSON: it is damaged or cut off"),
        ("[" * 100_000, "The file is nested too deeply to be a list of results"),
        ('{"a": ' + "1" * 5000 + "}", "The file holds a number that cannot be read"),
        ("[1]", "The file does not have the form that its format asks for"),
    ],
)
def test_what_cannot_be_read_is_said_in_one_message(text, message):
    with pytest.raises(BoltError) as caught:
        parse_json(text)
    assert caught.value.what == message


def test_a_cut_off_file_names_the_place():
    with pytest.raises(BoltError) as caught:
        parse_json('{"a":\n [1, 2')
    assert caught.value.seen["place"].startswith("line 2, column")


def test_a_wrong_type_names_the_place_in_printable_text():
    with pytest.raises(BoltError) as caught:
        checked("\x1b[2J\n" * 99, dict, "results.\x1b[2J")
    assert caught.value.seen["place"] == "results.\\x1b[2J"
    assert caught.value.seen["expected"] == "an object"
    assert caught.value.seen["found"].startswith("'\\x1b[2J")
    assert len(caught.value.seen["found"]) < 70
    assert "\x1b" not in caught.value.render()


def test_numbers_are_numbers():
    assert number(3, "x") == 3.0
    assert math.isnan(number(None, "x"))
    assert number(10**400, "x") == math.inf
    for other in ("1", True, []):
        with pytest.raises(BoltError, match="a number or null"):
            number(other, "x")


def test_a_flag_is_no_whole_number():
    with pytest.raises(BoltError, match="a whole number"):
        checked(True, int, "x")


def test_scalars_become_text():
    assert [words(value) for value in (None, "a", 3, True)] == ["", "a", "3", "true"]


@pytest.mark.parametrize(
    ("document", "name"),
    [
        (benchmark_document(benchmark_entry()), "pytest-benchmark"),
        (asv_document({}), "asv"),
        ({"commit_hash": "a", "results": {}, "version": 1}, "asv"),
        ({"a": {"latency": {"value": 1}}}, "bmf"),
    ],
)
def test_each_format_is_told_from_the_others(document, name):
    assert detect(document) == name


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({}, "The file is of no known format"),
        ({"a": 1}, "The file is of no known format"),
        ({"a": {"latency": 1}}, "The file is of no known format"),
        ({"schema": "bolt-report/1"}, "The file is a report of pytest-bolt"),
    ],
)
def test_what_is_none_of_them_is_refused(document, message):
    with pytest.raises(BoltError, match=message):
        detect(document)
