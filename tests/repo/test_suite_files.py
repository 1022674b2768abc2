"""What of a tree is its suite, and what is library."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from suite_trees import make, names, select

from pytest_bolt.repo.overlay import Suite, suite_files, suite_root


def test_a_suite_folder_with_helpers_conftests_and_configuration(head):
    make(
        head,
        "tests/perf/test_x.py",
        "tests/helpers.py",
        "tests/data/x.json",
        "conftest.py",
        "tests/conftest.py",
    )

    suite = select(head, "tests/perf/test_x.py", config="pyproject.toml")

    assert names(suite.folders) == {"tests"}
    assert names(suite.files) == {
        *("tests/perf/test_x.py", "tests/helpers.py", "tests/data/x.json"),
        *("conftest.py", "tests/conftest.py", "pyproject.toml"),
    }


def test_caches_environments_and_version_control_are_left_out(head):
    make(
        head,
        *(
            "tests/test_x.py",
            "tests/__pycache__/test_x.cpython-311.pyc",
            "tests/.venv/lib/x.py",
            "tests/x.pyc",
        ),
        *("tests/own/pyvenv.cfg", "tests/own/lib/y.py", "tests/node_modules/z.js", "tests/.git/config"),
    )

    assert names(select(head, "tests/test_x.py").files) == {"tests/test_x.py"}


def test_a_benchmark_beside_the_code_is_lent_alone(head):
    make(head, "pkg/test_core.py", "pkg/conftest.py", "test_top.py")

    suite = select(head, "pkg/test_core.py", "test_top.py")

    assert suite.folders == ()
    assert names(suite.files) == {"pkg/test_core.py", "pkg/conftest.py", "test_top.py"}


@pytest.mark.parametrize(
    ("collected", "folder"),
    [
        ("tests/test_x.py", "tests"),
        ("test/unit/test_x.py", "test"),
        ("benchmarks/test_x.py", "benchmarks"),
        ("benches/test_x.py", "benches"),
        ("perf/test_x.py", "perf"),
        ("performance/test_x.py", "performance"),
        ("suites/softmax/test_x.py", "suites"),
        ("testing/test_x.py", "testing"),
        ("Tests/test_x.py", "Tests"),
        ("gpu_tests/test_x.py", "gpu_tests"),
        ("py-bench/test_x.py", "py-bench"),
        ("tests_gpu/test_x.py", "tests_gpu"),
        ("pkg/tests/test_x.py", "pkg/tests"),
        ("pkg/benchmarks/test_x.py", "pkg/benchmarks"),
        ("src/pkg/tests/a/test_x.py", "src/pkg/tests"),
        ("packages/a/tests/test_x.py", "packages/a/tests"),
        ("tests/benchmarks/test_x.py", "tests"),
    ],
)
def test_conventional_suite_folders(head, collected, folder):
    make(head, collected)

    assert names(select(head, collected).folders) == {folder}


@pytest.mark.parametrize(
    "collected", ["checks/test_x.py", "latest/test_x.py", "contest/test_x.py", "pkg/test_x.py"]
)
def test_other_folders_are_no_suite(head, collected):
    make(head, collected)

    assert select(head, collected).folders == ()


def test_a_package_that_is_a_suite_folder_by_name(head):
    make(head, "tests/__init__.py", "tests/benchmarks/__init__.py", "tests/benchmarks/test_x.py")

    assert names(select(head, "tests/benchmarks/test_x.py").folders) == {"tests"}


def test_testpaths_name_a_suite_folder(head):
    make(head, "checks/speed/test_x.py", "checks/helpers.py")

    suite = select(head, "checks/speed/test_x.py", testpaths=["checks", "."])

    assert names(suite.folders) == {"checks"}


@pytest.mark.parametrize(
    ("listed", "collected", "others"),
    [
        ("pkg", "pkg/speed/test_x.py", []),
        ("src", "src/test_x.py", []),
        ("lib", "lib/speed/test_x.py", []),
        ("code", "code/other/test_x.py", ["code/other/__init__.py"]),
        ("packages/a", "packages/a/test_x.py", ["packages/a/pyproject.toml"]),
    ],
)
def test_testpaths_that_name_the_library_lend_only_the_benchmark(head, listed, collected, others):
    make(head, collected, *others)

    suite = select(head, collected, testpaths=[listed])

    assert suite.folders == ()
    assert names(suite.files) == {collected}


def test_testpaths_that_name_a_library_with_a_suite_inside(head):
    make(head, "pkg/tests/test_x.py")

    assert names(select(head, "pkg/tests/test_x.py", testpaths=["pkg"]).folders) == {"pkg/tests"}


def test_the_projects_own_name_is_never_a_suite(head):
    make(head, "benchmarks/__init__.py", "benchmarks/core.py", "benchmarks/tests/test_x.py")
    (head / "pyproject.toml").write_text('[project]\nname = "Benchmarks"\n')

    assert names(select(head, "benchmarks/tests/test_x.py").folders) == {"benchmarks/tests"}


def test_the_projects_name_in_setup_cfg_and_poetry(head):
    make(head, "perf_tests/__init__.py", "perf_tests/test_x.py")
    (head / "pyproject.toml").write_text("[tool.ruff]\n")
    (head / "setup.cfg").write_text("[metadata]\nname = perf-tests\n")
    assert select(head, "perf_tests/test_x.py").folders == ()

    (head / "setup.cfg").unlink()
    (head / "pyproject.toml").write_text('[tool.poetry]\nname = "perf.tests"\n')
    assert select(head, "perf_tests/test_x.py").folders == ()


@pytest.mark.parametrize("broken", ["[project", "project = 3\n", "\xff"])
def test_a_broken_pyproject_names_no_project(head, broken):
    (head / "pyproject.toml").write_bytes(broken.encode("latin-1"))
    (head / "setup.cfg").write_bytes(broken.encode("latin-1"))
    make(head, "tests/test_x.py")

    assert names(select(head, "tests/test_x.py").folders) == {"tests"}


def test_a_library_with_a_doubtful_name_is_found_out_by_the_suite_in_it(head):
    make(head, "bench/__init__.py", "bench/core.py", "bench/tests/test_x.py")

    assert names(select(head, "bench/tests/test_x.py").folders) == {"bench/tests"}


def test_a_library_with_a_doubtful_name_that_is_all_there_is(tmp_path):
    root = make(tmp_path / "r", "perf/__init__.py", "perf/core.py", "perf/test_core.py", "setup.py")

    assert select(root, "perf/test_core.py").folders == ()


@pytest.mark.parametrize(
    ("others", "folder"),
    [
        ((), "benchmarks/tests"),
        (
            ("docs/conf.py", "setup.py", "env/pyvenv.cfg", "env/lib/os.py", "tests/conftest.py"),
            "benchmarks/tests",
        ),
        (("pkg/core.py",), "benchmarks"),
        (("single.py",), "benchmarks"),
    ],
)
def test_a_package_with_the_name_of_a_suite_is_the_library_where_it_is_all_there_is(tmp_path, others, folder):
    root = make(tmp_path / "r", "benchmarks/__init__.py", "benchmarks/tests/test_x.py", *others)

    assert names(select(root, "benchmarks/tests/test_x.py").folders) == {folder}


def test_a_package_of_tests_is_never_the_library(tmp_path):
    root = make(tmp_path / "r", "tests/__init__.py", "tests/benchmarks/test_x.py", "tests/helpers.py")

    assert names(select(root, "tests/benchmarks/test_x.py").folders) == {"tests"}


@pytest.mark.parametrize(
    ("rootdir", "files", "root"),
    [
        (".", ("tests/test_x.py",), "."),
        ("part", ("part/tests/test_x.py",), "part"),
        ("part", ("part/tests/test_x.py", "../elsewhere/test_y.py"), "part"),
        ("ci", ("tests/test_x.py",), "."),
        ("part", ("part/tests/test_x.py", "tests/test_y.py"), "."),
        ("..", ("tests/test_x.py",), "."),
        ("../link/part", ("part/tests/test_x.py",), "../link/part"),
    ],
)
def test_the_root_of_a_suite(tmp_path, rootdir, files, root):
    top = make(tmp_path / "top", *files)
    (top / "ci").mkdir()
    (tmp_path / "link").symlink_to(top)
    paths = [(top / file).resolve() for file in files]

    assert suite_root(top, normal(top / rootdir), paths) == normal(top / root)


def normal(path: Path) -> Path:
    return Path(os.path.normpath(path))


def test_the_testing_helpers_of_a_library_are_library(head):
    make(head, "pkg/testing/__init__.py", "pkg/testing/tests/test_x.py")

    assert names(select(head, "pkg/testing/tests/test_x.py").folders) == {"pkg/testing/tests"}


def test_a_suite_package_with_a_doubtful_name_beside_a_library(head):
    make(head, "perf/__init__.py", "perf/test_x.py", "perf/helpers.py")

    assert names(select(head, "perf/test_x.py").folders) == {"perf"}


def test_files_outside_of_the_root_are_not_lent(head, tmp_path):
    make(tmp_path, "elsewhere/test_x.py", "pytest.ini")

    suite = suite_files(
        head, [tmp_path / "elsewhere" / "test_x.py"], config_file=tmp_path / "pytest.ini", testpaths=[]
    )

    assert suite == Suite(files=(), folders=())


def test_a_root_given_through_a_link(head, tmp_path):
    make(head, "tests/test_x.py")
    (tmp_path / "link").symlink_to(head)

    suite = suite_files(tmp_path / "link", [head / "tests" / "test_x.py"], config_file=None, testpaths=[])

    assert names(suite.files) == {"tests/test_x.py"}
