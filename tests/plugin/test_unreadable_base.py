"""What the base's own suite cannot collect is not known to be new."""

from __future__ import annotations

from plugin_projects import COMPARE, QUICK, bolt_section

NEEDS_GONE = """
    from mylib.core import work
    from mylib.gone import helper

    def test_work(benchmark):
        benchmark(work, 50)
"""
PLAIN = """
    from mylib.core import work

    def test_work(benchmark):
        benchmark(work, 50)
"""


def test_a_benchmark_whose_file_the_base_cannot_import_is_incomparable_not_new(project):
    """As where a dependency that only the base needs is no longer installed."""
    project.library("import a_dependency_of_old\n\ndef work(n):\n    return n\n")
    project.suite(NEEDS_GONE)
    project.library("def work(n):\n    return n\n")
    project.write({"tests/test_speed.py": PLAIN})
    report = project.report(COMPARE, QUICK)
    assert report.verdicts == {"test_work": "incomparable"}
    assert "a_dependency_of_old" in report.comparisons["test_work"]["reason"]
    assert "not collected of the base's own suite: tests/test_speed.py" in bolt_section(report.result)


def test_a_file_that_the_base_does_not_have_is_new_beside_one_that_it_cannot_import(project):
    project.suite(NEEDS_GONE)
    project.write({"tests/test_speed.py": PLAIN, "mylib/added.py": "def more(n):\n    return n\n"})
    project.write({"tests/test_added.py": PLAIN.replace("core import work", "added import more as work")})
    report = project.report(COMPARE, QUICK, "tests/test_added.py", "tests/test_speed.py")
    found = {c["case"]["case_id"]["node_id"]: c["verdict"] for c in report.data["comparisons"]}
    assert found["tests/test_added.py::test_work"] == "new"
    assert found["tests/test_speed.py::test_work"] != "new"
