from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from journal_samples import hostile, small

from pytest_bolt.errors import BoltError
from pytest_bolt.journal import write
from pytest_bolt.journal.lock import locked
from pytest_bolt.journal.markers import entries_in
from pytest_bolt.journal.render import render
from pytest_bolt.journal.styles import STYLES
from pytest_bolt.journal.write import parse_option

SEED = "# My Journal\r\n\nBefore.\t \n\n---\n\n## YYYY-MM-DD: [Title of Entry]\n\n### Hypothesis\nA template.\n\nno newline at the end"
NOTE = "We *delegate*.\n\n- to the framework | <b>always</b>\n"


def inserted(journal, entry, style="paper"):
    return write.inserted(journal, entry, parse_option(style))


def write_entry(entry, path, **how):
    return write.write_entry(entry, parse_option(f"paper:{path}"), **how)


def ids(journal):
    return [found.entry_id for found in entries_in(journal)]


def noted(journal, note=NOTE):
    assert "(not written)" in journal
    return re.sub(r"\(not written\)\r?\n", lambda match: note, journal, count=1)


def raised(call, *args, **kwargs):
    with pytest.raises(BoltError) as caught:
        call(*args, **kwargs)
    return str(caught.value)


def test_new_journal(tmp_path):
    path = tmp_path / "journal" / "JOURNAL.md"
    write_entry(small(), path)
    text = path.read_text()
    assert text.startswith("# Journal\n")
    assert text.endswith(render(small()))
    assert [entry.name for entry in path.parent.iterdir()] == ["JOURNAL.md"]


def test_newest_first_whatever_the_order_of_writing():
    journal = ""
    for name, days in (("b", 1), ("d", 3), ("a", 0), ("c", 2)):
        journal = inserted(journal, small(name * 12, days))
    assert ids(journal) == [name * 12 for name in "dcba"]


def test_rendering_again_replaces():
    once = inserted(inserted("", small("a" * 12)), small("b" * 12))
    assert inserted(once, small("a" * 12)) == once
    assert inserted(once, small("b" * 12)) == once


def test_what_a_person_wrote_survives():
    journal = noted(inserted("", small()))
    again = inserted(journal, small(note="another"))
    assert again == journal
    assert NOTE in again


def test_what_a_person_wrote_survives_when_the_numbers_change():
    journal = noted(inserted(SEED, small()))
    again = inserted(journal, hostile())
    assert f"-->\n{NOTE}<!-- /bolt:person -->\n" in again
    assert "Fused attention" not in again


def test_note_given_later_fills_the_empty_field():
    journal = inserted(inserted("", small()), small(note="Later."))
    assert "\nLater.\n<!-- /bolt:person -->" in journal
    assert "(not written)" not in journal


@pytest.mark.parametrize(
    "outside", [SEED, "", "only text", "# Title\n", "# Title\n\n", "\ufeff# Title\n\x00\n"]
)
def test_text_outside_entries_survives_byte_for_byte(outside):
    journal = inserted(outside, small("a" * 12)) if outside else ""
    journal = inserted(journal, small("b" * 12, days=1))
    journal = inserted(journal, small("a" * 12))
    rest = journal
    for found in reversed(entries_in(journal)):
        rest = rest[: found.start] + rest[found.end :]
    assert rest.replace("\n", "").replace("\r", "").startswith(outside.replace("\n", "").replace("\r", ""))
    for line in outside.splitlines(keepends=True)[:-1]:
        assert line in rest


def test_entry_goes_before_the_template_of_the_seed():
    journal = inserted(SEED, small())
    at = SEED.index("## YYYY")
    (found,) = entries_in(journal)
    assert journal[: found.start] == SEED[:at]
    assert journal[found.end :].lstrip("\r\n") == SEED[at:]


def test_entry_goes_among_entries_written_by_hand():
    by_hand = "# J\n\n## 2026-02-01: Newer\n\ntext\n\n## 2025-12-01: Older\n\ntext\n"
    journal = inserted(by_hand, small())
    assert journal.index("Newer") < journal.index("bolt:entry") < journal.index("Older")


def test_bytes_that_are_not_utf8_survive(tmp_path):
    path = tmp_path / "J.md"
    path.write_bytes(b"caf\xe9\n")
    write_entry(small(), path)
    assert path.read_bytes().startswith(b"caf\xe9\n")


def test_journal_with_windows_line_ends():
    journal = inserted("# J\r\n\r\ntext\r\n", small())
    assert journal.count("\n") == journal.count("\r\n")
    written = journal.replace("(not written)", "mine\r\nand mine")
    assert inserted(written, small()) == written


def test_stray_windows_line_end_in_a_note_survives():
    journal = noted(inserted("", small()), "one\r\ntwo\r\n")
    assert inserted(journal, small()) == journal


def test_forged_markers_in_names_break_nothing():
    journal = inserted(inserted("", hostile()), small("b" * 12, days=1))
    assert ids(journal) == ["b" * 12, "0a1b2c3d4e5f"]
    assert inserted(journal, hostile()) == journal


def test_edit_outside_a_persons_field_is_not_thrown_away():
    journal = inserted("", small()).replace("20.0 us", "40.0 us")
    message = raised(inserted, journal, small())
    assert "the entry to replace was edited outside a person's fields" in message
    assert "0a1b2c3d4e5f" in message


def test_field_that_a_person_added_is_not_thrown_away():
    journal = inserted("", small())
    added = journal.replace(
        "<!-- /bolt:entry", "<!-- bolt:person insight -->\nmine\n<!-- /bolt:person -->\n<!-- /bolt:entry"
    )
    assert "edited outside" in raised(inserted, added, small())


def test_wider_table_is_no_edit():
    journal = inserted("", small())
    wider = journal.replace("| Metric | Before |", "| Metric    | Before   |").replace(
        "| :--- |", "| :-------- |"
    )
    assert inserted(wider, small()) == journal


@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        (lambda text: text[: text.index("<!-- /bolt:entry")], "its closing marker is missing"),
        (lambda text: text[text.index("## ") :], "its markers do not pair"),
        (lambda text: text.replace("/bolt:entry 0a1b", "/bolt:entry ffff"), "its markers do not pair"),
        (lambda text: text + text, "it is there twice"),
        (lambda text: text.replace("2026-01-02T03:04:05+00:00", "yesterday"), "its date cannot be read"),
        (lambda text: text.replace("05+00:00", "05"), "its date cannot be read"),
    ],
)
def test_damaged_journal_is_left_alone(tmp_path, damage, problem):
    path = tmp_path / "J.md"
    damaged = damage(render(small()))
    path.write_text(damaged)
    message = raised(write_entry, small("b" * 12), path)
    assert "the journal has a damaged entry" in message
    assert problem in message
    assert path.read_text() == damaged


def test_interrupted_write_leaves_the_old_journal_whole(tmp_path, monkeypatch):
    path = tmp_path / "J.md"
    write_entry(small("a" * 12), path)
    before = path.read_bytes()

    def interrupt(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_entry(small("b" * 12), path)
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["J.md"]


WRITER = """
import sys
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from journal_samples import small
from pytest_bolt.journal.write import parse_option, write_entry
for n in range(6):
    write_entry(small(f"{sys.argv[3]}{n:011}", days=n), parse_option(f"paper:{sys.argv[2]}"))
"""


def test_two_writers_at_once_lose_nothing(tmp_path):
    path = tmp_path / "J.md"
    command = [sys.executable, "-c", WRITER, str(Path(__file__).parent), str(path)]
    writers = [subprocess.Popen([*command, name]) for name in "ab"]
    assert [writer.wait(60) for writer in writers] == [0, 0]
    assert sorted(ids(path.read_text())) == sorted(f"{name}{n:011}" for name in "ab" for n in range(6))
    assert [entry.name for entry in tmp_path.iterdir()] == ["J.md"]


def test_writer_that_never_ends_is_reported(tmp_path):
    path = tmp_path / "J.md"
    with locked(path):
        message = raised(write_entry, small(), path, wait_s=0.0)
    assert "another process is writing this journal" in message
    assert not path.exists()


def test_lock_left_behind_by_a_killed_writer_stops_nobody(tmp_path):
    path = tmp_path / "J.md"
    (tmp_path / ".J.md.lock").write_text("")
    write_entry(small(), path, wait_s=0.0)
    assert ids(path.read_text()) == ["0a1b2c3d4e5f"]


def test_journal_is_a_folder(tmp_path):
    (tmp_path / "J.md").mkdir()
    assert "the journal is a folder" in raised(write_entry, small(), tmp_path / "J.md")


def test_in_a_folder_each_entry_is_a_file(tmp_path):
    folder = parse_option(f"paper:{tmp_path}/")
    for entry in (small(), small(), small("b" * 12)):
        write.write_entry(entry, folder)
    names = [f"2026-01-02-fused-attention-{run}.md" for run in ("0a1b2c3d4e5f", "b" * 12)]
    assert sorted(path.name for path in tmp_path.iterdir()) == names
    assert ids((tmp_path / names[0]).read_text()) == ["0a1b2c3d4e5f"]


@pytest.mark.parametrize("name", ["os.open", "pathlib.Path.read_bytes"])
def test_journal_that_cannot_be_read_or_locked(tmp_path, monkeypatch, name):
    def refuse(*args, **kwargs):
        raise PermissionError(13, os.strerror(13))

    monkeypatch.setattr(name, refuse)
    assert "cannot write the file" in raised(write_entry, small(), tmp_path / "J.md")


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("paper", "journal/JOURNAL.md"),
        ("auto", "journal/JOURNAL.md"),
        ("paper:notes/x.md", "notes/x.md"),
        ("paper:C:/x.md", "C:/x.md"),
    ],
)
def test_option(text, path):
    found = parse_option(text)
    assert (found.style, found.path, found.free) == (STYLES["paper"], Path(path), text == "auto")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("papr", "did you mean `paper`?"),
        ("Paper:x", "did you mean `paper`?"),
        ("zzz", "write --bolt-journal=STYLE"),
        ("", "there is no such journal style"),
        ("paper:", "the path of the journal is empty"),
        ("auto:", "the path of the journal is empty"),
    ],
)
def test_option_messages(text, said):
    assert said in raised(parse_option, text)
