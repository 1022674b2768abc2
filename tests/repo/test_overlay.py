from __future__ import annotations

import os
from pathlib import Path

import pytest

from pytest_bolt.repo import overlay
from pytest_bolt.repo.overlay import Suite, apply, differs, suite_files, suite_root


def make(root: Path, *names: str, text: str = "") -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def names(paths) -> set[str]:
    return {path.as_posix() for path in paths}


@pytest.fixture
def head(tmp_path: Path) -> Path:
    return make(tmp_path / "head", "pkg/__init__.py", "pkg/core.py", "pyproject.toml", "README.md")


@pytest.fixture
def base(tmp_path: Path) -> Path:
    return make(
        tmp_path / "base", "pkg/__init__.py", "pkg/core.py", "pyproject.toml", "README.md", text="base"
    )


def select(head: Path, *collected: str, config: str | None = None, testpaths=()) -> Suite:
    return suite_files(
        head,
        [head / name for name in collected],
        config_file=head / config if config else None,
        testpaths=testpaths,
    )


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


def test_apply_makes_the_suite_the_heads_and_leaves_the_library(head, base):
    make(head, "tests/test_x.py", "tests/new.py", text="head")
    make(base, "tests/test_x.py", "tests/test_gone.py", "tests/old/gone.py", text="base")

    suite = select(head, "tests/test_x.py")
    assert differs(base, head, suite)
    done = apply(base, head, suite)

    assert (base / "tests" / "test_x.py").read_text() == "head"
    assert (base / "pkg" / "core.py").read_text() == "base"
    assert names(done.added) == {"tests/new.py"}
    assert names(done.replaced) == {"tests/test_x.py"}
    assert names(done.removed) == {"tests/test_gone.py", "tests/old/gone.py"}
    assert not (base / "tests" / "old").exists()
    assert done.changed
    assert not differs(base, head, suite)


def test_apply_of_an_equal_suite_changes_nothing(head, base):
    make(head, "tests/test_x.py", text="same")
    make(base, "tests/test_x.py", text="same")

    suite = select(head, "tests/test_x.py")

    assert not differs(base, head, suite)
    assert not apply(base, head, suite).changed


def test_conftests_and_configuration_that_the_head_has_dropped_go(head, base):
    make(head, "pkg/speed/test_x.py")
    make(base, "pkg/speed/test_x.py", "conftest.py", "pkg/conftest.py", "pytest.ini", "pkg/other/conftest.py")

    done = apply(base, head, select(head, "pkg/speed/test_x.py"))

    assert names(done.removed) == {"conftest.py", "pkg/conftest.py", "pytest.ini"}


def test_links_and_modes_are_kept(head, base, tmp_path):
    make(head, "tests/test_x.py", "tests/run.sh", "data/set.txt")
    (head / "tests" / "run.sh").chmod(0o755)
    (head / "tests" / "relative").symlink_to("../pkg")
    (head / "tests" / "absolute").symlink_to(head / "pkg")
    (head / "tests" / "outside").symlink_to(tmp_path / "outside")
    suite = select(head, "tests/test_x.py")

    apply(base, head, suite)

    tests = base / "tests"
    assert os.access(tests / "run.sh", os.X_OK)
    assert (tests / "relative").readlink() == Path("../pkg")
    assert (tests / "relative" / "core.py").read_text() == "base"
    assert (tests / "absolute" / "core.py").read_text() == "base"
    assert (tests / "outside").readlink() == tmp_path / "outside"


def test_what_was_a_file_becomes_a_folder_and_back(head, base):
    make(head, "tests/a/x.py", "tests/b", "tests/test_x.py")
    make(base, "tests/a", "tests/b/x.py", "tests/test_x.py")

    apply(base, head, select(head, "tests/test_x.py"))

    assert (base / "tests" / "a" / "x.py").is_file()
    assert (base / "tests" / "b").is_file()


def test_a_suite_that_was_a_link_into_the_library_leaves_the_library_whole(head, base):
    make(head, "tests/test_x.py")
    make(base, "pkg/inner/test_y.py")
    (base / "tests").symlink_to("pkg/inner")

    apply(base, head, select(head, "tests/test_x.py"))

    assert (base / "tests" / "test_x.py").is_file()
    assert not (base / "tests").is_symlink()
    assert (base / "pkg" / "inner" / "test_y.py").is_file()
    assert not (base / "pkg" / "inner" / "test_x.py").exists()


def test_large_data_is_linked_and_large_code_is_not(head, base, monkeypatch):
    monkeypatch.setattr(overlay, "_COPIED_BYTES", 3)
    make(head, "tests/test_x.py", "tests/weights.bin", text="large")

    apply(base, head, select(head, "tests/test_x.py"))

    assert (base / "tests" / "weights.bin").readlink() == head / "tests" / "weights.bin"
    assert not (base / "tests" / "test_x.py").is_symlink()


def test_what_is_no_file_is_not_copied(head, base):
    make(head, "tests/test_x.py")
    os.mkfifo(head / "tests" / "pipe")

    apply(base, head, select(head, "tests/test_x.py"))

    assert not (base / "tests" / "pipe").exists()
