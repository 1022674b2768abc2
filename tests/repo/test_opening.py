from __future__ import annotations

import subprocess
import sys

import pytest

from pytest_bolt.errors import BoltError
from pytest_bolt.repo.commands import ask, common_folder, read_object, run, top_level
from pytest_bolt.repo.opening import main_worktree, open_repository


def test_it_is_found_from_a_folder_inside(project):
    project.write({"a/b/c.txt": ""})

    assert top_level(open_repository(project.root / "a" / "b")) == project.root


def test_a_folder_outside_of_any_repository(tmp_path):
    folder = tmp_path / "plain"
    folder.mkdir()

    with pytest.raises(BoltError, match="not a git repository") as caught:
        open_repository(folder)
    assert str(folder) in str(caught.value)
    assert "git init" in str(caught.value)


def test_a_folder_that_does_not_exist(tmp_path):
    with pytest.raises(BoltError, match="not a git repository"):
        open_repository(tmp_path / "nowhere")


def test_a_bare_repository(tmp_path, project):
    project.git("clone", "--quiet", "--bare", str(project.root), str(tmp_path / "bare.git"))

    with pytest.raises(BoltError, match="bare repository") as caught:
        open_repository(tmp_path / "bare.git")
    assert "git worktree add" in str(caught.value)


def test_without_a_git_executable(project, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(BoltError, match="git cannot be run") as caught:
        open_repository(project.root)
    assert "install git" in str(caught.value)


def test_a_git_executable_that_does_not_work(project, tmp_path):
    (tmp_path / "git").write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / "git").chmod(0o755)
    script = (
        "from pathlib import Path\n"
        "from pytest_bolt.errors import BoltError\n"
        "from pytest_bolt.repo.refs import open_repository\n"
        f"try: open_repository(Path({str(project.root)!r}))\n"
        "except BoltError as error: print(error)\n"
    )

    done = subprocess.run(
        [sys.executable, "-c", script],
        env={"PATH": str(tmp_path), "PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )

    assert "git cannot be run" in done.stdout


def test_variables_of_a_hook_do_not_lead_elsewhere(make_project, monkeypatch):
    mine, other = make_project("mine"), make_project("other")
    commit = mine.commit("mine alone", {"mine.py": "X = 1\n"})
    monkeypatch.setenv("GIT_DIR", str(other.root / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(other.root))
    monkeypatch.setenv("GIT_INDEX_FILE", str(other.root / ".git" / "index"))
    monkeypatch.setenv("GIT_COMMON_DIR", str(other.root / ".git"))

    repo = open_repository(mine.root)

    assert common_folder(repo) == mine.root / ".git"
    assert ask(repo, "rev-parse", "HEAD") == commit
    assert ask(repo, "ls-files", "--modified", "--deleted") == ""


def test_variables_of_a_hook_are_put_back(project, monkeypatch):
    import os

    monkeypatch.setenv("GIT_PREFIX", "sub/")

    project.repo()

    assert os.environ["GIT_PREFIX"] == "sub/"


def test_a_repository_of_another_user(project, monkeypatch):
    repo = project.repo()
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")

    with pytest.raises(BoltError, match="does not trust this repository") as caught:
        run(repo, "status")
    assert f"safe.directory {project.root}" in str(caught.value)


def test_a_command_that_fails_for_its_own_reason(project):
    with pytest.raises(BoltError, match="git cat-file failed") as caught:
        ask(project.repo(), "cat-file", "-p", "nothing")
    assert "Not a valid object name nothing" in str(caught.value)


def test_a_command_in_a_repository_that_has_vanished_runs_nowhere_else(project, make_project, monkeypatch):
    repo = project.repo()
    elsewhere = make_project("elsewhere")
    monkeypatch.chdir(elsewhere.root)
    project.root.rename(project.root.with_name("moved"))

    answer = run(repo, "rev-parse", "HEAD")

    assert answer.status != 0


def test_content_of_a_file_at_a_commit_keeps_every_byte(project):
    (project.root / "raw").write_bytes(b"\xff\n\n\r\n")
    commit = project.commit("raw")

    assert read_object(project.repo(), f"{commit}:raw") == b"\xff\n\n\r\n"
    assert read_object(project.repo(), f"{commit}:none") is None


def test_main_worktree_of_itself(project):
    assert main_worktree(project.repo()) == project.root


def test_main_worktree_of_a_linked_one(project, tmp_path):
    project.git("worktree", "add", "--quiet", "--detach", str(tmp_path / "linked one"))

    linked = open_repository(tmp_path / "linked one")

    assert top_level(linked) == tmp_path / "linked one"
    assert main_worktree(linked) == project.root


def test_main_worktree_of_one_linked_to_a_bare_repository_is_itself(project, tmp_path):
    bare = tmp_path / "hub.git"
    project.git("clone", "--quiet", "--bare", str(project.root), str(bare))
    project.git("--git-dir", str(bare), "worktree", "add", "--quiet", str(tmp_path / "linked"), "main")

    assert main_worktree(open_repository(tmp_path / "linked")) == tmp_path / "linked"


def test_main_worktree_of_a_submodule_is_the_submodule(project, make_project):
    library = make_project("library")
    allow = ("-c", "protocol.file.allow=always")
    project.git(*allow, "submodule", "--quiet", "add", str(library.root), "vendor")

    repo = open_repository(project.root / "vendor")

    assert main_worktree(repo) == project.root / "vendor"
