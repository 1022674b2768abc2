"""What has to be compiled is compiled in the base's own tree, once for each content."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from extension_project import COMPILER, extension_files

from pytest_bolt.errors import BoltError
from pytest_bolt.repo import building
from pytest_bolt.repo.building import build, compiled_modules, stale
from pytest_bolt.repo.worktrees import acquire


@pytest.fixture
def compiled(project):
    """A project whose base says 1 and whose head, which is built in place, says 2."""
    base = project.commit("base", extension_files(1))
    project.commit("head", extension_files(2))
    subprocess.run(["sh", "-c", COMPILER], cwd=project.root, check=True)
    return project, base


def value_in(tree: Path) -> str:
    command = [sys.executable, "-c", "import mylib; print(mylib.value())"]
    return subprocess.run(command, cwd=tree, capture_output=True, text=True, check=True).stdout.strip()


def note(recipe):
    return f"compiled modules: the base's were built ({recipe}), this tree's are as they were found"


def built(project, base, cache, how, said=None):
    """Return what the base's compiled module says after a build, and the notes."""
    repo = project.repo()
    with acquire(repo, base, cache) as tree:
        notes = build(repo, tree.path, how, cache=cache, say=(said if said is not None else []).append)
        return value_in(tree.path), notes


def test_a_command_is_run_in_the_bases_folder(compiled, cache):
    project, base = compiled
    said: list[str] = []
    assert built(project, base, cache, COMPILER, said) == ("1", (note(COMPILER),))
    assert said == [f"bolt: building the base ({COMPILER})"]
    assert value_in(project.root) == "2"


def test_what_was_built_is_kept_by_content(compiled, cache, monkeypatch):
    project, base = compiled
    counted = f"echo x >> {cache}/../count; {COMPILER}"
    other = project.commit("same files under another commit, later")
    for _ in range(2):
        assert built(project, base, cache, counted)[0] == "1"
    assert len((cache.parent / "count").read_text().splitlines()) == 1
    assert built(project, other, cache, counted)[0] == "2"
    monkeypatch.setenv("CFLAGS", "-O1")
    assert built(project, base, cache, counted)[0] == "1"
    assert len((cache.parent / "count").read_text().splitlines()) == 3


@pytest.mark.parametrize("src", [False, True], ids=["flat", "src"])
def test_auto_builds_with_pip_what_the_head_has_built(project, cache, src, monkeypatch):
    base = project.commit("base", extension_files(1, src=src))
    project.commit("head", extension_files(2, src=src))
    package = project.root / ("src/mylib" if src else "mylib")
    subprocess.run(["gcc", "-shared", "-fPIC", "-o", "_fast.so", "_fast.c"], cwd=package, check=True)
    monkeypatch.setenv("PYTHONPATH", "src")
    said: list[str] = []
    assert built(project, base, cache, "auto", said) == ("1", (note("pip"),))
    assert said == ["bolt: building the base (pip)"]
    assert project.git("status", "--porcelain") == ""
    assert built(project, base, cache, "auto", said)[0] == "1"
    assert len(said) == 1


def test_auto_leaves_a_project_of_plain_python_alone(project, cache):
    base = project.commit("base", {"code.py": "VALUE = 2\n"})
    (project.root / ".venv" / "lib").mkdir(parents=True)
    (project.root / ".venv" / "lib" / "numpy.so").write_bytes(b"")
    (project.root / "env" / "lib").mkdir(parents=True)
    (project.root / "env" / "pyvenv.cfg").write_text("")
    (project.root / "env" / "lib" / "numpy.so").write_bytes(b"")
    (project.root / "build").mkdir()
    (project.root / "build" / "old.so").write_bytes(b"")
    repo = project.repo()
    assert compiled_modules(repo) == ()
    with acquire(repo, base, cache) as tree:
        assert build(repo, tree.path, "auto", cache=cache, say=pytest.fail) == ()


def test_path_never_builds(compiled, cache):
    project, base = compiled
    repo = project.repo()
    with acquire(repo, base, cache) as tree:
        assert build(repo, tree.path, "path", cache=cache, say=pytest.fail) == ()
        assert not list(tree.path.rglob("*.so"))


def test_a_build_that_fails_says_what_the_compiler_said(compiled, cache):
    project, _ = compiled
    broken = project.commit("broken", {"mylib/_fast.c": "this is no C\n"})
    for how in (COMPILER, "pip"):
        with pytest.raises(BoltError, match="the base could not be built") as caught:
            built(project, broken, cache, how)
        assert "error" in str(caught.value)
        assert "--bolt-build=path" in str(caught.value)
    assert not list((cache / "builds").glob("*"))


def test_a_wheel_without_a_compiled_module_is_refused_where_it_was_asked_for(compiled, cache):
    project, _ = compiled
    plain = project.commit(
        "plain", {"setup.py": "from setuptools import setup\nsetup(name='mylib', packages=['mylib'])\n"}
    )
    with pytest.raises(BoltError, match="no compiled module came of it"):
        built(project, plain, cache, "pip")
    with pytest.raises(BoltError, match="no compiled module came of it"):
        built(project, plain, cache, "true")
    assert not list((cache / "builds").glob("*"))


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (
            {"setup.py": "from setuptools import setup\nsetup(name='mylib', packages=['mylib'])\n"},
            "no compiled module",
        ),
        ({"setup.py": "raise SystemExit('no numbers today')\n"}, "could not be built"),
    ],
)
def test_what_nobody_asked_for_is_only_noted(compiled, cache, change, why):
    project, _ = compiled
    base = project.commit("another", change)
    repo = project.repo()
    with acquire(repo, base, cache) as tree:
        (said,) = build(repo, tree.path, "auto", cache=cache, say=lambda _: None)
    assert said.startswith("the base was not built: ")
    assert why in said


def test_a_conda_environment_in_the_tree_is_no_project(project):
    for name in ("env/conda-meta/history", "env/lib/libssl.so", "env/lib/python3.11/lib-dynload/_x.so"):
        path = project.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
    assert compiled_modules(project.repo()) == ()


def test_the_nearest_project_of_a_monorepo_is_built(project, cache):
    for value in (1, 2):
        project.commit(str(value), {f"one/{name}": text for name, text in extension_files(value).items()})
    subprocess.run(["sh", "-c", COMPILER], cwd=project.root / "one", check=True)
    repo = project.repo()
    with acquire(repo, project.git("rev-parse", "HEAD~1"), cache) as tree:
        assert build(repo, tree.path, "auto", cache=cache, say=lambda _: None) == (note("pip"),)
        assert value_in(tree.path / "one") == "1"


def test_links_and_files_that_cannot_be_written_are_kept_too(compiled, cache):
    project, base = compiled
    command = f"{COMPILER} && mv mylib/_fast.so mylib/_fast.so.1 && ln -s _fast.so.1 mylib/_fast.so && chmod 444 mylib/_fast.so.1 && echo '*.so.1' > .git-info"
    for _ in range(2):
        assert built(project, base, cache, command)[0] == "1"


def test_another_setting_of_a_build_system_is_another_build(compiled, cache, monkeypatch):
    project, base = compiled
    said: list[str] = []
    for value in ("one", "one", "two"):
        monkeypatch.setenv("CMAKE_ARGS", value)
        built(project, base, cache, COMPILER, said)
    assert len(said) == 2


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("mylib/_x.so", "mylib/_x.so"),
        ("mylib-1.0.data/platlib/mylib/_x.so", "mylib/_x.so"),
        ("pkg/_x.so", "src/pkg/_x.so"),
        ("_y.so", "_y.so"),
        ("_x.so", "src/_x.so"),
    ],
)
def test_where_a_module_of_a_wheel_belongs(tmp_path, name, place):
    for folder in ("mylib", "src/pkg", "pkgs", "examples"):
        (tmp_path / folder).mkdir(parents=True)
    head = [Path("examples/_x.so"), Path("src/_x.so")]
    assert building._place(tmp_path, Path(), building._module(name), head) == Path(place)


@pytest.mark.parametrize("name", ["../../evil.so", "/etc/evil.so", "a/../../evil.so"])
def test_a_wheel_cannot_write_elsewhere(name):
    with pytest.raises(BoltError, match="outside of its package"):
        building._module(name)


def test_a_head_that_is_older_than_its_sources_is_noted(compiled):
    project, _ = compiled
    repo = project.repo()
    assert stale(repo, compiled_modules(repo)) == ()
    module = project.root / "mylib" / "_fast.so"
    os.utime(module, (1, 1))
    assert stale(repo, compiled_modules(repo)) == (
        "the head may not be built from its sources: mylib/_fast.c is newer than what was compiled",
    )


@pytest.mark.parametrize(
    ("requires", "missing"),
    [
        ('["setuptools>=40"]', []),
        ('["setuptools>=9000"]', ["setuptools>=9000"]),
        ('["no-such-backend"]', ["no-such-backend"]),
        ("[\"no-such-backend; python_version < '3'\"]", []),
        ('["not a requirement!"]', ["not a requirement!"]),
        ("[1]", ["1"]),
        ('"setuptools"', []),
    ],
)
def test_pip_fetches_what_this_environment_lacks(tmp_path, requires, missing):
    (tmp_path / "pyproject.toml").write_text(f"[build-system]\nrequires = {requires}\n")
    assert building._missing_requirements(tmp_path) == missing


def test_a_project_that_names_no_backend_is_built_by_setuptools(tmp_path):
    assert building._missing_requirements(tmp_path) == []
    (tmp_path / "pyproject.toml").write_text("not toml [")
    assert building._missing_requirements(tmp_path) == []
