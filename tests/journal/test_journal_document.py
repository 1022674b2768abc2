"""Any journal as a document: styles, entries, fields, tables, and what is broken in the text."""

from __future__ import annotations

from datetime import date, time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from journals_of_styles import CHANGELOG, EVIDENCE, EXPERIMENT, LEARNING, LOGBOOK, PAPER, STYLES, WORKLOG

from pytest_bolt.journal.document.model import Order, Style
from pytest_bolt.journal.document.reader import read_document, read_journal
from pytest_bolt.journal.document.source import decoded
from pytest_bolt.journal.lint.run import lint


@pytest.mark.parametrize("style", STYLES)
def test_each_style_is_known(style):
    assert read_document(STYLES[style]).style == style


def test_a_file_of_three_journals_has_three_parts():
    document = read_document(PAPER + STYLES["findings"] + EVIDENCE)
    assert [part.style for part in document.parts] == [Style.PAPER, Style.FINDINGS, Style.EVIDENCE]
    assert [part.span.end for part in document.parts][:2] == [part.span.start for part in document.parts][1:]


def test_prose_has_no_style():
    assert read_document("# About\n\nSome words.\n").style is Style.UNKNOWN


def test_an_entry_knows_its_number_date_and_title():
    entry = read_document(LOGBOOK).entries[1]
    assert (entry.number, entry.day, entry.clock, entry.title) == (
        2,
        date(2026, 2, 16),
        time(22, 50),
        "Scaling",
    )
    assert (entry.line, entry.span.end) == (12, 22)


def test_an_entry_knows_what_holds_it():
    entries = read_document(EXPERIMENT).entries
    assert [entry.within for entry in entries] == [None, 0, 0, None]
    assert [field.name for field in entries[0].fields] == ["Goal"]
    assert [field.name for field in entries[1].fields] == ["Hypothesis", "Action", "Outcome", "Result"]


def test_a_version_is_read_without_its_brackets():
    assert [entry.version for entry in read_document(CHANGELOG).entries] == ["Unreleased", "0.2.0", "0.1.0"]


def test_a_field_has_its_text_and_line():
    goal = read_document(LOGBOOK).entries[0].field("goal")
    assert (goal.name, goal.line, goal.text) == ("Goal", 5, "A start.")


def test_a_template_is_no_entry_of_its_own():
    document = read_document(WORKLOG)
    assert [entry.day_text for entry in document.entries] == ["2026-03-02", "2026-03-02"]
    assert len(document.parts[0].templates) == 1
    assert [entry.template for entry in read_document(PAPER).entries] == [False, False, True]


def test_cells_know_their_column():
    table = read_document("| a | b \\| c |\n|---|:-:|\n| 1 |  2 |\n\n| no | table |\n").tables
    assert [[cell.text for cell in row] for row in (table[0].header, *table[0].rows)] == [
        ["a", "b \\| c"],
        ["1", "2"],
    ]
    assert [(cell.line, cell.column) for cell in table[0].rows[0]] == [(3, 2), (3, 7)]
    assert len(table) == 1


def test_fences_and_comments_hide_headings():
    text = "# Log\n```\n## 2026-01-01: in a fence\n```\n<!--\n## 2026-01-02: in a comment\n-->\n## 2026-01-03: real\n"
    assert [entry.day_text for entry in read_document(text).entries] == ["2026-01-03"]


def test_a_fence_closes_only_with_its_own_marks():
    document = read_document("````\n```\n## 2026-01-01: a\n````\n## 2026-01-02: b\n~~~\nopen\n")
    assert [(fence.span.start, fence.span.end, fence.closed) for fence in document.fences] == [
        (1, 5, True),
        (6, 8, False),
    ]
    assert len(document.entries) == 1


def test_our_own_markers_name_their_entry():
    text = "<!-- bolt:entry r1 2026-01-01T00:00:00+00:00 -->\n## 2026-01-01: a\n<!-- /bolt:entry r1 0123456789abcdef -->\n"
    document = read_document(text)
    assert document.entries[0].marker == "r1"
    assert [marker.kind for marker in document.markers] == ["entry", "/entry"]


def test_conflict_marks_are_found_and_headings_are_none():
    document = read_document("Title\n=======\n<<<<<<< HEAD\na\n=======\nb\n>>>>>>> x\n")
    assert [conflict.line for conflict in document.conflicts] == [3, 5, 7]


def test_bytes_survive_whatever_they_are(tmp_path):
    data = b"\xef\xbb\xbf# Log\r\n\xff\xfe 4\xc3\x83\xe2\x80\x94 more\n\rlast"
    (tmp_path / "log.md").write_bytes(data)
    document = read_journal(tmp_path / "log.md")
    assert document.source.bom
    assert document.source.text.encode("utf-8", "surrogateescape") == data
    assert dict(document.source.line_ends) == {"\r\n": 1, "\n": 1, "\r": 1}
    assert document.headings[0].text == "Log"


def test_garbled_text_is_shown_as_it_was_and_kept_as_it_is():
    text = "128\u00d764 → 8".encode().decode("cp1254") + "\n"
    source = read_document(text).source
    assert source.text == text
    assert source.garbled == (1,)
    assert source.shown[0].split() == ["128x", "64", "→", "8"]
    assert len(source.shown[0]) == len(source.lines[0])


def test_the_order_is_what_the_journal_says_or_has():
    assert read_document(LEARNING).parts[0].order is Order.OLDEST
    assert read_document("# Log\nNewest first.\n" + LEARNING).parts[0].order is Order.NEWEST


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet=st.sampled_from("#`~<!-|>=*\r\n \\[]:0123abY\ud800é\u00d7â€"), max_size=200))
def test_any_text_is_read_to_the_byte(text):
    document = read_document(text)
    bare = text[1:] if document.source.bom else text
    assert "".join(document.source.lines) == bare.replace("\r", "").replace("\n", "")
    assert all(len(a) == len(b) for a, b in zip(document.source.lines, document.source.shown, strict=True))
    lint(document)


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_read(data):
    assert read_document(decoded(data)).source.text.encode("utf-8", "surrogateescape") == data


def test_ten_times_the_entries_are_ten_times_the_parts():
    entries = PAPER.split("## YYYY")[0]
    one, ten = (read_document(entries * count) for count in (1, 10))
    assert len(ten.entries) == 10 * len(one.entries)
    assert len(ten.tables) == 10 * len(one.tables)
