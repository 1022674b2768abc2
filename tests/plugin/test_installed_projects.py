"""A project that is installed, editable or not, with all that an installation brings along."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from plugin_projects import COMPARE, QUICK

pytestmark = pytest.mark.slow

PYPROJECT = """
    [build-system]
    requires = ["setuptools"]
    build-backend = "setuptools.build_meta"

    [project]
    name = "mylib"
    version = "1.0"
    entry-points.pytest11.mylib_plugin = "mylib.plugin"
    entry-points.mylib_kinds.first = "mylib.core:side"

    [tool.setuptools]
    packages = ["mylib"]
    package-dir = {"" = "src"}
    package-data.mylib = ["*.txt"]

    [tool.pytest.ini_options]
    addopts = ["--import-mode=importlib"]
"""
PLUGIN = """
    import pytest
    from mylib.core import SIDE

    @pytest.fixture
    def plugin_side():
        return SIDE
"""
CORE = """
    SIDE = {side!r}

    def side():
        return SIDE, __file__
"""
SUITE = """
    import os
    from importlib.metadata import entry_points, version
    from importlib.resources import files

    def test_of_an_installation(benchmark, plugin_side):
        from mylib import _version
        (entry,) = entry_points(group="mylib_kinds")
        side, file = benchmark(entry.load())
        data = (files("mylib") / "data.txt").read_text()
        with open(os.environ["TRACE"], "a") as trace:
            trace.write(f"{side} {plugin_side} {data} {version('mylib')} {_version.version} {file}\\n")
"""
LAZY = """
    def test_lazily(benchmark):
        from mylib.core import side
        benchmark(side)
"""


@pytest.fixture
def environment(tmp_path):
    """Return the interpreter of a virtual environment that has all of this one, and can be written."""
    folder = tmp_path / "env"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    (site,) = folder.glob("lib/python*/site-packages")
    here = [path for path in sys.path if Path(path).name == "site-packages"]
    (site / "outer.pth").write_text("".join(f"import site; site.addsitedir({path!r})\n" for path in here))
    return folder / "bin" / "python"


def pytest_in(python: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    # `-P`: as with the `pytest` command, the current folder is not on the path.
    command = [python, "-P", "-m", "pytest", "-p", "no:cacheprovider", COMPARE, QUICK, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def install(python: Path, *options: str) -> None:
    command = [
        python,
        "-m",
        "pip",
        "install",
        "--no-build-isolation",
        "--no-deps",
        "--no-index",
        *options,
        ".",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_an_editable_install_and_a_copy(empty_project, environment, monkeypatch, tmp_path):
    project, trace = empty_project, tmp_path / "trace"
    monkeypatch.setenv("TRACE", str(trace))
    project.write({"src/mylib/core.py": CORE.format(side="old"), "src/mylib/data.txt": "old"})
    project.commit(
        "old",
        {
            "pyproject.toml": PYPROJECT,
            ".gitignore": "_version.py\n*.egg-info\nbuild/\n__pycache__\n",
            "src/mylib/__init__.py": "",
            "src/mylib/plugin.py": PLUGIN,
            "tests/test_mylib.py": SUITE,
        },
    )
    project.write({"src/mylib/core.py": CORE.format(side="new"), "src/mylib/data.txt": "new"})
    project.write({"src/mylib/_version.py": "version = 'generated'\n"})
    install(environment, "--editable")
    done = pytest_in(environment)
    assert "1 passed" in done.stdout, done.stdout + done.stderr
    assert "base: copied from the other tree, where it was generated: src/mylib/_version.py" in done.stdout
    told = {tuple(line.split()) for line in trace.read_text().splitlines()}
    assert {facts[:-1] for facts in told} == {
        (side, side, side, "1.0", "generated") for side in ("old", "new")
    }
    places = {facts[0]: facts[-1] for facts in told}
    assert places["new"].startswith(f"{project.root}{os.sep}")
    assert places["old"].startswith(f"{tmp_path / 'cache'}{os.sep}")
    # Installed as a copy, and imported no sooner than in the test: both sides would measure the copy.
    project.edit("pyproject.toml", 'entry-points.pytest11.mylib_plugin = "mylib.plugin"\n', "")
    project.write({"tests/test_mylib.py": LAZY})
    install(environment)
    done = pytest_in(environment)
    assert done.returncode == pytest.ExitCode.USAGE_ERROR, done.stdout + done.stderr
    assert done.stderr.count("ERROR:") == 1
    assert "the head loaded 'mylib' from an installed copy" in done.stderr
    assert "PYTHONPATH=src before the command" in done.stderr
    monkeypatch.setenv("PYTHONPATH", "src")
    done = pytest_in(environment)
    assert "1 passed" in done.stdout, done.stdout + done.stderr
