"""Benchmarks that one side cannot run or does not have."""

from __future__ import annotations

import json

import pytest
from plugin_projects import COMPARE, QUICK, bolt_section


def test_what_the_base_cannot_run_is_incomparable(project):
    """The benchmark is the same on both sides; what it calls is new."""
    project.suite(
        """
        from mylib import core

        def test_old(benchmark):
            benchmark(str, 1)

        def test_changed(benchmark):
            benchmark(getattr(core, "cube", core.work), 3)
            assert core.LEVEL == 2
        """
    )
    project.edit("mylib/core.py", "def work", "LEVEL = 2\n\ndef cube(n):\n    return n ** 3\n\ndef work")
    report = project.report(COMPARE, QUICK)
    assert report.verdicts == {"test_old": "inconclusive", "test_changed": "incomparable"}
    reason = report.comparisons["test_changed"]["reason"]
    assert "AttributeError: module 'mylib.core' has no attribute 'LEVEL'" in reason
    report.result.assert_outcomes(passed=2)
    assert f"    {reason}" in bolt_section(report.result)


def test_a_file_that_the_base_cannot_import_is_incomparable(project):
    """The benchmark existed; its file now imports what the base does not have."""
    project.edit("tests/test_speed.py", "import work", "import work, cube")
    project.edit("mylib/core.py", "def work", "def cube(n):\n    return n ** 3\n\ndef work")
    report = project.report(COMPARE, QUICK)
    assert report.verdicts == {"test_work": "incomparable"}
    assert "cannot import name 'cube' from 'mylib.core'" in report.comparisons["test_work"]["reason"]
    assert report.result.ret == pytest.ExitCode.TESTS_FAILED  # nothing was judged
    assert bolt_section(report.result)[-2:] == ["0 of 1 judged, 1 incomparable", "nothing could be judged"]


@pytest.mark.slow
def test_a_base_that_cannot_be_imported_is_incomparable(project):
    right = (project.root / "mylib" / "core.py").read_text()
    project.library("def work(n) return n\n")
    project.commit("broken")
    project.write({"mylib/core.py": right})
    report = project.report(COMPARE, QUICK)
    assert report.verdicts == {"test_work": "incomparable"}
    assert report.comparisons["test_work"]["reason"] == "SyntaxError: expected ':'"


@pytest.mark.slow
def test_a_conftest_that_the_base_cannot_import_shows_the_bases_own_error(project):
    """Then the base's pytest does not even start."""
    project.write({"tests/conftest.py": "from mylib.core import cube\n"})
    project.edit("mylib/core.py", "def work", "def cube(n):\n    return n ** 3\n\ndef work")
    report = project.report(COMPARE, QUICK)
    assert report.verdicts == {"test_work": "incomparable"}
    assert "cannot import name 'cube' from 'mylib.core'" in report.comparisons["test_work"]["reason"]


def test_new_missing_and_renamed(project):
    """A renamed benchmark is NEW under its new name and MISSING under the old one, never silently gone."""
    project.suite(
        """
        from mylib.core import work

        def test_kept(benchmark):
            benchmark(work, 10)

        def test_old_name(benchmark):
            benchmark(work, 20)

        def test_removed(benchmark):
            benchmark(work, 30)
        """
    )
    project.write(
        {
            "tests/test_speed.py": """
        from mylib import core

        def test_kept(benchmark):
            benchmark(core.work, 10)

        def test_new_name(benchmark):
            benchmark(core.work, 20)

        def test_added(benchmark):
            benchmark(core.cube, 30)
        """
        }
    )
    project.edit("mylib/core.py", "def work", "def cube(n):\n    return n ** 3\n\ndef work")
    report = project.report(COMPARE, QUICK)
    assert report.verdicts == {
        "test_kept": "inconclusive",
        "test_new_name": "inconclusive",
        "test_added": "new",
        "test_old_name": "missing",
        "test_removed": "missing",
    }
    assert "has no attribute 'cube'" in report.comparisons["test_added"]["reason"]
    report.result.assert_outcomes(passed=3)
    failing = project.pytest(COMPARE, QUICK, "--bolt-fail-on=missing")
    failing.assert_outcomes(passed=3, failed=2)
    failing.stdout.fnmatch_lines(["FAILED tests/test_speed.py::test_old_name - MISSING*"])


@pytest.mark.slow
def test_a_new_benchmark_chosen_by_its_own_name_is_new(project):
    """The base's suite knows no such test, which must not keep it from being asked."""
    with (project.root / "tests" / "test_speed.py").open("a") as file:
        file.write("\nfrom mylib import core\n\ndef test_cube(benchmark):\n    benchmark(core.cube, 3)\n")
    project.edit("mylib/core.py", "def work", "def cube(n):\n    return n ** 3\n\ndef work")
    report = project.report(COMPARE, QUICK, "tests/test_speed.py::test_cube")
    assert report.verdicts == {"test_cube": "new"}


@pytest.mark.parametrize(
    "selection", [("-k", "kept"), ("--deselect=tests/test_speed.py::test_other",), ("--lf",)]
)
@pytest.mark.slow
def test_what_was_not_chosen_is_not_missing(project, selection):
    project.suite(
        """
        from mylib.core import work

        def test_kept(benchmark):
            benchmark(work, 10)

        def test_other(benchmark):
            benchmark(work, 20)
        """
    )
    with (project.root / "tests" / "test_speed.py").open("a") as file:
        file.write("\nassert test_kept\n")
    cache = project.root / ".pytest_cache" / "v" / "cache"
    cache.mkdir(parents=True)
    (cache / "lastfailed").write_text('{"tests/test_speed.py::test_kept": true}')
    path = project.root.parent / "report.json"
    project.pytester.runpytest_subprocess(COMPARE, QUICK, f"--bolt-json={path}", *selection)  # with the cache
    found = [c["case"]["case_id"]["node_id"] for c in json.loads(path.read_text())["comparisons"]]
    assert found == ["tests/test_speed.py::test_kept"]


def test_a_skipped_benchmark_is_skipped(project):
    project.suite(
        """
        import pytest
        from mylib.core import work

        @pytest.mark.skip(reason="not today")
        def test_skipped(benchmark):
            benchmark(work, 10)

        def test_work(benchmark):
            benchmark(work, 10)
        """
    )
    report = project.report(COMPARE, QUICK)
    report.result.assert_outcomes(passed=1, skipped=1)
    assert report.verdicts == {"test_work": "inconclusive"}
