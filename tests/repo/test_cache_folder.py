"""Where the cache lies, and what is said when it or git cannot be used."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from worktree_places import DAY, slots_of

from pytest_bolt.errors import BoltError
from pytest_bolt.repo import slots
from pytest_bolt.repo.cache import cache_folder, compiler_caches, prepare_cache
from pytest_bolt.repo.worktrees import acquire, prune


def test_a_cache_folder_that_cannot_be_made(project, tmp_path):
    (tmp_path / "file").write_text("")

    with (
        pytest.raises(
            BoltError, match="cache folder, where the base is checked out, cannot be written"
        ) as caught,
        acquire(project.repo(), "HEAD", tmp_path / "file" / "cache"),
    ):
        pass
    assert str(tmp_path / "file" / "cache") in str(caught.value)
    assert "BOLT_CACHE_DIR=PATH" in str(caught.value)


def test_a_cache_folder_of_another_user_in_the_temporary_folder(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    prepare_cache(tmp_path / "bolt")
    monkeypatch.setattr(os, "getuid", lambda: (tmp_path / "bolt").stat().st_uid + 1)
    with pytest.raises(BoltError, match="the cache folder belongs to another user") as caught:
        prepare_cache(tmp_path / "bolt")
    assert "BOLT_CACHE_DIR=PATH" in str(caught.value)


def test_a_cache_folder_that_cannot_be_written(project, cache, monkeypatch):
    def read_only(*_: object) -> int:
        raise OSError(30, "Read-only file system")

    with acquire(project.repo(), project.git("rev-parse", "HEAD"), cache):
        pass
    monkeypatch.setattr(slots.os, "open", read_only)

    with (
        pytest.raises(BoltError, match="cannot be written") as caught,
        acquire(project.repo(), "HEAD", cache),
    ):
        pass
    assert "Read-only file system" in str(caught.value)


def fake_git(tmp_path, monkeypatch, message):
    """A git that fails to add a worktree, with the message of the real one."""
    import shutil

    real = shutil.which("git")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "git").write_text(
        f'#!/bin/sh\ncase "$*" in *"worktree add"*) echo "{message}" >&2; exit 128;; esac\nexec {real} "$@"\n'
    )
    (tmp_path / "bin" / "git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")


def test_a_full_disk(project, cache, tmp_path, monkeypatch):
    fake_git(tmp_path, monkeypatch, "fatal: write error: No space left on device")

    with (
        pytest.raises(BoltError, match="the disk of the cache folder is full") as caught,
        acquire(project.repo(), "HEAD", cache),
    ):
        pass
    assert "BOLT_CACHE_DIR=PATH" in str(caught.value)
    assert slots_of(cache) == []


def test_git_that_may_not_write_the_tree(project, cache, tmp_path, monkeypatch):
    fake_git(tmp_path, monkeypatch, "fatal: could not create leading directories: Permission denied")

    with pytest.raises(BoltError, match="cannot be written"), acquire(project.repo(), "HEAD", cache):
        pass


def test_a_repository_whose_git_folder_is_read_only(project, cache, tmp_path, monkeypatch):
    fake_git(tmp_path, monkeypatch, "fatal: could not create directory: Read-only file system")
    repo = project.repo()
    monkeypatch.setattr(os, "access", lambda path, mode: False)

    with (
        pytest.raises(BoltError, match="git cannot note a second worktree") as caught,
        acquire(repo, "HEAD", cache),
    ):
        pass
    assert "git clone" in str(caught.value)


def test_a_repository_that_vanishes(project, cache):
    repo = project.repo()
    project.root.rename(project.root.with_name("moved"))

    with pytest.raises(BoltError, match="the repository is gone") as caught, acquire(repo, "HEAD", cache):
        pass
    assert str(project.root) in str(caught.value)
    assert slots_of(cache) == []


def test_a_commit_that_git_cannot_check_out(project, cache):
    with pytest.raises(BoltError, match="git worktree failed"), acquire(project.repo(), "0" * 40, cache):
        pass
    assert slots_of(cache) == []


def test_the_cache_folder_of_a_user_without_a_home():
    assert cache_folder({}).name == f"pytest-bolt-{os.getuid()}"


def test_a_relative_cache_folder_is_relative_to_the_current_one(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    assert cache_folder({"BOLT_CACHE_DIR": "here"}) == tmp_path / "here"


def test_builds_and_just_in_time_caches_are_removed_when_unused(project, cache, two):
    with acquire(project.repo(), two[0], cache):
        pass
    folder = Path(compiler_caches(cache, tree="one")["TORCH_EXTENSIONS_DIR"]).parent
    (cache / "builds" / "0").mkdir(parents=True)
    prune(cache, now=time.time() + 13 * DAY)
    assert folder.is_dir()
    prune(cache, now=time.time() + 15 * DAY)
    assert not list((cache / "jit").iterdir()) + list((cache / "builds").iterdir())
