"""`pytest-bolt journal show | preview | write`: entries from the store, without a run."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from journal_store import DIFF, DIFF_SHA, RUN, STYLES, claim, found_only, make_run, store_run

from pytest_bolt.core.record import Evidence, RunState
from pytest_bolt.journal.markers import entries_in
from pytest_bolt.stores.store import open_store


def test_show_a_run_and_an_entry(bolt, path):
    store_run(path)
    text = bolt("journal", "show", RUN[:4]).out
    assert [found.entry_id for found in entries_in(text)] == [RUN]
    assert bolt("journal", "show", RUN).out == text
    assert "### Methodology" in text


def test_show_entries_of_claims(bolt, path):
    store_run(path, make_run(statements=(claim(),), base=None), (found_only(),))
    text = bolt("journal", "show", f"{RUN}-003-a-loss", "--style=findings").out
    assert "**Finding:**" in text
    done = bolt("journal", "show", f"{RUN}-003-another")
    assert (done.code, "the stored run has no such entry" in done.err) == (2, True)
    assert f"{RUN}-003-a-loss" in done.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("zzz",), "No stored run begins with 'zzz'"),
        (("../../etc/passwd",), "No stored run begins with"),
        (("%",), "No stored run begins with"),
        ((RUN, "--style=papr"), "did you mean `paper`?"),
        ((RUN, "--style=auto"), "a style is a plain name here"),
        ((RUN, "--style=paper:x.md"), "a style is a plain name here"),
        ((RUN, "--templates=none"), "the folder of journal templates cannot be read"),
        ((RUN, "--artifact=00"), "no file of this run begins so"),
        ((RUN, "--artifact="), "no file of this run begins so"),
        ((RUN, "--artifact=f7f7"), "only the hash of this file was stored"),
    ],
)
def test_messages(bolt, path, arguments, said):
    store_run(path)
    done = bolt("journal", "show", *arguments)
    assert (done.code, done.out) == (2, "")
    assert said in done.err


def test_kept_file_to_the_byte(path):
    store_run(path)
    command = [sys.executable, "-m", "pytest_bolt", "journal", "show", RUN, "--artifact", DIFF_SHA[:12]]
    assert subprocess.run(command, capture_output=True, check=True).stdout == DIFF


def test_kept_file_that_is_damaged(bolt, path):
    store_run(path)
    with sqlite3.connect(path) as database:
        database.execute("UPDATE bolt_artifacts SET data = x'0011'")
    done = bolt("journal", "show", RUN, "--artifact", DIFF_SHA[:12])
    assert (done.code, done.out, "the stored file is damaged" in done.err) == (2, "", True)


def test_run_that_is_under_way_is_left_alone(bolt, path):
    store_run(path, state=RunState.RUNNING)
    done = bolt("journal", "show", RUN)
    assert (done.code, "this run is still under way" in done.err) == (2, True)


def test_stopped_run_can_be_written_and_says_so(bolt, path):
    store_run(path, state=RunState.INTERRUPTED)
    assert bolt("journal", "write", RUN, "paper:J.md").out == f"wrote J.md: {RUN}\n"
    assert "**error**. the run was stopped before its end" in Path("J.md").read_text()
    assert bolt("journal", "verify", "J.md").code == 0


def test_write_again_keeps_what_a_person_wrote(bolt, path):
    store_run(path)
    bolt("journal", "write", RUN, "paper:J.md")
    mine = Path("J.md").read_text().replace("(not written)", "mine")
    Path("J.md").write_text(mine)
    assert bolt("journal", "write", RUN, "auto:J.md").code == 0
    assert Path("J.md").read_text() == mine


def test_write_into_a_journal_with_a_conflict(bolt, path):
    store_run(path)
    Path("J.md").write_text("<<<<<<< ours\n")
    done = bolt("journal", "write", RUN, "paper:J.md")
    assert (done.code, "a conflict that a merge left" in done.err) == (2, True)
    assert Path("J.md").read_text() == "<<<<<<< ours\n"


def test_preview_without_a_store_shows_a_made_up_run(bolt, path):
    for style in STYLES:
        done = bolt("journal", "preview", style)
        assert (done.code, "0123456789ab" in done.out) == (0, True)
    assert not path.exists()


def test_preview_of_an_empty_store(bolt, path):
    open_store(str(path)).close()
    assert "this run is made up" in bolt("journal", "preview", "paper").out


def test_preview_shows_the_newest_run_or_the_one_named(bolt, path):
    store_run(path)
    store_run(path, make_run("b" * 12, days=1, evidence=Evidence()), diff=None)
    assert "bolt:entry bbbbbbbbbbbb" in bolt("journal", "preview", "paper").out
    assert f"bolt:entry {RUN}" in bolt("journal", "preview", "paper", "--run=0a1b").out


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("one\ntwo\n{{ nope }}\n", "mine.md.j2:3: UndefinedError: 'nope' is undefined"),
        ("one\n{% if %}\n", "mine.md.j2:2: TemplateSyntaxError"),
        ("\n{{ entry.title\n", "mine.md.j2:2: TemplateSyntaxError"),
        ("\n\n{{ entry | nope }}\n", "mine.md.j2:3: TemplateAssertionError: No filter named 'nope'"),
        ("{% include 'part.j2' %}\n", "part.j2:2: UndefinedError: 'gone' is undefined"),
        ("{% include 'none.j2' %}\n", "mine.md.j2:1: TemplateNotFound: none.j2"),
        ("\n{{ entry.person.__class__.__mro__ }}\n", "mine.md.j2:2: SecurityError"),
    ],
)
def test_template_errors_have_file_and_line(bolt, path, template, said):
    Path("own").mkdir()
    Path("own/mine.md.j2").write_text(template)
    Path("own/part.j2").write_text("one\n{{ gone }}\n")
    done = bolt("journal", "preview", "mine", "--templates=own")
    assert (done.code, done.out) == (2, "")
    assert said in done.err


def test_own_style_is_written_and_verified(bolt, path):
    store_run(path)
    Path("own").mkdir()
    Path("own/mine.md.j2").write_text(
        "## {{ entry.date.strftime('%Y-%m-%d') }} {{ entry.title }}\n\n{{ entry.results | results }}\n\n"
        "{{ entry.person | person('thoughts') }}\n"
    )
    assert bolt("journal", "write", RUN, "mine:J.md", "--templates=own").code == 0
    assert bolt("journal", "verify", "J.md", "--templates=own").code == 0
    text = Path("J.md").read_text()
    Path("J.md").write_text(text.replace("20.0 us", "21.0 us", 1))
    done = bolt("journal", "verify", "J.md", "--templates=own")
    assert (done.code, "there stands 21.0 us, the store gives 20.0 us" in done.out) == (1, True)
