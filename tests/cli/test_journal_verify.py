"""`pytest-bolt journal verify`: what agrees is silent, what does not is named with its line."""

from __future__ import annotations

import json
import re
import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from journal_store import (
    RUN,
    STYLES,
    claim,
    comparisons,
    found_only,
    make_run,
    store_run,
)

from pytest_bolt.core.comparison import Interval
from pytest_bolt.core.units import IterationTime
from pytest_bolt.core.verdict import Verdict
from pytest_bolt.journal.markers import digest_of, entries_in

REST = ", 0 differ, 0 not verifiable here, 0 by hand, in 1 journal"


@pytest.fixture
def written(bolt, path):
    """Return a function that stores a run and writes it into a journal; it returns the journal's path."""

    def write(style="paper", name="J.md", run=None, compared=None, **how):
        stored = store_run(path, run, compared, **how)
        done = bolt("journal", "write", stored.run_id, f"{style}:{name}")
        assert done.code == 0, done.err
        return Path(name)

    return write


def forged(journal: Path, old: str, new: str) -> None:
    """Change a text in the journal and make all digests fit again, as somebody who knows the format would."""
    text = journal.read_text()
    assert old in text
    sealed(journal, text.replace(old, new, 1))


def sealed(journal: Path, text: str) -> None:
    for found in entries_in(text):
        text = text.replace(found.digest, digest_of(found.body))
    journal.write_text(text)


@pytest.mark.parametrize("style", STYLES)
def test_what_was_written_is_verified(bolt, written, style):
    journal = written(style)
    done = bolt("journal", "verify", str(journal))
    assert (done.code, done.out) == (
        0,
        f"1 verified{REST}\n4 things could not be checked; --strict says which\n",
    )


def test_strict_says_what_could_not_be_checked(bolt, written):
    done = bolt("journal", "verify", str(written()), "--strict")
    assert done.code == 1
    gone = "its single rounds are gone"
    found = re.findall(r"^J.md:(\d+): \S+: (.*)$", done.out, re.MULTILINE)
    assert [message for _, message in found] == [
        f"a.py::test_step[cpu]: {gone}",
        f"a.py::test_same: {gone}",
        f"b.py::test_unclear: {gone}",
        "the file run7.log is not here any more",
    ]
    lines = Path("J.md").read_text().splitlines()
    for line, message in found[:3]:
        assert message.partition(": ")[0] in lines[int(line) - 1]


def test_json(bolt, written):
    journal = written()
    forged(journal, "-10.0 %", "-19.0 %")
    document = json.loads(bolt("journal", "verify", str(journal), "--json").out)
    counts = {name: document[name] for name in ("schema", "verified", "differing", "not_verifiable")}
    assert counts == {"schema": 1, "verified": 0, "differing": 1, "not_verifiable": 0}
    (found,) = document["differences"]
    assert (found["path"], found["entry"]) == ("J.md", RUN)
    assert found["message"] == "there stands -19.0 %, the store gives -10.0 %"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("faster", "slower", "there stands slower, the store gives faster"),
        ("**confirmed**", "**refuted**", "there stands refuted, the store gives confirmed"),
        ("INCONCLUSIVE", "SAME", "there stands nothing, the store gives INCONCLUSIVE"),
        ("abcdef0123abc", "abcdef9123abc", "there stands `abcdef9123abc"),
        ("## 2026-03-01", "## 2026-03-02", "there stands 2026-03-02, the store gives 2026-03-01"),
        ("T12:00:00", "T13:00:00", "there stands 2026-03-01T13:00:00+00:00, the store gives 2026-03-01T12"),
        ("8 process pairs", "9 process pairs", "there stands 9, the store gives 8"),
        ("-k 'a or b'", "-k 'a'", "there stands pytest --bolt-compare=main -k 'a' --bolt-seed=42, the store"),
        ("20.0 us", "20.0 ms", "there stands 20.0 ms, the store gives 20.0 us"),
        ("One fused kernel", "No fused kernel", "the store gives One fused kernel reads 3 scores once."),
        ("11.0 s before", "91.0 s before", "there stands 91.0 s, the store gives 11.0 s"),
        ("Coverage: 3 of 4", "Coverage: 4 of 4", "there stands 4, the store gives 3"),
    ],
)
def test_what_was_changed_is_found_where_the_digest_was_made_to_fit(bolt, written, old, new, said):
    journal = written()
    forged(journal, old, new)
    line = next(n for n, text in enumerate(journal.read_text().splitlines(), start=1) if new in text)
    done = bolt("journal", "verify", str(journal))
    assert done.code == 1
    assert said in done.out
    if "fused" not in old:
        assert done.out.startswith(f"J.md:{line}: {RUN}: ")
    assert "0 verified, 1 differ" in done.out


def test_row_that_was_taken_out_is_found(bolt, written):
    journal = written()
    lines = journal.read_text().splitlines(keepends=True)
    sealed(journal, "".join(line for line in lines if "| time, `b.py::test_wrong`" not in line))
    done = bolt("journal", "verify", str(journal))
    assert done.code == 1
    assert "there stands nothing, the store gives `b.py::test_wrong` INCORRECT" in done.out


def test_other_words_with_the_same_numbers_are_verified(bolt, written):
    journal = written()
    text = journal.read_text()
    for old, new in (
        ("- Coverage:", "- Judged:"),
        ("### Methodology", "### How"),
        ("The command, and the same against these two commits:", "Commands:"),
        ("Each row is of the stored comparison that", "Rows:"),
        (" prints.", ""),
    ):
        assert old in text
        text = text.replace(old, new)
    sealed(journal, text)
    assert bolt("journal", "verify", str(journal)).code == 0


def test_version_that_printed_fewer_facts_is_verified(bolt, written):
    journal = written()
    lines = journal.read_text().splitlines(keepends=True)
    sealed(journal, "".join(line for line in lines if "cpu_count" not in line and "b7.py" not in line))
    done = bolt("journal", "verify", str(journal))
    assert (done.code, done.out.splitlines()[0][:20]) == (0, "1 verified, 0 differ")


def test_edited_words_are_found_by_the_digest(bolt, written):
    journal = written()
    journal.write_text(journal.read_text().replace("### Methodology", "### How"))
    done = bolt("journal", "verify", str(journal))
    assert done.code == 1
    assert f"J.md:5: {RUN}: it was edited outside a person's fields" in done.out


@pytest.mark.parametrize("note", ["1234567 times faster, INCORRECT", "a\n\nb\r\nc 99 %"])
def test_what_a_person_writes_is_theirs(bolt, written, note):
    journal = written()
    journal.write_text(journal.read_text().replace("(not written)", note), newline="")
    assert bolt("journal", "verify", str(journal)).code == 0


def test_windows_line_ends(bolt, written):
    journal = written()
    journal.write_bytes(journal.read_bytes().replace(b"\n", b"\r\n"))
    assert bolt("journal", "verify", str(journal)).code == 0
    journal.write_bytes(journal.read_bytes().replace(b"-10.0 %", b"-19.0 %", 1))
    assert "there stands -19.0 %" in bolt("journal", "verify", str(journal)).out


def test_runs_that_the_store_does_not_hold(bolt, written, monkeypatch, tmp_path):
    journal = written()
    monkeypatch.setenv("BOLT_STORE", str(tmp_path / "none.sqlite"))
    done = bolt("journal", "verify", str(journal))
    assert (done.code, done.out.splitlines()[0]) == (
        0,
        "0 verified, 0 differ, 1 not verifiable here, 0 by hand, in 1 journal",
    )
    assert bolt("journal", "verify", str(journal), "--strict").code == 1
    named = bolt("journal", "verify", str(journal), "--store=none.sqlite")
    assert (named.code, "There is no store yet" in named.err) == (2, True)


def test_edited_entry_is_found_without_its_run(bolt, written, monkeypatch, tmp_path):
    journal = written()
    journal.write_text(journal.read_text().replace("-10.0 %", "-19.0 %"))
    monkeypatch.setenv("BOLT_STORE", str(tmp_path / "none.sqlite"))
    done = bolt("journal", "verify", str(journal))
    assert done.code == 1
    assert "0 verified, 1 differ, 1 not verifiable here" in done.out


@pytest.mark.parametrize(
    "entry_id",
    ["..", "-", "0", "zzzzzzzzzzzz", "0a1b2c3d4e5f-nothing", "0A1B2C3D4E5F", "f" * 3000, "%", "0a1b2c3d4e5_"],
)
def test_hostile_ids_in_a_journal(bolt, written, entry_id):
    journal = written()
    journal.write_text(journal.read_text().replace(f"bolt:entry {RUN} ", f"bolt:entry {entry_id} "))
    done = bolt("journal", "verify", str(journal))
    assert done.code in {0, 1}
    assert "1 verified" not in done.out
    assert not done.err


def test_entries_by_hand_are_counted(bolt, written):
    Path("J.md").write_text("# J\n\n## 2026-02-01: By hand\n\n### Methodology\n99 % faster\n")
    written()
    assert "1 verified, 0 differ, 0 not verifiable here, 1 by hand" in bolt("journal", "verify", "J.md").out


def test_damaged_journal_is_reported_with_its_line(bolt, written):
    journal = written()
    text = journal.read_text()
    journal.write_text(text[: text.index("<!-- /bolt:entry")])
    done = bolt("journal", "verify", str(journal))
    assert done.code == 1
    said = "the journal has a damaged entry: its closing marker is missing"
    assert done.out.startswith(f"J.md:5: {RUN}: {said}\n")


def test_merge_conflict_is_reported_with_its_line(bolt, written):
    journal = written()
    text = journal.read_text()
    journal.write_text(text + "<<<<<<< ours\n=======\n>>>>>>> theirs\n")
    done = bolt("journal", "verify", str(journal))
    assert done.code == 1
    at = text.count("\n") + 1
    assert done.out.startswith(f"J.md:{at}: -: the journal holds a conflict that a merge left\n")


def test_second_entry_of_one_version_in_a_changelog(bolt, written, path):
    journal = written("changelog")
    store_run(path, make_run("b" * 12, days=1))
    assert bolt("journal", "write", "b" * 12, f"changelog:{journal}").code == 0
    assert journal.read_text().count("## [1.2.3]") == 1
    assert bolt("journal", "verify", str(journal)).out.startswith("2 verified, 0 differ")
    assert bolt("journal", "link", "bbb", "corrects", RUN, str(journal)).code == 0
    assert bolt("journal", "verify", str(journal)).out.startswith("2 verified, 0 differ")


def test_experiments_of_claims_are_verified_each(bolt, written):
    run = make_run(statements=(claim(),), base=None, measured=None)
    journal = written(run=run, compared=(found_only(),))
    assert bolt("journal", "verify", str(journal)).out.startswith("1 verified")
    forged(journal, "1.34", "1.35")
    assert bolt("journal", "verify", str(journal)).code == 1


def test_folder_with_a_file_an_entry(bolt, path):
    store_run(path)
    store_run(path, make_run("b" * 12, days=1))
    for run_id in (RUN, "b" * 12):
        assert bolt("journal", "write", run_id, "paper:journal/").code == 0
    done = bolt("journal", "verify")
    assert done.out.startswith("2 verified, 0 differ, 0 not verifiable here, 0 by hand, in 2 journals\n")


@pytest.mark.parametrize(
    ("argument", "said"), [("none.md", "there is no such journal"), (".", "the folder has no journal")]
)
def test_usage(bolt, path, argument, said):
    done = bolt("journal", "verify", argument)
    assert (done.code, said in done.err) == (2, True)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"ratio": Interval(estimate=0.8, low=0.79, high=0.81)}, "its process pairs give -10.0 %"),
        ({"verdict": Verdict.SAME}, "the verdict is stored as same, its process pairs give faster"),
        ({"detectable": 0.5}, "the smallest visible effect is stored as 50 %"),
        ({"pairs": 7}, "7 process pairs are counted, 8 are stored"),
    ],
)
def test_stored_comparison_that_does_not_follow_from_its_pairs(bolt, written, changes, said):
    wrong = replace(comparisons()[0], **changes)
    journal = written(compared=(wrong,))
    done = bolt("journal", "verify", str(journal))
    assert done.code == 1
    assert "a.py::test_step[cpu]: " in done.out
    assert said in done.out


def test_kept_file_that_is_damaged_or_gone(bolt, written, path):
    journal = written()
    with sqlite3.connect(path) as database:
        database.execute("UPDATE bolt_artifacts SET data = x'00'")
    done = bolt("journal", "verify", str(journal))
    assert (done.code, "the file uncommitted.diff" in done.out) == (1, True)
    with sqlite3.connect(path) as database:
        database.execute("DELETE FROM bolt_artifacts")
    assert "the file uncommitted.diff is not in the store any more" in bolt("journal", "verify", "J.md").out


def test_named_file_is_looked_at_where_it_is(bolt, written):
    journal = written()
    Path("run7.log").write_text("another")
    done = bolt("journal", "verify", str(journal))
    assert (done.code, "the file run7.log is not what it was" in done.out) == (1, True)


def test_hypothesis_stored_after_the_first_measurement(bolt, written):
    run = make_run()
    journal = written(run=replace(run, measured=run.started.replace(hour=11)))
    assert "was before the hypothesis was stored" in bolt("journal", "verify", str(journal)).out


def test_numbers_without_an_end(bolt, written):
    broken = replace(
        comparisons()[2],
        ratio=Interval(estimate=1.0, low=0.0, high=float("inf")),
        detectable=float("inf"),
        pair_ratios=(),
        pair_errors=(),
        reason="one pair",
    )
    open_ended = replace(comparisons()[0], base_time=IterationTime(float("nan")))
    journal = written(compared=(broken, open_ended))
    done = bolt("journal", "verify", str(journal), "--strict")
    assert "b.py::test_unclear: the ratios of its process pairs are not stored" in done.out
    assert "1 verified, 0 differ" in done.out


def test_store_of_an_older_schema_says_what_it_cannot_recompute(bolt, written, path):
    old = [replace(each, pair_ratios=(), pair_errors=()) for each in comparisons()]
    journal = written(compared=old)
    with sqlite3.connect(path) as database:
        for table, column in (("bolt_comparisons", "pair_values"),):
            database.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
        for column in ("statements", "measured", "evidence"):
            database.execute(f"ALTER TABLE bolt_runs DROP COLUMN {column}")
        database.execute("DROP TABLE bolt_artifacts")
        database.execute("UPDATE bolt_version SET version_num = '0002'")
    done = bolt("journal", "verify", str(journal), "--strict")
    assert not done.err
    assert "a.py::test_same: the ratios of its process pairs are not stored" in done.out


def test_commits_are_looked_for_in_the_repository(bolt, written):
    for command in (
        ["init", "-q"],
        ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm1", "--allow-empty"],
    ):
        subprocess.run(["git", *command], check=True)
    done = bolt("journal", "verify", str(written()), "--strict")
    assert "this repository does not have the head commit abcdef0123" in done.out
    assert "this repository does not have the base commit 0123456789" in done.out


READER = """
import sys
from pytest_bolt.cli import main
for _ in range(12):
    code = main(["journal", "verify", "J.md"])
    assert code == 0, code
"""


def test_journal_is_read_whole_while_two_processes_write_it(bolt, written, path):
    written()
    for number in range(1, 7):
        store_run(path, make_run(f"{number:012x}", days=number))
    program = "import sys\nfrom pytest_bolt.cli import main\nfor run in sys.argv[1:]:\n    assert main(['journal', 'write', run, 'paper:J.md']) == 0\n"
    ids = [f"{number:012x}" for number in range(1, 7)]
    writers = [subprocess.Popen([sys.executable, "-c", program, *ids[half::2]]) for half in (0, 1)]
    reader = subprocess.run([sys.executable, "-c", READER], capture_output=True, text=True, check=False)
    assert [writer.wait(60) for writer in writers] == [0, 0]
    assert reader.returncode == 0, reader.stdout + reader.stderr
    assert bolt("journal", "verify", "J.md").out.startswith("7 verified")
