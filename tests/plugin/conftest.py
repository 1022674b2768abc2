"""A small project under git, and pytest run in it as a user would."""

from __future__ import annotations

import os

import pytest
from plugin_projects import LIBRARY, SUITE, Project


@pytest.fixture(autouse=True)
def plain_world(monkeypatch, tmp_path, pytester):
    """Git and pytest as on a fresh machine, with a cache folder of the test's own."""
    for name in [
        name
        for name in os.environ
        if name.startswith(("GIT_", "GITHUB_", "BOLT_", "COV_CORE_", "PYTEST_XDIST_"))
    ]:
        monkeypatch.delenv(name)
    # Plugins that have no part in any of this and take half of a process's start.
    monkeypatch.setenv("PYTEST_ADDOPTS", "-p no:hypothesispytest -p no:jaxtyping")
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("BOLT_CACHE_DIR", str(tmp_path / "cache"))
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "A")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "a@example.org")


@pytest.fixture
def empty_project(pytester, monkeypatch):
    """Return a repository without a commit, in which pytest is run."""
    root = pytester.path / "project"
    root.mkdir()
    project = Project(root=root, pytester=pytester)
    project.git("init", "--quiet", "--initial-branch=main")
    monkeypatch.chdir(root)
    return project


@pytest.fixture
def project(empty_project):
    """Return a repository with one commit: a library and one benchmark of it."""
    files = {
        "pytest.ini": "[pytest]\n",
        "mylib/__init__.py": "",
        "mylib/core.py": LIBRARY,
        "tests/test_speed.py": SUITE,
    }
    empty_project.commit("first", files)
    return empty_project
