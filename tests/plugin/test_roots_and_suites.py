"""Where pytest's root directory, its configuration and the suite lie is the user's choice."""

from __future__ import annotations

from pathlib import Path

import pytest
from plugin_projects import COMPARE, QUICK, text_of

SUITE = """
    import os
    from {module} import work

    def test_{name}(benchmark):
        side, file = benchmark(work)
        with open(os.environ["TRACE"], "a") as trace:
            trace.write(f"{{side}} {{file}}\\n")
"""
CORE = "def work():\n    return {side!r}, __file__\n"


@pytest.fixture
def trace(monkeypatch, tmp_path):
    monkeypatch.setenv("TRACE", str(tmp_path / "trace"))
    return tmp_path / "trace"


def sides(trace: Path) -> dict[str, str]:
    """Return which side was loaded from which file, of all runs so far, and forget them."""
    told = dict(line.split() for line in trace.read_text().splitlines())
    trace.unlink()
    return told


def suite(name: str, module: str = "mylib.core") -> str:
    return SUITE.format(name=name, module=module)


@pytest.mark.slow
def test_a_configuration_elsewhere_and_a_checkout_through_a_link(empty_project, trace, monkeypatch, tmp_path):
    """The root directory is beside the suite, then outside of the repository."""
    project = empty_project
    files = {
        "mylib/core.py": CORE.format(side="old"),
        "ci/pytest.ini": "[pytest]\npythonpath = ..\n",
        "benchmarks/test_moved.py": suite("moved"),
        "benchmarks/test_edited.py": suite("edited"),
        "benchmarks/test_removed.py": suite("removed"),
    }
    project.commit("old", files)
    project.write({"mylib/core.py": CORE.format(side="new"), "benchmarks/test_added.py": suite("added")})
    project.edit("benchmarks/test_edited.py", "side, file", "(side, file)")
    (project.root / "benchmarks" / "test_removed.py").unlink()
    (project.root / "benchmarks" / "test_moved.py").rename(project.root / "benchmarks" / "test_at_home.py")
    (tmp_path / "link").symlink_to(project.root)
    monkeypatch.chdir(tmp_path / "link")
    report = project.report(COMPARE, QUICK, "-c", "ci/pytest.ini", "benchmarks")
    found = {
        (c["case"]["case_id"]["node_id"].split("/")[-1], c["verdict"]) for c in report.data["comparisons"]
    }
    assert found == {
        ("test_at_home.py::test_moved", "inconclusive"),
        ("test_edited.py::test_edited", "inconclusive"),
        ("test_added.py::test_added", "inconclusive"),
        ("test_moved.py::test_moved", "missing"),
        ("test_removed.py::test_removed", "missing"),
    }
    told = sides(trace)
    assert set(told) == {"old", "new"}
    assert told["old"].startswith(str(tmp_path / "cache"))
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared" / "pytest.ini").write_text("[pytest]\n")
    options = ("-c", str(tmp_path / "shared" / "pytest.ini"), "benchmarks/test_edited.py")
    report = project.report(COMPARE, QUICK, *options)
    assert report.verdicts == {"test_edited": "inconclusive"}
    assert set(sides(trace)) == {"old", "new"}


@pytest.mark.slow
def test_a_library_with_the_name_of_a_suite(empty_project, trace):
    """Were `benchmarks` taken for the suite, the base would get the head's library."""
    project = empty_project
    files = {
        "pytest.ini": "[pytest]\n",
        "setup.py": "",
        "docs/conf.py": "",
        "benchmarks/__init__.py": "",
        "benchmarks/core.py": CORE.format(side="old"),
        "benchmarks/tests/__init__.py": "",
        "benchmarks/tests/test_core.py": suite("core", "benchmarks.core"),
    }
    project.commit("old", files)
    project.write({"benchmarks/core.py": CORE.format(side="new")})
    assert project.report(COMPARE, QUICK).verdicts == {"test_core": "inconclusive"}
    assert set(sides(trace)) == {"old", "new"}


def test_where_only_the_suite_differs_it_is_noise_that_is_measured(project):
    project.edit("tests/test_speed.py", "2000) == 2664667000", "10) == 285")
    report = project.report(COMPARE, QUICK)
    assert [c["noise_only"] for c in report.data["comparisons"]] == [True]
    project.edit("mylib/core.py", "total = 0", "total = 0 + 0")
    report = project.report(COMPARE, QUICK)
    assert [c["noise_only"] for c in report.data["comparisons"]] == [False], text_of(report.result)
