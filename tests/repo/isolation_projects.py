"""Projects installed editable by the real build back ends, and what a fresh interpreter says of them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import textwrap
import zipfile
from importlib.util import find_spec
from pathlib import Path

import pytest

FLAT = {"pkg/__init__.py": "", "pkg/core.py": "SIDE = {side!r}\n", "solo.py": "SIDE = {side!r}\n"}


SRC = {f"src/{name}": text for name, text in FLAT.items()}


SETUPTOOLS = "[build-system]\nrequires = ['setuptools']\nbuild-backend = 'setuptools.build_meta'\n"


NAMED = "[project]\nname = 'pkg'\nversion = '1.0'\n"


ALL_OF_IT = "[tool.setuptools]\npackages = ['pkg']\npy-modules = ['solo']\n"


IN_SRC = "[tool.setuptools]\npackages = ['pkg']\npy-modules = ['solo']\npackage-dir = {'' = 'src'}\n"


WHERE = """
import pkg.core, solo
print(pkg.core.SIDE, solo.SIDE, pkg.core.__file__.startswith(str(own)), solo.__file__.startswith(str(own)))
"""


ALL_FROM_BASE = "base base True True"


class Trees:
    """A project whose working tree is the head, and a worktree of its first commit, the base."""

    def __init__(self, project, base: Path) -> None:
        self.project, self.head, self.base = project, project.root, base


def install(python, root: Path, backend: str = "setuptools.build_meta", *, mode: str = "") -> None:
    """Install a project editable as pip does: the back end's wheel, unpacked into site-packages."""
    if find_spec(backend.partition(".")[0]) is None:
        pytest.skip(f"needs {backend.partition('.')[0]}")
    target = python.site.parent / "wheel"
    target.mkdir(exist_ok=True)
    settings = {"editable_mode": mode} if mode else {}
    script = f"import {backend} as backend; backend.build_editable({str(target)!r}, {settings!r})"
    path = os.pathsep.join(entry for entry in sys.path if "site-packages" in entry)
    done = subprocess.run(
        [sys.executable, "-P", "-c", script],
        cwd=root,
        env=os.environ | {"PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    with zipfile.ZipFile(next(target.glob("*.whl"))) as wheel:
        wheel.extractall(python.site)
    shutil.rmtree(target)


def base_run(python, trees: Trees, *scripts: str, **arguments) -> str:
    script = "\n".join(textwrap.dedent(script) for script in scripts)
    return python.run(script, cwd=trees.base, own=trees.base, other=trees.head, **arguments)


PROVE = """
from pytest_bolt.repo.proof import Proof, project_names
names = project_names(other)
print(names, [(m.module, str(m.kind)) for m in Proof(own=own, other=other, project_names=names).new()])
"""
