"""`pytest-bolt journal index`: every entry of every journal, newest first."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from journal_store import RUN, STYLES, claim, found_only, make_run, store_run

OTHER = "b" * 12
SEEDS = """# Journal

## 2026-02-27: By hand | with a pipe

### Methodology
x

## YYYY-MM-DD: [Title of Entry]
"""


@pytest.fixture
def some(bolt, path):
    Path("journal").mkdir()
    Path("journal/A.md").write_text(SEEDS)
    store_run(path)
    store_run(path, make_run(OTHER, days=1))
    assert bolt("journal", "write", RUN, "paper:journal/A.md").code == 0
    assert bolt("journal", "write", OTHER, "worklog:journal/B.md").code == 0
    assert bolt("journal", "link", OTHER, "corrects", RUN).code == 0


def test_table(bolt, some):
    lines = bolt("journal", "index").out.splitlines()
    assert [line.split()[:3] for line in lines] == [
        ["DATE", "STYLE", "RULING"],
        ["2026-03-02", "12:00", "worklog"],
        ["2026-03-01", "12:00", "paper"],
        ["2026-02-27", "paper", "-"],
    ]
    assert lines[2].split()[3:] == ["incorrect", "Fused", "superseded-by", OTHER, "journal/A.md:3"]
    assert "By hand | with a pipe" in lines[3]
    at = int(lines[3].rpartition(":")[2])
    assert Path("journal/A.md").read_text().splitlines()[at - 1] == "## 2026-02-27: By hand | with a pipe"


def test_json(bolt, some):
    document = json.loads(bolt("journal", "index", "--json").out)
    first = document["entries"][0]
    assert first == {
        "path": "journal/B.md",
        "entry": OTHER,
        "line": 5,
        "date": "2026-03-02 12:00",
        "style": "worklog",
        "title": "2026-03-02 12:00",
        "ruling": "incorrect",
        "links": [{"relation": "corrects", "entry": RUN}],
    }
    assert (document["schema"], document["journals"], len(document["entries"])) == (1, 2, 3)


def test_file(bolt, some):
    done = bolt("journal", "index", "--output=journal/INDEX.md")
    assert done.out == "wrote journal/INDEX.md: 3 entries\n"
    text = Path("journal/INDEX.md").read_text()
    assert "| 2026-02-27 | paper | By hand &#124; with a pipe | - | - | A.md:" in text
    assert bolt("journal", "index", "--output=journal/INDEX.md").code == 0
    assert Path("journal/INDEX.md").read_text() == text  # the index is no journal


@pytest.mark.parametrize("style", STYLES)
def test_every_style(bolt, path, style):
    store_run(path)
    bolt("journal", "write", RUN, f"{style}:J.md")
    (row,) = json.loads(bolt("journal", "index", "J.md", "--json").out)["entries"]
    assert row["style"] in {style, "paper", "experiment", "learning"}
    assert (row["ruling"], row["line"] > 0) == ("incorrect", True)


def test_rulings(bolt, path):
    run = make_run(statements=(claim(),), base=None)
    store_run(path, run, (found_only(),))
    store_run(path, make_run(OTHER, statements=()), ())
    bolt("journal", "write", RUN, "paper:J.md")
    bolt("journal", "write", OTHER, "paper:J.md")
    rows = json.loads(bolt("journal", "index", "J.md", "--json").out)["entries"]
    assert {row["entry"]: row["ruling"] for row in rows} == {
        f"{RUN}-003-a-loss": "confirmed",
        OTHER: "reported",
    }


def test_what_a_person_writes_is_no_ruling(bolt, some):
    journal = Path("journal/B.md")
    journal.write_text(journal.read_text().replace("(not written)", "The hypothesis is **confirmed**.", 1))
    assert "worklog  incorrect" in bolt("journal", "index").out


def test_empty_journal(bolt, path):
    Path("J.md").write_text("")
    assert bolt("journal", "index", "J.md").out == "there is no entry yet\n"
    bolt("journal", "index", "J.md", "--output=I.md")
    assert "There is no entry yet." in Path("I.md").read_text()


def test_merge_conflict(bolt, some):
    journal = Path("journal/B.md")
    journal.write_text("<<<<<<< ours\n" + journal.read_text())
    done = bolt("journal", "index")
    assert (done.code, "a conflict that a merge left" in done.err) == (2, True)
