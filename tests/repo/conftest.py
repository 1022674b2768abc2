"""Small generated repositories."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from git import Repo
from isolation_projects import Trees
from suite_trees import make

import pytest_bolt
from pytest_bolt.repo.opening import open_repository

PLUGIN_HOME = Path(pytest_bolt.__file__).parents[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A repository in a temporary folder."""

    root: Path

    def git(self, *arguments: str) -> str:
        done = subprocess.run(
            ["git", "-C", str(self.root), *arguments], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def write(self, files: dict[str, str]) -> Project:
        for name, text in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(text))
        return self

    def commit(self, message: str, files: dict[str, str] | None = None) -> str:
        self.write(files or {})
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", message)
        return self.git("rev-parse", "HEAD")

    def repo(self) -> Repo:
        return open_repository(self.root)


@pytest.fixture(autouse=True)
def plain_git(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Git as on a fresh machine: no configuration of the user's, no hook's variables."""
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "A")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "a@example.org")


@pytest.fixture
def make_project(tmp_path: Path) -> Callable[..., Project]:
    """Return a maker of empty repositories on the branch `main`."""

    def make(name: str = "project", *, empty: bool = False) -> Project:
        root = tmp_path / name
        root.mkdir(parents=True)
        project = Project(root=root)
        project.git("init", "--quiet", "--initial-branch=main")
        if not empty:
            project.commit("first", {"code.py": "VALUE = 1\n"})
        return project

    return make


@pytest.fixture
def project(make_project: Callable[..., Project]) -> Project:
    """Return a repository with one commit."""
    return make_project()


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@dataclass(frozen=True, slots=True, kw_only=True)
class Python:
    """A fresh interpreter in which a tree has been entered; `site` is its site-packages."""

    executable: Path
    site: Path

    def run(
        self,
        script: str,
        *,
        cwd: Path,
        own: Path | None = None,
        other: Path | None = None,
        environment: dict[str, str] | None = None,
        before: str = "",
    ) -> str:
        """Run a script, after `before` and `enter_tree` where trees are given; return what it prints."""
        enter = ""
        if own is not None:
            enter = (
                "from pathlib import Path\n"
                "from pytest_bolt.repo.isolation import enter_tree\n"
                f"own, other = Path({str(own)!r}), Path({str(other)!r})\n"
                "finder = enter_tree(own=own, other=other)\n"
            )
        plugin = f"import sys; sys.path.insert(0, {str(PLUGIN_HOME)!r})\n{before}\n"
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
        done = subprocess.run(
            [str(self.executable), "-c", plugin + enter + textwrap.dedent(script)],
            cwd=cwd,
            env=inherited | (environment or {}),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()


@pytest.fixture
def python(tmp_path: Path) -> Python:
    """Return an interpreter with empty site-packages: a virtual environment written by hand."""
    return make_python(tmp_path / "env")


def make_python(folder: Path) -> Python:
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    site = folder / "lib" / version / "site-packages"
    site.mkdir(parents=True)
    (folder / "bin").mkdir()
    executable = folder / "bin" / "python"
    base = Path(sys._base_executable)
    executable.symlink_to(base)
    (folder / "pyvenv.cfg").write_text(f"home = {base.parent}\ninclude-system-site-packages = false\n")
    return Python(executable=executable, site=site)


@pytest.fixture
def new_python(tmp_path: Path) -> Callable[[Path], Python]:
    return make_python


@pytest.fixture
def head(tmp_path: Path) -> Path:
    """A folder with a library, for the suite of a test."""
    return make(tmp_path / "head", "pkg/__init__.py", "pkg/core.py", "pyproject.toml", "README.md")


@pytest.fixture
def make_trees(make_project, tmp_path):
    """Make a project with its first commit in a worktree, the base, and its second as the head."""

    def make(files: dict[str, str], pyproject: str, *, base: Path | None = None) -> Trees:
        project = make_project("head", empty=True)
        base = base or tmp_path / "base"
        common = {
            "pyproject.toml": pyproject,
            ".gitignore": "build/\n*.egg-info/\n__pycache__/\n_version.py\n*.so\n/base\n",
        }
        for side in ("base", "head"):
            project.commit(
                side, common | {name: text.replace("{side!r}", repr(side)) for name, text in files.items()}
            )
        project.git("worktree", "add", "--quiet", "--detach", str(base), "HEAD~1")
        return Trees(project, base)

    return make


@pytest.fixture
def two(project):
    """The shas of two commits; the second adds a file."""
    first = project.git("rev-parse", "HEAD")
    return first, project.commit("second", {"code.py": "VALUE = 2\n", "more.py": ""})
