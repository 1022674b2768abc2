"""Every form of an editable install gives way to the tree that is asked for."""

from __future__ import annotations

import shutil
from importlib.util import find_spec
from pathlib import Path

import pytest
from isolation_projects import (
    ALL_FROM_BASE,
    ALL_OF_IT,
    FLAT,
    IN_SRC,
    NAMED,
    PROVE,
    SETUPTOOLS,
    SRC,
    WHERE,
    base_run,
    install,
)

HATCHLING = "[build-system]\nrequires = ['hatchling']\nbuild-backend = 'hatchling.build'\n"


def editables_into(python) -> None:
    shutil.copytree(Path(find_spec("editables").origin).parent, python.site / "editables")


def test_without_it_an_editable_install_gives_the_wrong_tree(python, make_trees):
    trees = make_trees(SRC, SETUPTOOLS + NAMED + IN_SRC)
    install(python, trees.head)

    assert python.run("import pkg.core; print(pkg.core.SIDE)", cwd=trees.base) == "head"


@pytest.mark.parametrize("mode", ["lenient", "strict", "compat"])
@pytest.mark.parametrize(("files", "layout"), [(FLAT, ALL_OF_IT), (SRC, IN_SRC)], ids=["flat", "src"])
def test_setuptools(python, make_trees, files, layout, mode):
    trees = make_trees(files, SETUPTOOLS + NAMED + layout)
    install(python, trees.head, mode=mode)

    assert base_run(python, trees, WHERE, PROVE) == f"{ALL_FROM_BASE}\n('pkg', 'solo') []"


def test_setuptools_with_a_renamed_package_folder(python, make_trees):
    layout = "[tool.setuptools]\npackages = ['pkg']\npackage-dir = {'pkg' = 'code'}\n"
    trees = make_trees(
        {"code/__init__.py": "", "code/core.py": "SIDE = {side!r}\n"}, SETUPTOOLS + NAMED + layout
    )
    for mode in ("lenient", "strict"):
        install(python, trees.head, mode=mode)
        assert base_run(python, trees, "import pkg.core; print(pkg.core.SIDE)") == "base"


def test_a_strict_link_tree_of_hard_links(python, make_trees):
    trees = make_trees(SRC, SETUPTOOLS + NAMED + IN_SRC)
    install(python, trees.head, mode="strict")
    links = [path for path in (trees.head / "build").rglob("*.py") if path.is_symlink()]
    for link in links:
        target = link.resolve()
        link.unlink()
        link.hardlink_to(target)

    assert len(links) == 3
    assert base_run(python, trees, WHERE, PROVE) == f"{ALL_FROM_BASE}\n('pkg', 'solo') []"


def test_hatchling_by_path(python, make_trees):
    layout = (
        "[tool.hatch.build.targets.wheel]\nonly-include = ['src/pkg', 'src/solo.py']\nsources = ['src']\n"
    )
    trees = make_trees(SRC, HATCHLING + NAMED + layout)
    install(python, trees.head, "hatchling.build")

    assert base_run(python, trees, WHERE, PROVE) == f"{ALL_FROM_BASE}\n('pkg', 'solo') []"


def test_hatchling_by_redirector(python, make_trees):
    layout = "[tool.hatch.build]\ndev-mode-exact = true\n[tool.hatch.build.targets.wheel]\npackages = ['code/pkg']\n"
    files = {"code/pkg/__init__.py": "", "code/pkg/core.py": "SIDE = {side!r}\n"}
    trees = make_trees(files, HATCHLING + NAMED + layout)
    install(python, trees.head, "hatchling.build")
    editables_into(python)

    assert python.run("import pkg.core; print(pkg.core.SIDE)", cwd=trees.base) == "head"
    assert base_run(python, trees, "import pkg.core; print(pkg.core.SIDE)", PROVE) == "base\n('pkg',) []"


def test_a_package_that_the_base_has_as_a_module(python, make_trees):
    trees = make_trees({"src/pkg/__init__.py": "SIDE = {side!r}\n"}, SETUPTOOLS + NAMED)
    install(python, trees.head, mode="strict")
    shutil.rmtree(trees.base / "src" / "pkg")
    (trees.base / "src" / "pkg.py").write_text("SIDE = 'module'\n")

    assert base_run(python, trees, "import pkg; print(pkg.SIDE)") == "module"


NAMESPACE = {
    "src/space/mine/__init__.py": "SIDE = {side!r}\n",
    "src/space/mine/data.txt": "{side!r}",
    "src/space/deep/er/__init__.py": "SIDE = {side!r}\n",
    "src/space/notes.txt": "{side!r}",
}


IN_SPACE = "[tool.setuptools.packages.find]\nwhere = ['src']\n"


@pytest.mark.parametrize("mode", ["lenient", "strict", "compat"])
def test_namespace_packages_that_span_several_folders(python, make_trees, mode):
    trees = make_trees(NAMESPACE, SETUPTOOLS + NAMED + IN_SPACE)
    install(python, trees.head, mode=mode)
    (python.site / "space" / "theirs").mkdir(parents=True)
    (python.site / "space" / "theirs" / "__init__.py").write_text("SIDE = 'site'\n")

    script = """
    import importlib.resources, pkgutil, sys
    import space, space.mine, space.theirs, space.deep.er
    sys.path.insert(0, "/added/later")
    importlib.invalidate_caches()
    print(space.mine.SIDE, space.theirs.SIDE, space.deep.er.SIDE)
    print((importlib.resources.files("space.mine") / "data.txt").read_text())
    print(sorted(module.name for module in pkgutil.iter_modules(space.__path__)))
    """
    assert base_run(python, trees, script, PROVE).splitlines() == [
        "base site base",
        "'base'",
        "['mine', 'theirs']",
        "('space.deep.er', 'space.mine') []",
    ]


def test_a_namespace_package_that_only_a_finder_knows(python, make_trees):
    layout = "[tool.setuptools]\npackages = ['space.mine']\npackage-dir = {'space.mine' = 'code'}\n"
    trees = make_trees({"code/__init__.py": "SIDE = {side!r}\n"}, SETUPTOOLS + NAMED + layout)
    install(python, trees.head)

    assert base_run(python, trees, "import space.mine; print(space.mine.SIDE)") == "base"


def test_several_packages_in_one_repository(python, make_trees):
    files = {f"packages/{name}/src/{name}/__init__.py": "SIDE = {side!r}\n" for name in "ab"}
    files |= {
        f"packages/{name}/pyproject.toml": f"[project]\nname = '{name}'\nversion = '1'\n" for name in "ab"
    }
    trees = make_trees(files, "")
    for name in "ab":
        install(python, trees.head / "packages" / name)

    script = "import a, b; print(a.SIDE, b.SIDE)"
    assert base_run(python, trees, script, PROVE) == "base base\n('a', 'b') []"


def test_resources_module_lists_and_metadata(python, make_trees):
    trees = make_trees(SRC | {"src/pkg/data.txt": "{side!r}"}, SETUPTOOLS + NAMED + IN_SRC)
    install(python, trees.head)
    script = """
    import importlib.metadata, importlib.resources, pkgutil
    import pkg
    print((importlib.resources.files(pkg) / "data.txt").read_text(), importlib.metadata.version("pkg"))
    print(pkgutil.get_data("pkg", "data.txt").decode(), [module.name for module in pkgutil.iter_modules(pkg.__path__)])
    """

    assert base_run(python, trees, script) == "'base' 1.0\n'base' ['core']"


def test_metadata_of_an_old_editable_install(python, make_trees):
    trees = make_trees(FLAT, NAMED)
    info = trees.head / "pkg.egg-info"
    info.mkdir()
    (info / "PKG-INFO").write_text("Metadata-Version: 2.1\nName: pkg\nVersion: 0.9\n")
    (info / "entry_points.txt").write_text("[group]\nname = pkg.core:SIDE\n")
    (python.site / "easy-install.pth").write_text(f"{trees.head}\n")
    script = """
    import importlib.metadata
    print(importlib.metadata.version("pkg"))
    print([entry.load() for entry in importlib.metadata.entry_points(group="group")])
    """

    assert base_run(python, trees, script) == "0.9\n['base']"
