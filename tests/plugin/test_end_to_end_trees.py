"""Each side measures its own tree, whatever the layout."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from plugin_projects import COMPARE, QUICK, text_of

WHERE = """
    import os

    def work(n):
        return n

    def where():
        return {version!r}, __file__
"""
SUITE = """
    import os
    import pathlib

    from {module} import where

    def test_where(benchmark):
        version, file = benchmark(where)
        with pathlib.Path(os.environ["TRACE"]).open("a") as trace:
            trace.write(f"{{version}} {{file}} {{pathlib.Path.cwd()}}\\n")
"""


@pytest.fixture
def traced(empty_project, monkeypatch, tmp_path):
    """Make a project of two versions, run it, and return which version was loaded from where."""
    trace = tmp_path / "trace"
    monkeypatch.setenv("TRACE", str(trace))

    def run(files, library, module, *options, start=""):
        files = {"pytest.ini": "[pytest]\n", **files, library: WHERE.format(version="old")}
        empty_project.commit("old", {**files, f"{start}tests/test_where.py": SUITE.format(module=module)})
        empty_project.write({library: WHERE.format(version="new")})
        report = empty_project.report(COMPARE, QUICK, *options)
        assert report.verdicts == {"test_where": "inconclusive"}, text_of(report.result)
        loaded = {}
        for line in trace.read_text().splitlines():
            version, file, cwd = line.split()
            loaded[version] = (Path(file), Path(cwd))
        head, base = loaded["new"], loaded["old"]
        assert head[0].resolve() == empty_project.root / library
        assert base[0] != head[0]
        assert base[0].is_relative_to(tmp_path / "cache")
        assert str(base[0]).endswith(f"/{empty_project.root.name}/{library}")
        assert base[1].name == head[1].name == Path.cwd().name
        return loaded

    return run


SLOW = pytest.mark.slow
IN_SRC = "[pytest]\npythonpath = src\n"
LIB_ON_PATH = "import sys, pathlib\nsys.path.insert(0, str(pathlib.Path(__file__).parents[1] / 'lib'))\n"
LAYOUTS = [
    pytest.param({"mylib/__init__.py": ""}, "mylib/core.py", "mylib.core", id="flat"),
    pytest.param(
        {"pytest.ini": IN_SRC, "src/mylib/__init__.py": ""}, "src/mylib/core.py", "mylib.core", id="src"
    ),
    pytest.param({}, "single.py", "single", id="module", marks=SLOW),
    pytest.param(
        {"conftest.py": "", "tests/conftest.py": ""},
        "mylib/core.py",
        "mylib.core",
        id="conftest-chain",
        marks=SLOW,
    ),
    pytest.param(
        {"tests/conftest.py": LIB_ON_PATH},
        "lib/mylib/core.py",
        "mylib.core",
        id="path-in-conftest",
        marks=SLOW,
    ),
    pytest.param(
        {"pytest.ini": IN_SRC},
        "src/namespace/part/core.py",
        "namespace.part.core",
        id="namespace",
        marks=SLOW,
    ),
]


@pytest.mark.parametrize(("files", "library", "module"), LAYOUTS)
def test_each_side_loads_its_own_code(traced, files, library, module):
    traced(files, library, module)


@pytest.mark.slow
def test_the_pytest_command_does_not_put_the_folder_on_the_path(empty_project, monkeypatch, tmp_path):
    """`pytest` alone, not `python -m pytest`: a conftest at the root is what makes a flat layout importable."""
    trace = tmp_path / "trace"
    monkeypatch.setenv("TRACE", str(trace))
    files = {
        "pytest.ini": "[pytest]\n",
        "conftest.py": "",
        "mylib/__init__.py": "",
        "mylib/core.py": WHERE.format(version="old"),
    }
    empty_project.commit("old", {**files, "tests/test_where.py": SUITE.format(module="mylib.core")})
    empty_project.write({"mylib/core.py": WHERE.format(version="new")})
    program = Path(sys.executable).with_name("pytest")
    # Not through pytester, which puts the folder on PYTHONPATH.
    done = subprocess.run([program, COMPARE, QUICK], capture_output=True, text=True, check=False)
    assert "1 passed" in done.stdout, done.stdout + done.stderr
    assert {line.split()[0] for line in trace.read_text().splitlines()} == {"old", "new"}


@pytest.mark.slow
def test_a_relative_python_path(traced, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", "src")
    traced({"src/mylib/__init__.py": ""}, "src/mylib/core.py", "mylib.core")


@pytest.mark.slow
def test_tests_that_are_named_through_a_link(traced, empty_project):
    link = empty_project.root.parent / "link"
    link.symlink_to(empty_project.root)
    traced({"conftest.py": ""}, "mylib/core.py", "mylib.core", f"{link}/tests")


@pytest.mark.slow
def test_without_a_configuration_file_and_with_the_tests_beside_the_code(traced):
    traced({"pytest.ini": "", "conftest.py": ""}, "mylib/core.py", "mylib.core", start="mylib/")


@pytest.mark.slow
def test_import_mode_importlib(traced):
    traced(
        {"pytest.ini": "[pytest]\naddopts = --import-mode=importlib\npythonpath = .\n"},
        "mylib/core.py",
        "mylib.core",
    )


@pytest.mark.slow
def test_a_suite_outside_of_the_root_directory_keeps_its_ids(project, tmp_path):
    """As the shipped suites are: pytest names such tests by the folder that was asked for."""
    suite = tmp_path / "elsewhere" / "test_outside.py"
    suite.parent.mkdir()
    suite.write_text("from mylib.core import work\n\ndef test_outside(benchmark):\n    benchmark(work, 10)\n")
    result = project.bolt(f"--rootdir={project.root}", "-c", "pytest.ini", "-v", str(suite.parent))
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["*test_outside.py::test_outside PASSED*"])


@pytest.mark.slow
def test_files_of_another_name(empty_project):
    files = {
        "pytest.ini": "[pytest]\npython_files = bench_*.py\npython_functions = bench_*\ntestpaths = speed\n"
    }
    bench = "from code_of import work\n\ndef bench_work(benchmark):\n    benchmark(work)\n"
    empty_project.commit("old", {**files, "code_of.py": "def work(): pass\n", "speed/bench_work.py": bench})
    empty_project.edit("code_of.py", "pass", "return 0")
    report = empty_project.report(COMPARE, QUICK)
    assert report.verdicts == {"bench_work": "inconclusive"}


@pytest.mark.slow
def test_run_from_a_folder_below(traced, empty_project, monkeypatch):
    (empty_project.root / "tests").mkdir()
    monkeypatch.chdir(empty_project.root / "tests")
    traced({"conftest.py": ""}, "mylib/core.py", "mylib.core", "test_where.py")


@pytest.mark.slow
def test_a_project_below_the_top_of_the_repository(traced, empty_project, monkeypatch):
    (empty_project.root / "part").mkdir()
    monkeypatch.chdir(empty_project.root / "part")
    traced(
        {"part/pytest.ini": "[pytest]\n", "part/conftest.py": ""},
        "part/mylib/core.py",
        "mylib.core",
        start="part/",
    )


@pytest.mark.slow
def test_helpers_beside_the_tests_are_the_heads_on_both_sides(project):
    project.write({"tests/helper.py": "SIZE = 10\n"})
    project.suite(
        """
        from helper import SIZE
        from mylib.core import work

        def test_work(benchmark):
            assert benchmark(work, SIZE) == 285
        """
    )
    project.write({"tests/helper.py": "SIZE = 5 + 5\n", "tests/second.py": "", "tests/data/one.txt": "1"})
    project.edit("tests/test_speed.py", "from helper", "import pathlib\nimport second\nfrom helper")
    project.edit(
        "tests/test_speed.py",
        "assert",
        "assert pathlib.Path(__file__).with_name('data').joinpath('one.txt').exists()\n    assert",
    )
    report = project.report(COMPARE, QUICK)
    assert report.verdicts == {"test_work": "inconclusive"}, text_of(report.result)


@pytest.mark.slow
def test_a_base_that_was_left_dirty_by_its_own_benchmark_is_pristine_again(project):
    project.suite(
        """
        import pathlib
        import mylib
        from mylib.core import work

        def test_work(benchmark):
            benchmark(work, 10)
            left = pathlib.Path(mylib.__file__).with_name("left_behind.py")
            assert not left.exists() or "project" in str(left.parents[1]) and "cache" not in str(left)
            left.write_text("x")
        """
    )
    for _ in range(2):
        report = project.report(COMPARE, QUICK)
        assert report.verdicts == {"test_work": "inconclusive"}
        (project.root / "mylib" / "left_behind.py").unlink()


def test_a_copy_installed_elsewhere_is_refused_by_name(project, monkeypatch, tmp_path):
    """Installed and not editable, both sides would measure the copy."""
    site = tmp_path / "site"
    shutil.copytree(project.root / "mylib", site / "mylib")
    (project.root / "src").mkdir()
    project.git("mv", "mylib", "src/mylib")
    project.commit("src layout")
    monkeypatch.setenv("PYTHONPATH", str(site))
    result = project.bolt()
    assert result.ret == pytest.ExitCode.USAGE_ERROR, text_of(result)
    said = text_of(result)
    assert said.count("ERROR:") == 1
    assert "loaded 'mylib' from an installed copy: both sides would measure the same code" in said
    assert f"loaded from  {site}/mylib/__init__.py" in said
    assert "pip install -e ." in said
    assert "INTERNALERROR" not in said


@pytest.mark.slow
def test_a_dirty_tree_is_stored_as_dirty_and_is_no_baseline(project):
    dirty = project.root / "mylib" / "extra.py"
    dirty.write_text("")
    for _ in range(2):
        report = project.report("--bolt")
        assert report.data["run"]["head"]["diff_hash"]
    refused = project.pytest(COMPARE, "--bolt-mode=stored")
    assert refused.ret == pytest.ExitCode.USAGE_ERROR
    assert "there is no stored baseline of these benchmarks for this machine" in text_of(refused)
    dirty.unlink()
    clean = project.report("--bolt")
    assert clean.data["run"]["head"]["diff_hash"] == ""
    accepted = project.report(COMPARE, "--bolt-mode=stored")
    assert accepted.data["run"]["mode"] == "stored"


@pytest.mark.slow
def test_files_that_the_run_writes_do_not_make_the_tree_dirty(project):
    for _ in range(2):
        report = project.pytest(
            COMPARE, QUICK, "--bolt-json=report.json", "--bolt-markdown=out/report.md", "--bolt-journal=paper"
        )
        assert (project.root / "report.json").exists(), text_of(report)
    assert '"diff_hash": ""' in (project.root / "report.json").read_text()


@pytest.mark.slow
def test_a_linked_worktree_keeps_its_results_in_the_main_one(project, monkeypatch):
    linked = project.root.parent / "linked"
    project.git("worktree", "add", "--quiet", "-b", "feature", str(linked))
    monkeypatch.chdir(linked)
    result = project.bolt()
    result.assert_outcomes(passed=1)
    assert (project.root / ".bolt" / "store.sqlite").exists()
    assert not (linked / ".bolt").exists()


@pytest.mark.slow
def test_a_selection_made_by_addopts_does_not_hide_what_was_chosen(project):
    """`-m` on the command line replaces that of addopts; so it must for the workers."""
    project.write(
        {"pytest.ini": "[pytest]\nmarkers = long: takes long\naddopts = -m 'not long' --strict-config\n"}
    )
    project.suite(
        """
        import pytest
        from mylib.core import work

        @pytest.mark.long
        def test_long(benchmark):
            benchmark(work, 10)

        def test_short(benchmark):
            benchmark(work, 10)
        """
    )
    project.edit("tests/test_speed.py", "10", "11")
    assert project.report(COMPARE, QUICK, "-m", "long").verdicts == {"test_long": "inconclusive"}
    assert project.report(COMPARE, QUICK).verdicts == {"test_short": "inconclusive"}


@pytest.mark.slow
def test_the_tree_of_a_git_hook_is_its_own(project, monkeypatch):
    """git sets GIT_DIR and GIT_INDEX_FILE for its hooks; a run in one must not obey them."""
    monkeypatch.setenv("GIT_DIR", str(project.root / "nowhere"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(project.root / "no_index"))
    project.bolt().assert_outcomes(passed=1)
