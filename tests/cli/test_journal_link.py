"""`pytest-bolt journal link`: both entries know of each other, or none does and the journals are whole."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from difflib import SequenceMatcher
from pathlib import Path

import pytest
from journal_store import RUN, make_run, store_run

from pytest_bolt.journal.lock import locked
from pytest_bolt.journal.markers import entries_in

OTHER = "b" * 12


@pytest.fixture
def two(bolt, path):
    """Return two journals with an entry each: the older and the newer."""
    store_run(path)
    store_run(path, make_run(OTHER, days=1))
    assert bolt("journal", "write", RUN, "paper:journal/A.md").code == 0
    assert bolt("journal", "write", OTHER, "worklog:journal/B.md").code == 0
    return Path("journal/A.md"), Path("journal/B.md")


def links(journal):
    return {
        found.entry_id: [(str(link.relation), link.entry_id) for link in found.links]
        for found in entries_in(journal.read_text())
    }


@pytest.mark.parametrize("relation", ["corrects", "supersedes"])
def test_both_know(bolt, two, relation):
    old, new = two
    done = bolt("journal", "link", OTHER, relation, RUN)
    assert (done.code, done.err) == (0, "")
    assert done.out == f"{OTHER} {relation} {RUN}\nwrote journal/B.md\nwrote journal/A.md\n"
    assert links(old) == {RUN: [("superseded-by", OTHER)]}
    assert links(new) == {OTHER: [(relation, RUN)]}
    assert f"- {relation.capitalize()} entry `{RUN}` " in new.read_text()
    assert bolt("journal", "verify").out.startswith("2 verified, 0 differ")


def test_a_second_time_changes_nothing(bolt, two):
    bolt("journal", "link", OTHER, "corrects", RUN)
    before = [journal.read_bytes() for journal in two]
    assert "unchanged journal/A.md" in bolt("journal", "link", OTHER, "corrects", RUN).out
    assert [journal.read_bytes() for journal in two] == before


def test_links_survive_rendering_again(bolt, two):
    bolt("journal", "link", OTHER, "corrects", RUN)
    before = [journal.read_bytes() for journal in two]
    bolt("journal", "write", RUN, "paper:journal/A.md")
    bolt("journal", "write", OTHER, "worklog:journal/B.md")
    assert [journal.read_bytes() for journal in two] == before


def test_beginnings_of_ids_and_named_journals(bolt, two):
    assert bolt("journal", "link", "bb", "corrects", "0a1", *map(str, two)).code == 0
    assert links(two[0]) == {RUN: [("superseded-by", OTHER)]}


def test_both_in_one_journal_and_the_rest_keeps_its_bytes(bolt, two):
    one = two[0]
    bolt("journal", "write", OTHER, "paper:journal/A.md")
    two[1].unlink()
    text = one.read_bytes().replace(b"(not written)", b"mine\r\n\xff \x0b")
    one.write_bytes(b"by hand \xff\n" + text + b"\n\nby hand\x0b, no newline at the end")
    before = one.read_bytes().split(b"\n")
    assert bolt("journal", "link", OTHER, "corrects", RUN).code == 0
    gone, new = differing(before, one.read_bytes().split(b"\n"))
    assert [line.split()[1] for line in gone] == [b"/bolt:entry", b"/bolt:entry"]
    assert [line[:6] for line in new] == [b"", b"- Corr", b"<!-- /", b"", b"- Supe", b"<!-- /"]
    assert "2 verified" in bolt("journal", "verify").out


def differing(before, after):
    """Return the lines that are gone and those that are new."""
    found = SequenceMatcher(None, before, after, autojunk=False).get_opcodes()
    gone = [line for name, a, b, _, _ in found if name != "equal" for line in before[a:b]]
    return gone, [line for name, _, _, c, d in found if name != "equal" for line in after[c:d]]


def test_windows_line_ends_stay(bolt, two):
    for journal in two:
        journal.write_bytes(journal.read_bytes().replace(b"\n", b"\r\n"))
    assert bolt("journal", "link", OTHER, "corrects", RUN).code == 0
    for journal in two:
        text = journal.read_bytes()
        assert text.count(b"\n") == text.count(b"\r\n")
    assert "2 verified" in bolt("journal", "verify").out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((RUN, "corrects", RUN), "an entry cannot stand in its own place"),
        ((RUN, "corrects", "nothing"), "no journal has such an entry"),
        ((RUN, "corrects", ""), "no journal has such an entry"),
        ((RUN, "corrects", "../x"), "no journal has such an entry"),
        ((RUN, "corrects", OTHER, "none.md"), "there is no such journal"),
    ],
)
def test_messages(bolt, two, arguments, said):
    before = [journal.read_bytes() for journal in two]
    done = bolt("journal", "link", *arguments)
    assert (done.code, said in done.err) == (2, True)
    assert [journal.read_bytes() for journal in two] == before


def test_the_other_way_round_is_refused(bolt, two):
    bolt("journal", "link", OTHER, "corrects", RUN)
    done = bolt("journal", "link", RUN, "supersedes", OTHER)
    assert (done.code, "these two are linked the other way round" in done.err) == (2, True)


def test_the_same_entry_in_two_journals(bolt, two):
    bolt("journal", "write", RUN, "learning:journal/C.md")
    done = bolt("journal", "link", OTHER, "corrects", RUN)
    assert (done.code, "more than one entry is meant" in done.err) == (2, True)
    assert "journal/C.md" in done.err


@pytest.mark.parametrize("which", [0, 1])
def test_edited_entry_is_refused_and_nothing_is_written(bolt, two, which):
    two[which].write_text(two[which].read_text().replace("20.0 us", "10.0 us"))
    before = [journal.read_bytes() for journal in two]
    done = bolt("journal", "link", OTHER, "corrects", RUN)
    assert (done.code, "edited outside a person's fields cannot be linked" in done.err) == (2, True)
    assert [journal.read_bytes() for journal in two] == before


def test_journal_that_cannot_be_written_leaves_the_other_alone(bolt, two, monkeypatch):
    real = os.access

    def refuse(path, mode, **how):
        return real(path, mode, **how) and not (str(path).endswith("B.md") and mode == os.W_OK)

    monkeypatch.setattr(os, "access", refuse)
    before = [journal.read_bytes() for journal in two]
    assert bolt("journal", "link", OTHER, "corrects", RUN).code == 2
    assert [journal.read_bytes() for journal in two] == before


def test_another_writer_is_waited_for(two, path):
    command = [sys.executable, "-m", "pytest_bolt", "journal", "link", OTHER, "corrects", RUN]
    with locked(two[0]):
        child = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        with pytest.raises(subprocess.TimeoutExpired):
            child.wait(2)
    assert child.wait(60) == 0
    assert links(two[0]) == {RUN: [("superseded-by", OTHER)]}


KILLED = """
import os, signal, sys
from pathlib import Path
from pytest_bolt.cli import main
left = int(sys.argv[1])
real = Path.replace
def replace(self, target):
    global left
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    left -= 1
    return real(self, target)
Path.replace = replace
main(["journal", "link", *sys.argv[2:]])
"""


@pytest.mark.parametrize(("writes", "known"), [(0, 0), (1, 1)])
def test_killed_between_two_writes(bolt, two, writes, known):
    command = [sys.executable, "-c", KILLED, str(writes), OTHER, "corrects", RUN]
    assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
    assert sum(len(each) for journal in two for each in links(journal).values()) == known
    strict = bolt("journal", "verify", "--strict").out
    said = f"journal/A.md:5: {RUN}: `{OTHER}` does not know of it; link the two again"
    assert (said in strict) == bool(known)
    assert "2 verified, 0 differ" in strict
    assert bolt("journal", "link", OTHER, "corrects", RUN).code == 0
    assert links(two[0]) == {RUN: [("superseded-by", OTHER)]}
    assert links(two[1]) == {OTHER: [("corrects", RUN)]}
