"""Each test runs a fresh interpreter that must load its own tree and nothing of the other."""

from __future__ import annotations

import dataclasses
import os
import sys
import textwrap
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


def test_a_base_inside_the_head(python, make_trees, tmp_path):
    trees = make_trees(FLAT, SETUPTOOLS + NAMED + ALL_OF_IT, base=tmp_path / "head" / "base")
    install(python, trees.head, mode="compat")

    assert base_run(python, trees, WHERE, PROVE) == f"{ALL_FROM_BASE}\n('pkg', 'solo') []"


def test_the_heads_own_worker_with_the_base_inside(python, make_trees, tmp_path):
    trees = make_trees(FLAT, SETUPTOOLS + NAMED + ALL_OF_IT, base=tmp_path / "head" / "base")
    install(python, trees.head)

    seen = python.run(WHERE, cwd=trees.head, own=trees.head, other=trees.base)

    assert seen == "head head True True"


def test_the_heads_own_worker_never_loads_the_base(python, make_trees):
    trees = make_trees(FLAT, SETUPTOOLS + NAMED + ALL_OF_IT)
    path = {"PYTHONPATH": str(trees.base)}

    seen = python.run(WHERE, cwd=trees.head, own=trees.head, other=trees.base, environment=path)

    assert seen == "head head True True"


def test_trees_given_through_links(python, make_trees, tmp_path):
    trees = make_trees(SRC, SETUPTOOLS + NAMED + IN_SRC)
    (tmp_path / "linked").symlink_to(trees.head)
    install(python, tmp_path / "linked", mode="compat")

    assert base_run(python, trees, WHERE) == ALL_FROM_BASE
    assert python.run(WHERE, cwd=trees.base, own=trees.base, other=tmp_path / "linked") == ALL_FROM_BASE


def test_an_environment_inside_the_project(new_python, make_trees):
    trees = make_trees(SRC, SETUPTOOLS + NAMED + IN_SRC)
    python = new_python(trees.head / ".venv")
    install(python, trees.head)
    (python.site / "third.py").write_text("")

    seen = base_run(python, trees, WHERE, "import third, json; print(third.__file__)", PROVE)

    assert seen == f"{ALL_FROM_BASE}\n{python.site}/third.py\n('pkg', 'solo') []"


def test_a_project_inside_an_environment(new_python, make_trees, tmp_path):
    trees = make_trees(SRC, SETUPTOOLS + NAMED + IN_SRC)
    python = new_python(tmp_path / "env")
    moved = tmp_path / "env" / "src" / "head"
    moved.parent.mkdir()
    trees.head.rename(moved)
    install(python, moved)

    assert python.run(WHERE, cwd=trees.base, own=trees.base, other=moved) == ALL_FROM_BASE


def test_python_path_of_this_and_of_inner_processes(python, make_trees):
    trees = make_trees(SRC, SETUPTOOLS + NAMED + IN_SRC)
    script = """
    import os, subprocess, sys
    inner = "import pkg.core; print(pkg.core.SIDE)"
    print(os.environ["PYTHONPATH"].replace(str(own), "OWN"))
    print(subprocess.run([sys.executable, "-c", inner], cwd="/", capture_output=True, text=True).stdout.strip())
    """
    path = {"PYTHONPATH": f"{trees.head}/src{os.pathsep}/elsewhere"}

    assert base_run(python, trees, script, environment=path) == "OWN/src:/elsewhere\nbase"


@pytest.mark.parametrize("mode", ["lenient", "strict", "compat"])
def test_inner_processes_of_an_editable_install(python, make_trees, mode):
    trees = make_trees(SRC, SETUPTOOLS + NAMED + IN_SRC)
    install(python, trees.head, mode=mode)
    script = """
    import multiprocessing, os, subprocess, sys
    inner = "import pkg.core; print(pkg.core.SIDE)"
    print(subprocess.run([sys.executable, "-c", inner], cwd="/", capture_output=True, text=True).stdout.strip())
    from concurrent.futures import ProcessPoolExecutor
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        print(pool.submit(eval, "__import__('pkg.core').core.SIDE").result())
    """

    assert base_run(python, trees, script) == "base\nbase"


def test_a_root_that_shadows_the_standard_library_stays_off_python_path(python, make_trees):
    trees = make_trees(FLAT | {"types.py": ""}, SETUPTOOLS + NAMED + ALL_OF_IT)
    install(python, trees.head)

    assert (
        base_run(python, trees, "import os; print(os.environ.get('PYTHONPATH'))", WHERE)
        == f"None\n{ALL_FROM_BASE}"
    )


def test_running_a_module(python, make_trees):
    trees = make_trees(
        SRC | {"src/pkg/__main__.py": "print('main of', {side!r})\n"}, SETUPTOOLS + NAMED + IN_SRC
    )
    install(python, trees.head)

    assert (
        base_run(python, trees, "import runpy; runpy.run_module('pkg', run_name='__main__')")
        == "main of base"
    )


def test_a_generated_version_file_is_lent_and_noted(python, make_trees):
    trees = make_trees(SRC, SETUPTOOLS + NAMED + IN_SRC)
    install(python, trees.head)
    (trees.head / "src" / "pkg" / "_version.py").write_text("version = '1.2.dev3'\n")
    script = """
    import pkg._version
    print(pkg._version.version, pkg._version.__file__.startswith(str(own)))
    print(finder.notes)
    """

    note = "copied from the other tree, where it was generated: src/pkg/_version.py"
    assert base_run(python, trees, script, PROVE) == f"1.2.dev3 True\n('{note}',)\n('pkg', 'solo') []"


def test_a_generated_module_at_the_top(python, make_trees):
    trees = make_trees(SRC | {".gitignore": "gen*\nbuild\n*.egg-info\n"}, SETUPTOOLS + NAMED + IN_SRC)
    install(python, trees.head)
    (trees.head / "src" / "generated").mkdir()
    (trees.head / "src" / "generated" / "__init__.py").write_text("")
    (trees.head / "src" / "generated" / "inner.py").write_text("X = 1\n")

    script = "import generated.inner as inner; print(inner.X, inner.__file__.startswith(str(own)))"
    assert base_run(python, trees, script) == "1 True"


@pytest.mark.parametrize("name", ["pkg.newer", "newer_solo"])
@pytest.mark.parametrize("mode", ["lenient", "strict"])
def test_a_module_that_the_base_does_not_have(python, make_trees, name, mode):
    layout = IN_SRC.replace("'solo'", "'solo', 'newer_solo'")
    trees = make_trees(SRC | {"src/newer_solo.py": "", "src/pkg/newer.py": ""}, SETUPTOOLS + NAMED + layout)
    install(python, trees.head, mode=mode)
    (trees.base / "src" / "newer_solo.py").unlink()
    (trees.base / "src" / "pkg" / "newer.py").unlink()
    script = f"""
    try:
        import {name}
    except ModuleNotFoundError as error:
        print(error, "|", error.name)
    """

    assert base_run(python, trees, script) == f"No module named {name!r} | {name}"


def extension_name() -> str:
    from importlib.machinery import EXTENSION_SUFFIXES

    return f"fast{EXTENSION_SUFFIXES[0]}"


def test_a_compiled_extension_of_the_head_is_never_loaded(python, make_trees):
    trees = make_trees(SRC, SETUPTOOLS + NAMED + IN_SRC)
    install(python, trees.head)
    (trees.head / "src" / "pkg" / extension_name()).write_bytes(b"\x7fELF")
    script = """
    try:
        import pkg.fast
    except ImportError as error:
        print(type(error).__name__, error)
    """

    seen = base_run(python, trees, script, PROVE)

    assert seen.startswith("ImportError pkg.fast is a compiled extension of the other tree")
    assert f"this tree has to be built: {trees.base}" in seen
    assert "('pkg', 'solo') [('pkg.fast', 'not built')]" in seen


def test_a_fall_back_to_plain_python_does_not_go_unnoticed(python, make_trees):
    trees = make_trees(SRC | {"src/pkg/fast.py": "SIDE = {side!r}\n"}, SETUPTOOLS + NAMED + IN_SRC)
    install(python, trees.head)
    (trees.head / "src" / "pkg" / extension_name()).write_bytes(b"\x7fELF")

    seen = base_run(python, trees, "import pkg.fast; print(pkg.fast.SIDE)", PROVE)

    assert seen == "base\n('pkg', 'solo') [('pkg.fast', 'not built')]"


def test_an_extension_committed_in_the_head_alone_is_just_not_there(python, make_trees):
    trees = make_trees(SRC, SETUPTOOLS + NAMED + IN_SRC)
    (trees.head / "src" / "pkg" / extension_name()).write_bytes(b"\x7fELF")
    trees.project.git("add", "--force", "src")
    install(python, trees.head)
    script = """
    try:
        import pkg.fast
    except ModuleNotFoundError as error:
        print(error)
    """

    assert base_run(python, trees, script, PROVE) == "No module named 'pkg.fast'\n('pkg', 'solo') []"


def test_modules_loaded_at_start_up_are_loaded_anew(python, make_trees):
    trees = make_trees(FLAT, NAMED)
    (python.site / "early.pth").write_text(f"{trees.head}\nimport pkg.core\n")

    assert base_run(python, trees, WHERE) == ALL_FROM_BASE


def test_a_path_added_later_is_corrected(python, make_trees):
    trees = make_trees(SRC, NAMED)

    assert base_run(python, trees, "sys.path.insert(0, str(other / 'src'))", WHERE) == ALL_FROM_BASE


def test_the_plugin_itself_stays_the_controllers(python, make_trees):
    files = {"pytest_bolt/__init__.py": "", "pytest_bolt/newest.py": "SIDE = {side!r}\n"}
    trees = make_trees(files | FLAT, NAMED)
    script = """
    import pytest_bolt.repo.proof
    print(pytest_bolt.__file__.startswith(str(other)), pytest_bolt.__file__.startswith(str(own)))
    pytest_bolt.__path__.append(str(other / "pytest_bolt"))
    import pytest_bolt.newest
    print(pytest_bolt.newest.SIDE)
    """

    assert base_run(python, trees, script, PROVE).splitlines()[:2] == ["False False", "head"]
    assert base_run(python, trees, script, PROVE).endswith("[]")


def test_entering_twice_changes_nothing(python, make_trees):
    trees = make_trees(SRC, SETUPTOOLS + NAMED + IN_SRC)
    install(python, trees.head, mode="strict")
    script = """
    before = list(sys.path), list(sys.meta_path)
    print(enter_tree(own=own, other=other) is finder, before == (sys.path, sys.meta_path))
    """

    assert base_run(python, trees, script, WHERE) == f"True True\n{ALL_FROM_BASE}"


@pytest.mark.parametrize("import_mode", ["prepend", "append", "importlib"])
def test_pytest_runs_the_heads_suite_over_the_bases_library(python, make_trees, import_mode):
    trees = make_trees(SRC, SETUPTOOLS + NAMED + IN_SRC)
    trees.project.write(
        {
            "tests/conftest.py": "import pytest\n@pytest.fixture\ndef side():\n    import helper\n    return helper.side()\n",
            "tests/helper.py": "import pkg.core\ndef side(): return pkg.core.SIDE\n",
            "tests/test_side.py": "import solo\ndef test_side(side):\n    print('SAW', side, solo.SIDE)\n    assert side == 'base'\n",
        }
    )
    script = f"""
    import pytest
    from pytest_bolt.repo.overlay import apply, suite_files
    tests = other / "tests" / "test_side.py"
    apply(own, other, suite_files(other, [tests], config_file=other / "pyproject.toml", testpaths=[]))
    sys.path.insert(0, str(own / "tests"))
    options = ["-q", "-s", "-p", "no:cacheprovider", "-p", "no:randomly", "--import-mode={import_mode}"]
    print(int(pytest.main([*options, str(own / "tests")])))
    """
    installed = "import sys; sys.path.append({!r})".format(f"{trees.head}/src")  # as a path file does
    running = dataclasses.replace(python, executable=Path(sys.executable))

    seen = running.run(
        f"{textwrap.dedent(script)}{PROVE}",
        cwd=trees.base,
        own=trees.base,
        other=trees.head,
        before=installed,
        environment={"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
    )

    assert "SAW base base" in seen
    assert seen.splitlines()[-2:] == ["0", "('pkg', 'solo') []"]


def test_it_loads_nothing_but_the_standard_library(python, tmp_path):
    script = """
    import pytest_bolt.repo.proof, pytest_bolt.repo.isolation
    print(sorted({name.partition(".")[0] for name in sys.modules} - sys.stdlib_module_names - {"pytest_bolt"}))
    print("asyncio" in sys.modules, "importlib.metadata" in sys.modules)
    """

    assert python.run(script, cwd=tmp_path).splitlines() in (
        ["['__main__']", "False False"],
        ["[]", "False False"],
    )
