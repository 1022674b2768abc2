from __future__ import annotations

from pathlib import Path

import pytest

from pytest_bolt.repo import state
from pytest_bolt.repo.state import differences, differs_only_in_suite, identical


def digest(project, **arguments):
    return state.diff_hash(project.repo(), project.git("rev-parse", "HEAD"), **arguments)


def test_a_clean_tree_has_no_hash(project):
    assert digest(project) == ""


def test_staged_or_not_the_hash_is_the_same(project):
    project.write({"code.py": "VALUE = 2\n"})
    unstaged = digest(project)
    project.git("add", "code.py")

    assert unstaged
    assert digest(project) == unstaged


def test_the_hash_follows_the_content(project):
    seen = {digest(project.write({"code.py": f"VALUE = {value}\n"})) for value in range(2, 6)}

    assert len(seen) == 4


def test_content_changed_back_is_no_difference(project):
    project.write({"code.py": "VALUE = 2\n"})
    project.git("add", "code.py")
    project.write({"code.py": "VALUE = 1\n"})

    assert digest(project) == ""


def test_a_touched_file_is_no_difference(project):
    import os

    os.utime(project.root / "code.py", (1, 1))

    assert digest(project) == ""


def test_untracked_files_count_with_their_content(project):
    one = digest(project.write({"new.py": "1"}))
    two = digest(project.write({"new.py": "2"}))

    assert "" not in {one, two}
    assert one != two


def test_ignored_files_do_not_count(project):
    project.commit("ignore", {".gitignore": "*.log\n"})

    assert digest(project.write({"run.log": "x"})) == ""


@pytest.mark.parametrize(
    "name", [".bolt/store.db", "sub/.bolt/x", "__pycache__/code.pyc", ".pytest_cache/v", ".hypothesis/x"]
)
def test_what_a_run_leaves_behind_does_not_count(project, name):
    assert digest(project.write({name: "x"})) == ""


def test_a_tracked_store_does_not_count_either(project):
    project.commit("a store by accident", {".bolt/store.db": "1"})

    assert digest(project.write({".bolt/store.db": "2"})) == ""


def test_files_that_the_run_writes_do_not_count(project):
    project.write({"journal/entry.md": "x", "result.json": "{}"})

    assert digest(project) != ""
    assert digest(project, ignore=[project.root / "journal" / "entry.md", project.root / "result.json"]) == ""


def test_a_deleted_file_a_mode_and_a_link_count(project):
    seen = {digest(project)}
    (project.root / "code.py").chmod(0o755)
    seen.add(digest(project))
    (project.root / "code.py").unlink()
    seen.add(digest(project))
    (project.root / "code.py").symlink_to("elsewhere")
    seen.add(digest(project))
    (project.root / "code.py").unlink()
    (project.root / "code.py").symlink_to("elsewhere else")
    seen.add(digest(project))

    assert len(seen) == 5


def test_names_that_git_would_quote(project):
    project.write({"größe\n\t'.py": "1"})

    assert differences(project.repo(), "HEAD") == ("größe\n\t'.py",)
    assert digest(project) != ""


def test_a_large_file_is_not_read(project, monkeypatch):
    monkeypatch.setattr(state, "_WHOLE_CONTENT", 10)
    one = digest(project.write({"data.bin": "x" * 11}))
    two = digest(project.write({"data.bin": "x" * 12}))

    assert "" not in {one, two}
    assert one != two


def test_a_changed_submodule_counts(project, make_project):
    library = make_project("library")
    project.git(
        "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(library.root), "vendor"
    )
    project.commit("with a submodule")
    clean = digest(project)
    (project.root / "vendor" / "code.py").write_text("VALUE = 2\n")
    one = digest(project)
    (project.root / "vendor" / "code.py").write_text("VALUE = 3\n")

    assert clean == ""
    assert len({clean, one, digest(project)}) == 3


def test_from_a_subfolder_all_of_the_repository_counts(project):
    project.commit("two", {"a/x.py": "", "b/y.py": ""})
    project.write({"b/y.py": "1", "b/z.py": ""})
    from pytest_bolt.repo.opening import open_repository

    assert differences(open_repository(project.root / "a"), "HEAD") == ("b/y.py", "b/z.py")


def test_identical_to_an_older_commit(project):
    first = project.git("rev-parse", "HEAD")
    project.commit("away", {"code.py": "VALUE = 2\n"})
    assert not identical(project.repo(), first)

    project.write({"code.py": "VALUE = 1\n"})

    assert identical(project.repo(), first)


def test_differences_in_the_suite_alone(project):
    base = project.git("rev-parse", "HEAD")
    project.write({"sub/tests/test_a.py": "", "sub/pyproject.toml": ""})
    lent = [Path("tests"), Path("pyproject.toml")]

    assert differs_only_in_suite(project.repo(), base, project.root / "sub", lent)
    assert not differs_only_in_suite(project.repo(), base, project.root, lent)
    assert not differs_only_in_suite(project.repo(), base, project.root.parent, lent)

    project.write({"code.py": "VALUE = 2\n"})
    assert not differs_only_in_suite(project.repo(), base, project.root / "sub", lent)


def test_what_is_written_beside_a_journal_is_left_out_and_nothing_else(project):
    run = "0a1b2c3d4e5f"
    written = [f"journal/figures/{run}-changes.svg", f"figures/{run}-004-heap-pairs-3.svg"]
    written += [f"journal/each/2026-01-02-fused-attention-{run}.md", f"2026-01-02-{run}.md"]
    others = [
        "figures/kernel.py",
        f"figures/{run}.svg",
        "figures/logo-changes.svg",
        "docs/2026-01-02-notes.md",
    ]
    project.write(dict.fromkeys([*written, *others], "x"))
    assert differences(project.repo(), "HEAD") == tuple(sorted(others))
