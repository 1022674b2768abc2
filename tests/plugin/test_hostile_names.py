"""Whatever a test is called, its verdict reaches the table, the files and the store."""

from __future__ import annotations

import html
import json
from xml.etree import ElementTree as ET

import pytest
from plugin_projects import COMPARE, QUICK

SUITE = r"""
    import pytest
    from mylib.core import work

    IDS = [
        "a|b", "two words", "naïve-π-文字", "new\nline", "tab\tand\rreturn", "x" * 300, "<b>&amp;\"'`*_#", "a::b",
        "[brackets]", "$(touch pwned)", "../../up", "%s%d{0}", "", "-k", "a\x00b", "\ud800", "\x1b[31mred",
    ]

    @pytest.mark.parametrize("n", range(len(IDS)), ids=IDS)
    def test_named(benchmark, n):
        assert benchmark(work, 10) == 285 or n == 0

    class Test_Größe:
        def test_méthode(self, benchmark):
            benchmark(work, 10)
"""
COUNT = 18


def test_hostile_ids_survive_everywhere(project):
    project.write(
        {
            "pytest.ini": "[pytest]\ndisable_test_id_escaping_and_forfeit_all_rights_to_community_support = true\n"
        }
    )
    project.suite(SUITE.replace(r'"a\x00b", "\ud800", ', ""))
    survive(project, COUNT - 2)


@pytest.mark.slow
def test_escaped_ids_survive_everywhere(project):
    project.suite(SUITE)
    survive(project, COUNT)


def survive(project, count):
    files = [
        f"--junitxml={project.root.parent / 'junit.xml'}",
        f"--bolt-markdown={project.root.parent / 'report.md'}",
    ]
    report = project.report(COMPARE, QUICK, "--bolt-journal=paper", *files)
    report.result.assert_outcomes(passed=count)
    assert len(report.comparisons) == count
    assert set(report.verdicts.values()) == {"inconclusive"}
    markdown = html.unescape((project.root.parent / "report.md").read_text())
    assert markdown.count("tests/test_speed.py::") == count
    suite = ET.parse(project.root.parent / "junit.xml").getroot().find("testsuite")
    assert suite.get("tests") == str(count)
    run = report.data["run"]["run_id"]
    shown = json.loads(project.command("show", run, "--json").stdout)
    names = {c["case"]["case_id"]["node_id"] for c in shown["comparisons"]}
    assert names == {c["case"]["case_id"]["node_id"] for c in report.data["comparisons"]}
    assert not (project.root / "pwned").exists()
    # Every id is told whole, off a terminal.
    assert "x" * 300 in report.result.stdout.str()


@pytest.mark.slow
def test_folders_and_files_with_odd_names(project):
    project.commit(
        "odd",
        {
            "tests/sub dir/naïve/test_ö x.py": "from mylib.core import work\n\ndef test_work(benchmark):\n    benchmark(work, 10)\n"
        },
    )
    report = project.report(COMPARE, QUICK, "tests/sub dir")
    assert report.verdicts == {"test_work": "inconclusive"}


@pytest.mark.slow
def test_a_file_of_the_name_of_an_option_value(project):
    """`tests` stands for a value of -k and for a folder: only the folder is replaced."""
    report = project.report(COMPARE, QUICK, "-k", "tests", "tests")
    assert report.verdicts == {"test_work": "inconclusive"}
