"""A worktree of a commit, reused and made pristine."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from worktree_places import files_of, slots_of

from pytest_bolt.repo.cache import cache_folder
from pytest_bolt.repo.opening import open_repository
from pytest_bolt.repo.worktrees import acquire, counterpart
from pytest_bolt.scratch import make_writable


def test_a_tree_of_the_commit(project, cache, two):
    with acquire(project.repo(), two[0], cache) as tree:
        assert files_of(tree.path) == {"code.py"}
        assert (tree.path / "code.py").read_text() == "VALUE = 1\n"
        assert (tree.commit, tree.reused, tree.notes) == (two[0], False, ())
        assert tree.path.name == project.root.name
    assert project.git("status", "--porcelain") == ""
    assert project.git("branch", "--show-current") == "main"


def test_the_same_commit_again_reuses_it(project, cache, two):
    with acquire(project.repo(), two[0], cache) as one:
        pass
    with acquire(project.repo(), two[0], cache) as again:
        assert again.reused
        assert again.path == one.path


def test_another_commit_takes_the_free_place(project, cache, two):
    with acquire(project.repo(), two[1], cache) as one:
        pass
    with acquire(project.repo(), two[0], cache) as other:
        assert not other.reused
        assert other.path == one.path
        assert files_of(other.path) == {"code.py"}


def test_the_place_at_that_commit_is_preferred(project, cache, two):
    with acquire(project.repo(), two[0], cache) as one, acquire(project.repo(), two[1], cache) as other:
        assert one.path != other.path
    with acquire(project.repo(), two[1], cache) as again:
        assert again.path == other.path


def test_a_used_tree_is_made_pristine(project, cache, two):
    project.commit("ignore", {".gitignore": "*.so\n"})
    commit = project.git("rev-parse", "HEAD")
    with acquire(project.repo(), commit, cache) as tree:
        (tree.path / "code.py").write_text("VALUE = 9\n")
        (tree.path / "more.py").unlink()
        (tree.path / "built.so").write_text("")
        subprocess.run(["git", "init", "--quiet", str(tree.path / "nested")], check=True)
        (tree.path / "locked" / "deep").mkdir(parents=True)
        (tree.path / "locked" / "deep" / "x").write_text("")
        (tree.path / "locked" / "deep" / "x").chmod(0o400)
        (tree.path / "locked" / "deep").chmod(0o500)
        subprocess.run(["git", "-C", str(tree.path), "switch", "--quiet", "-c", "left-behind"], check=True)
    with acquire(project.repo(), commit, cache) as again:
        assert again.path == tree.path
        assert files_of(again.path) == {"code.py", "more.py", ".gitignore"}
        assert not (again.path / "nested").exists()
        assert not (again.path / "locked").exists()
        assert (again.path / "code.py").read_text() == "VALUE = 2\n"
    assert project.git("worktree", "list").count("detached") == 1


def test_folders_that_tests_closed_can_be_removed_by_an_ordinary_user(tmp_path):
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b").chmod(0o400)
    (tmp_path / "a").chmod(0o500)

    make_writable(tmp_path)

    assert {oct((tmp_path / name).stat().st_mode & 0o700) for name in ("a", "a/b")} == {"0o700"}


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError, SystemExit])
def test_nothing_is_left_behind_by_an_exception(project, cache, error):
    with pytest.raises(error), acquire(project.repo(), project.git("rev-parse", "HEAD"), cache):
        raise error

    assert slots_of(cache) == []
    assert project.git("worktree", "list").count("\n") == 0
    assert not (project.root / ".git" / "worktrees").exists()
    with acquire(project.repo(), project.git("rev-parse", "HEAD"), cache):
        pass


def test_a_path_with_spaces_and_letters_of_all_kinds(make_project, tmp_path):
    project = make_project("großes Projekt 'a'\n☃")
    with acquire(project.repo(), project.git("rev-parse", "HEAD"), tmp_path / "der Cache") as tree:
        assert files_of(tree.path) == {"code.py"}


def test_hooks_do_not_run(project, cache, tmp_path):
    hook = project.root / ".git" / "hooks" / "post-checkout"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ntouch '{tmp_path}/ran'\n")
    hook.chmod(0o755)

    with acquire(project.repo(), project.git("rev-parse", "HEAD"), cache):
        pass

    assert not (tmp_path / "ran").exists()


def test_in_a_hook_of_the_users_own_commit(project, cache, monkeypatch, two):
    index = project.root / ".git" / "index"
    before = index.read_bytes()
    monkeypatch.setenv("GIT_DIR", str(project.root / ".git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(index))
    monkeypatch.setenv("GIT_WORK_TREE", str(project.root))

    with acquire(project.repo(), two[0], cache) as tree:
        assert files_of(tree.path) == {"code.py"}

    assert index.read_bytes() == before
    assert (project.root / "more.py").exists()


def test_from_a_linked_worktree(project, cache, tmp_path, two):
    project.git("worktree", "add", "--quiet", "--detach", str(tmp_path / "linked"), two[1])

    with acquire(open_repository(tmp_path / "linked"), two[0], cache) as tree:
        assert tree.path.name == "linked"
        assert files_of(tree.path) == {"code.py"}


def test_a_cache_inside_the_repository_does_not_make_it_dirty(project):
    with acquire(project.repo(), project.git("rev-parse", "HEAD"), project.root / "cache") as tree:
        assert files_of(tree.path) == {"code.py"}
        assert project.git("status", "--porcelain", "--untracked-files=all") == ""


def test_git_does_not_clean_itself_up_meanwhile(project, cache, monkeypatch, tmp_path):
    log = tmp_path / "trace"
    monkeypatch.setenv("GIT_TRACE", str(log))
    project.git("config", "gc.auto", "1")

    with acquire(project.repo(), project.git("rev-parse", "HEAD"), cache):
        pass

    assert "worktree add" in log.read_text()
    assert not re.search(r"git (gc|maintenance)", log.read_text())


def test_the_counterpart_of_a_root_in_a_monorepo(project):
    (project.root / "packages" / "a").mkdir(parents=True)

    assert counterpart(project.repo(), Path("/base"), project.root) == Path("/base")
    assert counterpart(project.repo(), Path("/base"), project.root / "packages" / "a") == Path(
        "/base/packages/a"
    )


@pytest.mark.parametrize(
    ("environ", "folder"),
    [
        ({"BOLT_CACHE_DIR": "/c", "XDG_CACHE_HOME": "/x", "HOME": "/h"}, "/c"),
        ({"XDG_CACHE_HOME": "/x", "HOME": "/h"}, "/x/pytest-bolt"),
        ({"XDG_CACHE_HOME": "relative", "HOME": "/h"}, "/h/.cache/pytest-bolt"),
        ({"BOLT_CACHE_DIR": "", "HOME": "/h"}, "/h/.cache/pytest-bolt"),
    ],
)
def test_the_cache_folder(environ, folder):
    assert cache_folder(environ) == Path(folder)
