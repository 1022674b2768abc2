"""The head's suite laid over the base's library."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from suite_trees import make, names, select

from pytest_bolt.repo import overlay
from pytest_bolt.repo.overlay import apply, differs


@pytest.fixture
def base(tmp_path: Path) -> Path:
    return make(
        tmp_path / "base", "pkg/__init__.py", "pkg/core.py", "pyproject.toml", "README.md", text="base"
    )


def test_apply_makes_the_suite_the_heads_and_leaves_the_library(head, base):
    make(head, "tests/test_x.py", "tests/new.py", text="head")
    make(base, "tests/test_x.py", "tests/test_gone.py", "tests/old/gone.py", text="base")

    suite = select(head, "tests/test_x.py")
    assert differs(base, head, suite)
    done = apply(base, head, suite)

    assert (base / "tests" / "test_x.py").read_text() == "head"
    assert (base / "pkg" / "core.py").read_text() == "base"
    assert names(done.added) == {"tests/new.py"}
    assert names(done.replaced) == {"tests/test_x.py"}
    assert names(done.removed) == {"tests/test_gone.py", "tests/old/gone.py"}
    assert not (base / "tests" / "old").exists()
    assert done.changed
    assert not differs(base, head, suite)


def test_apply_of_an_equal_suite_changes_nothing(head, base):
    make(head, "tests/test_x.py", text="same")
    make(base, "tests/test_x.py", text="same")

    suite = select(head, "tests/test_x.py")

    assert not differs(base, head, suite)
    assert not apply(base, head, suite).changed


def test_conftests_and_configuration_that_the_head_has_dropped_go(head, base):
    make(head, "pkg/speed/test_x.py")
    make(base, "pkg/speed/test_x.py", "conftest.py", "pkg/conftest.py", "pytest.ini", "pkg/other/conftest.py")

    done = apply(base, head, select(head, "pkg/speed/test_x.py"))

    assert names(done.removed) == {"conftest.py", "pkg/conftest.py", "pytest.ini"}


def test_links_and_modes_are_kept(head, base, tmp_path):
    make(head, "tests/test_x.py", "tests/run.sh", "data/set.txt")
    (head / "tests" / "run.sh").chmod(0o755)
    (head / "tests" / "relative").symlink_to("../pkg")
    (head / "tests" / "absolute").symlink_to(head / "pkg")
    (head / "tests" / "outside").symlink_to(tmp_path / "outside")
    suite = select(head, "tests/test_x.py")

    apply(base, head, suite)

    tests = base / "tests"
    assert os.access(tests / "run.sh", os.X_OK)
    assert (tests / "relative").readlink() == Path("../pkg")
    assert (tests / "relative" / "core.py").read_text() == "base"
    assert (tests / "absolute" / "core.py").read_text() == "base"
    assert (tests / "outside").readlink() == tmp_path / "outside"


def test_what_was_a_file_becomes_a_folder_and_back(head, base):
    make(head, "tests/a/x.py", "tests/b", "tests/test_x.py")
    make(base, "tests/a", "tests/b/x.py", "tests/test_x.py")

    apply(base, head, select(head, "tests/test_x.py"))

    assert (base / "tests" / "a" / "x.py").is_file()
    assert (base / "tests" / "b").is_file()


def test_a_suite_that_was_a_link_into_the_library_leaves_the_library_whole(head, base):
    make(head, "tests/test_x.py")
    make(base, "pkg/inner/test_y.py")
    (base / "tests").symlink_to("pkg/inner")

    apply(base, head, select(head, "tests/test_x.py"))

    assert (base / "tests" / "test_x.py").is_file()
    assert not (base / "tests").is_symlink()
    assert (base / "pkg" / "inner" / "test_y.py").is_file()
    assert not (base / "pkg" / "inner" / "test_x.py").exists()


def test_large_data_is_linked_and_large_code_is_not(head, base, monkeypatch):
    monkeypatch.setattr(overlay, "_COPIED_BYTES", 3)
    make(head, "tests/test_x.py", "tests/weights.bin", text="large")

    apply(base, head, select(head, "tests/test_x.py"))

    assert (base / "tests" / "weights.bin").readlink() == head / "tests" / "weights.bin"
    assert not (base / "tests" / "test_x.py").is_symlink()


def test_what_is_no_file_is_not_copied(head, base):
    make(head, "tests/test_x.py")
    os.mkfifo(head / "tests" / "pipe")

    apply(base, head, select(head, "tests/test_x.py"))

    assert not (base / "tests" / "pipe").exists()
