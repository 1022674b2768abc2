from __future__ import annotations

import importlib.metadata
import os
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

from pytest_bolt.adapters import Adapter, MissingOperationError, bundled, distinct_names, load, loaded
from pytest_bolt.errors import BoltError


@pytest.fixture(autouse=True)
def _own_import_state(monkeypatch):
    monkeypatch.setattr(sys, "path", list(sys.path))
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        if name.split(".")[0] in {"beside_the_adapter", "beside_later", "pytest_bolt_reference"}:
            del sys.modules[name]


@pytest.fixture
def write(tmp_path):
    def write(name, text):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    return write


def refused(path):
    with pytest.raises(BoltError) as caught:
        load(path)
    return str(caught.value).replace(str(path.parent), "DIR").splitlines()


def test_functions_are_attributes(write):
    adapter = load(write("mine.py", "def run_double(x): return 2 * x\ndef helper(): ...\nrun_it = 3\n"))
    assert adapter.run_double(4) == 8
    assert adapter.name == "mine"
    assert adapter.provides("run_double")
    assert not adapter.provides("run_it")
    assert adapter.operations == ("run_double",)
    assert not adapter.interpreted
    assert not adapter.bundled
    assert "mine" in repr(adapter)


def test_a_file_beside_it_can_be_imported(write):
    write("beside_the_adapter.py", "value = 41\n")
    text = "import beside_the_adapter\ndef run_it():\n    import beside_later\n    return beside_the_adapter.value + 1\n"
    write("beside_later.py", "")
    assert load(write("adapter.py", text)).run_it() == 42


def test_a_file_beside_it_cannot_replace_an_installed_module(write):
    write("colorsys.py", "raise RuntimeError\n")
    adapter = load(
        write("adapter.py", "import colorsys\ndef run_it(): return colorsys.rgb_to_hsv(0, 0, 0)\n")
    )
    assert adapter.run_it() == (0.0, 0.0, 0)


def test_equal_file_names_are_two_modules(write):
    first = load(write("a/adapters.py", "def run_it(): return 1\n"))
    second = load(write("b/adapters.py", "def run_it(): return 2\n"))
    assert (first.run_it(), second.run_it()) == (1, 2)
    assert first.module.__name__ != second.module.__name__


def test_a_missing_function_is_named_with_what_there_is(write):
    path = write("mine.py", "def run_softmax(x, dim): ...\ndef run_rmsnorm(): ...\n")
    with pytest.raises(MissingOperationError) as caught:
        _ = load(path).run_softmx
    assert str(caught.value).splitlines() == [
        "adapter mine has no function run_softmx",
        f"  file  {path}",
        "  has   run_rmsnorm, run_softmax",
        "  -> did you mean run_softmax?",
    ]


def test_a_missing_function_without_a_near_one(write):
    with pytest.raises(BoltError) as caught:
        _ = load(write("mine.py", "")).run_softmax
    assert str(caught.value).splitlines()[2:] == [
        "  has   no run_* function",
        "  -> add a function run_softmax to the adapter",
    ]


def test_hasattr_and_copying_work(write):
    adapter = load(write("mine.py", ""))
    assert not hasattr(adapter, "run_softmax")
    assert not hasattr(adapter, "__deepcopy__")


def test_no_such_file_names_the_near_ones(write):
    path = write("adapters.py", "").with_name("adaptors.py")
    assert refused(path) == [
        "no such adapter",
        "  path  DIR/adaptors.py",
        "  near  adapters.py",
        "  -> give the path of a Python file",
    ]


def test_a_folder_is_no_adapter(write):
    folder = write("some/adapters.py", "").parent
    assert refused(folder)[:4] == [
        "no such adapter",
        "  path   DIR/some",
        "  it is  a folder",
        "  near   adapters.py",
    ]


def test_a_file_that_is_not_python(write):
    assert refused(write("notes.txt", "hello"))[0] == "an adapter is a Python file"


def test_a_syntax_error_has_its_place(write):
    message = refused(write("broken.py", "def run_it():\n    return )\n"))
    assert message[0] == "the adapter has a syntax error"
    assert message[2] == "  at       DIR/broken.py:2:12"
    assert message[3] == "  error    unmatched ')'"
    assert message[4] == "  line     return )"
    assert message[5].startswith("  -> correct it; this is Python 3.")


def test_an_import_error_has_its_place_and_advice(write):
    message = refused(write("broken.py", "x = 1\nimport cs336_basics.layers\n"))
    assert message == [
        "the adapter cannot be imported",
        "  adapter  DIR/broken.py",
        "  at       DIR/broken.py:2",
        "  error    ModuleNotFoundError: No module named 'cs336_basics'",
        "  -> install cs336_basics, or put it beside the adapter",
    ]


@pytest.mark.parametrize(
    ("line", "error"),
    [("1 / 0", "ZeroDivisionError: division by zero"), ("raise SystemExit(0)", "SystemExit: 0")],
)
def test_an_error_while_importing_is_told(write, line, error):
    path = write("broken.py", f"def run_it():\n    {line}\nrun_it()\n")
    message = refused(path)
    assert message[2] == "  at       DIR/broken.py:2"
    assert message[3] == f"  error    {error}"
    assert message[4] == "  -> make the file importable by itself"
    assert not [name for name in sys.modules if name.endswith("_broken")]


def test_an_interrupt_while_importing_is_no_error(write):
    with pytest.raises(KeyboardInterrupt):
        load(write("broken.py", "raise KeyboardInterrupt\n"))


def test_bundled_adapters_of_the_source_tree():
    found = {adapter.name: adapter for adapter in bundled("suites.softmax")}
    assert {"fast", "framework", "manual", "triton"} <= set(found)
    assert all(adapter.bundled for adapter in found.values())
    assert all(found[name].provides("run_softmax") for name in ("framework", "manual", "triton"))
    assert not found["triton"].provides("run_linear")
    assert not found["framework"].interpreted


def test_bundled_adapters_of_a_wheel_have_another_name(write, monkeypatch):
    home = write("pytest_bolt_reference/adapters/one.py", "def run_it(): return 1\n").parent
    write("pytest_bolt_reference/__init__.py", "")
    write("pytest_bolt_reference/adapters/__init__.py", "")
    write("pytest_bolt_reference/adapters/wants.py", "import not_installed_anywhere\n")
    monkeypatch.syspath_prepend(home.parent.parent)
    assert [adapter.name for adapter in bundled("pytest_bolt_suites.softmax")] == ["one"]
    assert [adapter.run_it() for adapter in bundled("")] == [1]


def test_a_broken_bundled_adapter_is_not_hidden(write, monkeypatch):
    home = write(
        "pytest_bolt_reference/adapters/one.py", "from pytest_bolt_reference import nothing\n"
    ).parent
    write("pytest_bolt_reference/__init__.py", "")
    write("pytest_bolt_reference/adapters/__init__.py", "")
    monkeypatch.syspath_prepend(home.parent.parent)
    with pytest.raises(ImportError, match="nothing"):
        bundled("")


def test_references_without_torch_are_not_taken_for_absent(write, monkeypatch):
    home = write("pytest_bolt_reference/__init__.py", "import not_installed_anywhere\n").parent
    monkeypatch.syspath_prepend(home.parent)
    with pytest.raises(ModuleNotFoundError, match="not_installed_anywhere"):
        bundled("")


def test_no_references_no_adapters():
    assert bundled("somebody.elses.tests") == ()


def test_names_are_distinct(tmp_path):
    def at(path):
        return Adapter((tmp_path / path).stem, tmp_path / path, sys)

    different = [at("a/x.py"), at("a/y.py")]
    assert distinct_names(different) == ["x", "y"]
    assert distinct_names([at("a/x.py"), at("b/x.py"), at("b/y.py")]) == ["a.x", "b.x", "y"]
    assert distinct_names([at("a/t/x.py"), at("b/t/x.py")]) == ["a.t.x", "b.t.x"]
    assert len(set(distinct_names([at("a/x.py"), at("a/x.py")]))) == 2
    assert distinct_names([]) == []


COURSE = "import importlib.metadata\n__version__ = importlib.metadata.version('course_basics')\n"


@pytest.mark.parametrize(
    ("project", "version"),
    [
        ('[project]\nname = "course_basics"\nversion = "1.0.4"\n', "1.0.4"),
        ('[project]\nname = "course-basics"\n', "0"),
        ('[project]\nname = "course_basics"\nversion = "../../x"\n', "0"),
    ],
)
def test_a_course_repository_works_without_being_installed(write, project, version):
    write("pyproject.toml", project)
    write("course_basics/__init__.py", COURSE)
    text = "def run_it():\n    import course_basics\n    return course_basics.__version__\n"
    sys.modules.pop("course_basics", None)
    assert load(write("tests/adapters.py", text)).run_it() == version
    code = "from importlib.metadata import version; print(version('course_basics'))"
    child = subprocess.run(
        [sys.executable, "-c", code],
        check=True,
        env={"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
    )
    assert child.stdout.strip() == version
    del sys.modules["course_basics"]


def test_sources_of_a_project_may_lie_in_src(write):
    write("pyproject.toml", "[project]\nname = 'other_course'\n")
    write("src/other_course/__init__.py", "value = 3\n")
    text = "def run_it():\n    import other_course\n    return other_course.value\n"
    assert load(write("tests/adapters.py", text)).run_it() == 3
    del sys.modules["other_course"]


@pytest.mark.parametrize(
    "project", ["", "[project", "project = 3", "[project]\nname = 3\n", "[project]\nname = '../x'\n"]
)
def test_a_project_file_that_says_nothing_is_no_obstacle(write, project):
    write("pyproject.toml", project)
    assert load(write("tests/adapters.py", "def run_it(): return 1\n")).run_it() == 1


def test_an_installed_project_speaks_for_itself(write):
    write("pyproject.toml", "[project]\nname = 'pytest'\nversion = '0.0.1'\n")
    text = "from importlib.metadata import version\ndef run_it(): return version('pytest')\n"
    assert load(write("tests/adapters.py", text)).run_it() == pytest.__version__


def test_a_repository_ends_the_search(write):
    write("pyproject.toml", "[project]\nname = 'outside'\n")
    write("inner/.git/HEAD", "")
    load(write("inner/tests/adapters.py", ""))
    assert not any("inner" in place and place.endswith("src") for place in sys.path)
    with pytest.raises(importlib.metadata.PackageNotFoundError):
        importlib.metadata.version("outside")


def test_the_same_name_elsewhere_is_another_file(tmp_path, monkeypatch):
    found = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "adapter.py").write_text(f"def run_{name}(x): return x\n")
        monkeypatch.chdir(tmp_path / name)
        found.append(loaded(Path("adapter.py")))
    assert [each.operations for each in found] == [("run_one",), ("run_two",)]
    assert loaded(Path("adapter.py")) is found[1]


def test_a_warning_while_importing_is_no_error(tmp_path):
    (tmp_path / "old.py").write_text(
        "import warnings\nwarnings.warn('use another', DeprecationWarning)\ndef run_it(x): return x\n"
    )
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("error")
        assert load(tmp_path / "old.py").operations == ("run_it",)
    assert [str(each.message) for each in seen] == ["use another"]
