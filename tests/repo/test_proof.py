from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import pytest

from pytest_bolt.errors import BoltError
from pytest_bolt.repo.proof import Misplaced, Misplacement, Proof, misplaced_error, project_names
from pytest_bolt.repo.tree_paths import Trees


def make(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("")
    return root


@pytest.fixture
def trees(tmp_path):
    return tmp_path / "own", tmp_path / "other"


@pytest.fixture
def loaded(monkeypatch):
    """Pretend that a module was loaded from a file."""

    def load(name: str, file: Path) -> None:
        module = ModuleType(name)
        module.__file__ = str(file)
        monkeypatch.setitem(sys.modules, name, module)

    return load


def proved(trees, *names):
    own, other = trees
    return [
        (m.module, m.file, m.expected, m.kind) for m in Proof(own=own, other=other, project_names=names).new()
    ]


def test_modules_of_the_own_tree_are_in_place(trees, loaded):
    loaded("zzpkg.core", make(trees[0], "src/zzpkg/__init__.py", "src/zzpkg/core.py") / "src/zzpkg/core.py")

    assert proved(trees, "zzpkg") == []


def test_a_module_of_the_other_tree(trees, loaded):
    own, other = trees
    loaded("zzhelper", other / "tests" / "zzhelper.py")

    assert proved(trees) == [
        ("zzhelper", f"{other}/tests/zzhelper.py", f"{own}/tests/zzhelper.py", Misplacement.OTHER_TREE)
    ]


def test_a_module_is_judged_when_it_is_first_seen(trees, loaded):
    own, other = trees
    proof = Proof(own=own, other=other, project_names=[])
    loaded("zzhelper", other / "zzhelper.py")
    assert [found.module for found in proof.new()] == ["zzhelper"]
    assert proof.new() == ()

    loaded("zzlater", other / "zzlater.py")
    loaded("zzhelper", other / "zzhelper.py")  # loaded anew, as another object
    assert [found.module for found in proof.new()] == ["zzhelper", "zzlater"]


def test_a_module_of_the_other_tree_by_a_link(trees, loaded, tmp_path):
    make(trees[1], "zzpkg.py")
    (tmp_path / "link").symlink_to(trees[1])
    loaded("zzpkg", tmp_path / "link" / "zzpkg.py")

    assert [kind for *_, kind in proved(trees)] == [Misplacement.OTHER_TREE]


def test_a_copy_of_the_project_in_site_packages(trees, loaded, tmp_path):
    own, _ = trees
    make(own, "src/zzpkg/__init__.py", "zzsolo.py")
    site = tmp_path / "site-packages"
    loaded("zzpkg", site / "zzpkg" / "__init__.py")
    loaded("zzsolo", site / "zzsolo.py")
    loaded("zzthird", site / "zzthird.py")

    assert proved(trees, "zzpkg", "zzsolo") == [
        ("zzpkg", f"{site}/zzpkg/__init__.py", f"{own}/src/zzpkg", Misplacement.INSTALLED),
        ("zzsolo", f"{site}/zzsolo.py", f"{own}/zzsolo.py", Misplacement.INSTALLED),
    ]


def test_the_project_in_a_third_checkout(trees, loaded, tmp_path):
    """A linked worktree or a second clone, while the editable install names the first."""
    own, _ = trees
    make(own, "src/zzpkg/__init__.py", "src/zzvenv/__init__.py")
    first = make(tmp_path / "first", ".git", "src/zzpkg/__init__.py")
    loaded("zzpkg", first / "src" / "zzpkg" / "__init__.py")
    loaded("zzvenv", first / "venv" / "lib" / "site-packages" / "zzvenv" / "__init__.py")

    assert [(module, kind) for module, *_, kind in proved(trees, "zzpkg", "zzvenv")] == [
        ("zzpkg", Misplacement.CHECKOUT),
        ("zzvenv", Misplacement.INSTALLED),
    ]


def test_a_name_that_the_tree_does_not_have_may_come_from_anywhere(trees, loaded, tmp_path):
    make(trees[0], "code.py")
    loaded("zzpkg", tmp_path / "site-packages" / "zzpkg" / "__init__.py")

    assert proved(trees, "zzpkg") == []


def test_only_the_projects_part_of_a_namespace_is_judged(trees, loaded, tmp_path):
    own, _ = trees
    make(own, "src/zzspace/mine/__init__.py")
    site = tmp_path / "site-packages" / "zzspace"
    loaded("zzspace.theirs", site / "theirs" / "__init__.py")
    loaded("zzspace.mine.inner", site / "mine" / "inner.py")

    assert [module for module, *_ in proved(trees, "zzspace.mine")] == ["zzspace.mine.inner"]


def test_the_plugin_and_the_main_module_are_not_judged(trees, loaded):
    loaded("pytest_bolt.zz", trees[1] / "pytest_bolt" / "zz.py")
    loaded("__mp_main__", trees[1] / "run.py")

    assert proved(trees, "pytest_bolt") == []


def test_an_environment_inside_the_other_tree_is_not_its_code(trees, loaded):
    loaded("zzthird", trees[1] / ".venv" / "lib" / "python3.11" / "site-packages" / "zzthird.py")

    assert proved(trees) == []


def test_odd_things_in_the_module_table(trees, monkeypatch):
    class Hostile:
        def __getattr__(self, name):
            raise AttributeError(name)

        @property
        def __path__(self):
            raise RuntimeError

    monkeypatch.setitem(sys.modules, "zzodd", Hostile())
    monkeypatch.setitem(sys.modules, "zznone", None)

    assert proved(trees) == []


@pytest.mark.parametrize(
    ("files", "names"),
    [
        (
            ["pkg/__init__.py", "solo.py", "setup.py", "conftest.py", "noxfile.py", "test_x.py"],
            {"pkg", "solo"},
        ),
        (
            ["src/pkg/__init__.py", "src/solo.py", "tests/__init__.py", "benchmarks/__init__.py"],
            {"pkg", "solo"},
        ),
        (["lib/pkg/__init__.py", "python/other/__init__.py"], {"pkg", "other"}),
        (["src/space/a/__init__.py", "src/space/deep/er/__init__.py"], {"space.a", "space.deep.er"}),
        (["docs/conf.py", "scripts/run.py", "data/x.txt", "not-a-name/__init__.py", "src/b-c.py"], set()),
        (
            ["packages/a/pyproject.toml", "packages/a/src/a/__init__.py", "b/setup.py", "b/b/__init__.py"],
            {"a", "b"},
        ),
        ([".venv/setup.py", ".venv/x/__init__.py", "env2/pyvenv.cfg", "env2/setup.py", "env2/y.py"], set()),
    ],
)
def test_project_names(tmp_path, files, names):
    assert set(project_names(make(tmp_path / "tree", *files))) == names


def test_a_project_named_like_a_suite(tmp_path):
    tree = make(tmp_path / "tree", "benchmark/__init__.py", "tests/__init__.py")
    (tree / "pyproject.toml").write_text('[project]\nname = "benchmark"\n')

    assert project_names(tree) == ("benchmark",)


def test_project_names_from_an_entry_of_the_path(tmp_path, monkeypatch):
    tree = make(tmp_path / "tree", "unusual/place/pkg/__init__.py")
    monkeypatch.syspath_prepend(tree / "unusual" / "place")

    assert project_names(tree) == ("pkg",)


def misplaced(kind: Misplacement) -> Misplaced:
    return Misplaced(module="pkg.core", file="/there/pkg/core.py", expected="/here/pkg/core.py", kind=kind)


@pytest.mark.parametrize(
    ("kind", "what", "advice"),
    [
        (Misplacement.OTHER_TREE, "the base loaded 'pkg.core' from the other tree", "PYTHONPATH=src"),
        (Misplacement.INSTALLED, "the base loaded 'pkg.core' from an installed copy", "pip install -e ."),
        (Misplacement.CHECKOUT, "the base loaded 'pkg.core' from a third checkout", "PYTHONPATH=src"),
        (
            Misplacement.NOT_BUILT,
            "'pkg.core' is compiled on one side and not on the base",
            "--bolt-build=pip",
        ),
    ],
)
def test_the_error_names_the_module_and_what_to_do(kind, what, advice):
    error = misplaced_error([misplaced(kind)], side="base")

    assert isinstance(error, BoltError)
    assert str(error).startswith(what)
    assert "loaded from  /there/pkg/core.py" in str(error)
    assert "expected in  /here/pkg/core.py" in str(error)
    assert advice in str(error)


def test_the_error_counts_the_rest():
    error = misplaced_error([misplaced(Misplacement.INSTALLED)] * 3, side="head")

    assert "the head loaded" in str(error)
    assert "(and 2 more)" in str(error)


@pytest.mark.parametrize(
    ("own", "other", "path", "relative"),
    [
        ("/a", "/b", "/b/x.py", "x.py"),
        ("/a", "/b", "/b", "."),
        ("/a", "/b", "/a/x.py", None),
        ("/a", "/b", "/bb/x.py", None),
        ("/a/cache/b", "/a", "/a/x.py", "x.py"),
        ("/a/cache/b", "/a", "/a/cache/b/x.py", None),
        ("/a", "/a/cache/b", "/a/cache/b/x.py", "x.py"),
        ("/a", "/a/cache/b", "/a/x.py", None),
        ("/a", "/b", "/b/lib/site-packages/x.py", None),
        ("/a", "/lib/site-packages/b", "/lib/site-packages/b/x.py", "x.py"),
    ],
)
def test_which_tree_a_path_belongs_to(own, other, path, relative):
    assert Trees(own=own, other=other).in_other(path) == relative


def test_the_same_place_in_both_trees():
    trees = Trees(own="/a", other="/b")

    assert trees.to_own("/b/pkg/x.py") == "/a/pkg/x.py"
    assert trees.to_own("/c/x.py") is None
    assert trees.to_other("/a/pkg/x.py") == "/b/pkg/x.py"
    assert trees.to_other("/c/x.py") is None
    assert trees.in_own("/a/x.py")
    assert not trees.in_own("/a/venv/site-packages/x.py")
