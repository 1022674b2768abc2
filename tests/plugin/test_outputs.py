"""Files that a run writes, and the command that looks at what it has stored."""

from __future__ import annotations

import json

import pytest
from plugin_projects import COMPARE, QUICK, bolt_section, text_of


def test_everything_that_was_asked_for_is_written(project):
    project.edit("mylib/core.py", "total = 0", "total = 0 + 0")
    result = project.pytest(
        COMPARE, QUICK, "--bolt-json=out/report.json", "--bolt-markdown=out/report.md", "--bolt-journal=paper",
        "--bolt-hypothesis=one pass instead of two", "--bolt-expect=time <= 0.95x base", "--bolt-seed=7",
        "--bolt-html=out/page",
    )  # fmt: skip
    section = bolt_section(result)
    for name in ("out/report.json", "out/report.md", "journal/JOURNAL.md", "out/page/index.html"):
        assert f"wrote {project.root / name}" in section
    assert section[-2:] == ["0 of 1 judged, 1 inconclusive", "nothing could be judged"]
    report = json.loads((project.root / "out" / "report.json").read_text())
    assert report["schema"] == "bolt-report/1"
    assert report["run"]["hypothesis"] == "one pass instead of two"
    assert report["run"]["settings"]["seed"] == "7"
    assert report["run"]["head"]["diff_hash"]
    assert report["run"]["base"]["commit"] == project.git("rev-parse", "HEAD")
    assert "tests/test_speed.py::test_work" in (project.root / "out" / "report.md").read_text()
    journal = (project.root / "journal" / "JOURNAL.md").read_text()
    for words in ("one pass instead of two", "time <= 0.95x base", "inconclusive", report["run"]["run_id"]):
        assert words in journal
    assert report["run"]["command"][:3] == ["python", "-m", "pytest"]
    html = (project.root / "out" / "page" / "index.html").read_text()
    for words in (
        "tests/test_speed.py::test_work",
        "one pass instead of two",
        report["run"]["run_id"],
        "0 of 1 judged",
    ):
        assert words in html
    listed = project.command("list")
    assert report["run"]["run_id"] in listed.stdout
    shown = project.command("show", report["run"]["run_id"])
    assert "tests/test_speed.py::test_work" in shown.stdout


@pytest.mark.slow
@pytest.mark.parametrize(("factor", "conclusion"), [(5, "confirmed"), (1, "refuted")])
def test_the_conclusion_is_computed(project, factor, conclusion):
    body = "def work(n):\n    for _ in range({0}):\n        total = sum(i * i for i in range(n))\n    return total\n"
    project.library(body.format(5 if factor == 5 else 1))
    project.commit("base")
    project.library(body.format(1 if factor == 5 else 5))
    project.pytest(COMPARE, "--bolt-journal=paper", "--bolt-expect=time <= 0.6x base", "--bolt-margin=20%")
    journal = (project.root / "journal" / "JOURNAL.md").read_text()
    assert conclusion in journal.lower()
    assert {"confirmed": "refuted", "refuted": "confirmed"}[conclusion] not in journal.lower()


@pytest.mark.slow
def test_expectations_of_markers_and_trailers_count_too(project):
    project.suite(
        """
        import pytest
        from mylib.core import work

        @pytest.mark.bolt(expect="time <= 0.5x base", hypothesis="no loop at all")
        def test_marked(benchmark):
            benchmark(work, 10)
        """
    )
    project.pytest(COMPARE, QUICK, "--bolt-journal=paper:first.md")
    project.commit("quicker\n\nHypothesis: fewer loops\nExpect: time <= 0.8x base")
    project.pytest(COMPARE, QUICK, "--bolt-journal=paper:second.md")
    first, second = ((project.root / name).read_text() for name in ("first.md", "second.md"))
    assert "no loop at all" in first
    for words in ("fewer loops", "time <= 0.8x base", "time <= 0.5x base"):
        assert words in second
    assert "1. fewer loops (effect)\n2. no loop at all (effect)\n" in second


@pytest.mark.slow
def test_a_damaged_journal_is_left_alone_and_said(project):
    project.edit("mylib/core.py", "total = 0", "total = 0 + 0")
    project.pytest(COMPARE, QUICK, "--bolt-journal=paper")
    journal = project.root / "journal" / "JOURNAL.md"
    lines = [line for line in journal.read_text().splitlines() if "<!--" not in line or "/bolt" not in line]
    broken = "\n".join(lines).replace("<!-- /", "<!-- ")
    journal.write_text(broken)
    path = project.root / "report.json"
    result = project.pytest(COMPARE, QUICK, "--bolt-journal=paper", f"--bolt-json={path}")
    assert "INTERNALERROR" not in text_of(result)
    assert "Traceback" not in text_of(result)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert path.exists()


def test_a_folder_that_is_not_a_pages_is_refused_before_the_run(project):
    result = project.refuse(COMPARE, QUICK, "--bolt-html=tests")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "the folder of the page holds something else" in text_of(result)
    assert "test session starts" not in text_of(result)


def test_a_page_without_its_libraries_is_refused_before_the_run(project):
    project.write({"without.py": "import sys\nsys.modules['vl_convert'] = None\n"})
    result = project.bolt("-p", "without", "--bolt-html=page")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "pip install pytest-bolt[report]" in text_of(result)
    assert "test session starts" not in text_of(result)
    assert not (project.root / "page").exists()


@pytest.mark.slow
def test_what_a_stopped_run_did_not_write_is_said(project):
    project.edit("mylib/core.py", "total = 0", "total = 1")
    result = project.bolt("-x", "--bolt-json=report.json")
    assert not (project.root / "report.json").exists()
    assert f"the run was stopped, so this was not written: {project.root}/report.json" in bolt_section(result)


@pytest.mark.slow
def test_reports_of_an_interrupted_collection_are_not_written(project):
    project.library("def work(n) return n\n")
    result = project.bolt("--bolt-json=report.json")
    assert result.ret == pytest.ExitCode.INTERRUPTED
    assert not (project.root / "report.json").exists()


def test_a_change_of_comments_only_is_a_no_op_in_every_journal(project):
    project.edit("mylib/core.py", "total = 0", "total = 0  # the sum")
    (project.root / "loss.log").write_text("2.37\n")
    styles = ("logbook", "learning", "evidence:journal/each/")
    result = project.pytest(
        COMPARE, QUICK, *(f"--bolt-journal={style}" for style in styles), "--bolt-artifact=loss.log",
        "--bolt-artifact=none.svg", "--bolt-hypothesis=1. faster", "--bolt-hypothesis=2. (attribution) the comment",
        "--bolt-expect=1. time <= -5%",
    )  # fmt: skip
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(
        ["*= stated before the run =*", "hypothesis", "  no-op          effect: faster", "*"]
    )
    logbook = (project.root / "journal" / "LOGBOOK.md").read_text()
    assert "## Entry 1 - Uncommitted changes after: first" in logbook
    for line in ("1. **no-op** (effect): faster", "2. **no-op** (attribution): the comment"):
        assert line in logbook.splitlines()
    assert "- log: `loss.log`, 5 B, SHA-256 `" in logbook
    assert "the artifact none.svg could not be read: No such file or directory" in logbook
    assert "**no-op**" in (project.root / "journal" / "BOLT.md").read_text()
    assert len(list((project.root / "journal" / "each").iterdir())) == 1
    again = project.pytest(COMPARE, QUICK, "--bolt-journal=auto:journal/LOGBOOK.md")
    assert "## Entry 2 - Uncommitted" in (project.root / "journal" / "LOGBOOK.md").read_text(), text_of(again)


def test_journals_that_could_not_be_written_are_refused_before_the_run(project):
    for option, said in (
        ("--bolt-journal=auto:none.md", "there is no journal whose style could be told"),
        ("--bolt-journal=house", "there is no such journal style"),
        ("--bolt-journal-templates=none", "the folder of journal templates cannot be read"),
    ):
        result = project.refuse(COMPARE, QUICK, option)
        assert result.ret == pytest.ExitCode.USAGE_ERROR
        assert said in text_of(result)
    assert not (project.root / ".bolt").exists()
