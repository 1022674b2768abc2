from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pytest_bolt.errors import BoltError
from pytest_bolt.repo import slots
from pytest_bolt.repo.cache import cache_folder, compiler_caches, prepare_cache
from pytest_bolt.repo.opening import open_repository
from pytest_bolt.repo.worktrees import KEPT_PER_REPOSITORY, acquire, counterpart, prune
from pytest_bolt.scratch import make_writable

DAY = 24 * 3600.0


def slots_of(cache: Path) -> list[Path]:
    return sorted(cache.glob("worktrees/*/*"))


def files_of(tree: Path) -> set[str]:
    return {str(path.relative_to(tree)) for path in tree.rglob("*") if path.is_file()} - {".git"}


@pytest.fixture
def two(project):
    """The shas of two commits; the second adds a file."""
    first = project.git("rev-parse", "HEAD")
    return first, project.commit("second", {"code.py": "VALUE = 2\n", "more.py": ""})


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


HOLD = """
import os, signal, sys, time
from pathlib import Path
signal.signal(signal.SIGINT, signal.default_int_handler)  # a process started in the background ignores Ctrl-C
sys.path[:0] = {path!r}
from pytest_bolt.repo.opening import open_repository
from pytest_bolt.repo.worktrees import acquire
with acquire(open_repository(Path({root!r})), {commit!r}, Path({cache!r})) as tree:
    print(tree.path, flush=True)
    sys.stdin.readline()
"""


def holder(project, commit, cache):
    script = HOLD.format(path=sys.path, root=str(project.root), commit=commit, cache=str(cache))
    process = subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    return process, Path(process.stdout.readline().strip())


def test_two_processes_with_the_same_commit_get_two_trees(project, cache):
    commit = project.git("rev-parse", "HEAD")
    process, held = holder(project, commit, cache)
    try:
        with acquire(project.repo(), commit, cache) as tree:
            assert tree.path != held
            assert files_of(tree.path) == files_of(held)
    finally:
        process.communicate("\n")
    assert len(slots_of(cache)) == 2


def test_the_place_of_a_killed_process_is_repaired(project, cache, two):
    process, held = holder(project, two[0], cache)
    (held / "junk").write_text("")
    (project.root / ".git" / "worktrees" / held.name / "index.lock").write_text("")
    process.send_signal(signal.SIGKILL)
    process.communicate()

    with acquire(project.repo(), two[1], cache) as tree:
        assert tree.path == held
        assert files_of(tree.path) == {"code.py", "more.py"}


def test_ctrl_c_in_another_process_leaves_nothing(project, cache):
    process, _ = holder(project, project.git("rev-parse", "HEAD"), cache)
    process.send_signal(signal.SIGINT)
    process.communicate()

    assert slots_of(cache) == []
    assert project.git("worktree", "list").count("\n") == 0


def break_gitfile(project, tree):
    (tree / ".git").write_text("gitdir: /nowhere\n")


def break_index(project, tree):
    (project.root / ".git" / "worktrees" / tree.name / "index").write_bytes(b"garbage")


def break_record(project, tree):
    import shutil

    shutil.rmtree(project.root / ".git" / "worktrees")


def break_marker(project, tree):
    (tree.parent / "commit").unlink()
    (tree / "code.py").unlink()


def break_tree(project, tree):
    import shutil

    shutil.rmtree(tree)


@pytest.mark.parametrize("damage", [break_gitfile, break_index, break_record, break_marker, break_tree])
def test_a_damaged_place_is_made_anew(project, cache, two, damage):
    with acquire(project.repo(), two[0], cache) as tree:
        pass
    damage(project, tree.path)

    with acquire(project.repo(), two[1], cache) as again:
        assert again.path == tree.path
        assert files_of(again.path) == {"code.py", "more.py"}
    assert project.git("worktree", "list").count("\n") == 1


def test_a_cache_wiped_by_hand_leaves_no_stale_record(project, cache, two):
    import shutil

    with acquire(project.repo(), two[0], cache), acquire(project.repo(), two[1], cache):
        pass
    shutil.rmtree(cache)

    with acquire(project.repo(), two[0], cache) as tree:
        assert files_of(tree.path) == {"code.py"}
    assert project.git("worktree", "list").count("\n") == 1


def test_the_users_own_worktrees_are_left_alone(project, cache, tmp_path, two):
    project.git("worktree", "add", "--quiet", "--detach", str(tmp_path / "on a stick"))
    (tmp_path / "on a stick").rename(tmp_path / "unmounted")

    with pytest.raises(RuntimeError), acquire(project.repo(), two[0], cache):
        raise RuntimeError
    with acquire(project.repo(), two[0], cache):
        pass

    assert "on a stick" in project.git("worktree", "list")


def use_slots(project, cache, commit, count):
    from contextlib import ExitStack

    with ExitStack() as stack:
        for _ in range(count):
            stack.enter_context(acquire(project.repo(), commit, cache))


def test_trees_beyond_the_limit_are_removed(project, cache):
    use_slots(project, cache, project.git("rev-parse", "HEAD"), KEPT_PER_REPOSITORY + 2)

    assert len(slots_of(cache)) == KEPT_PER_REPOSITORY
    assert project.git("worktree", "list").count("\n") == KEPT_PER_REPOSITORY


def test_trees_unused_for_14_days_are_removed(project, cache):
    use_slots(project, cache, project.git("rev-parse", "HEAD"), 2)
    old, new = slots_of(cache)
    now = time.time()
    os.utime(old / "lock", (now, now - 15 * DAY))
    os.utime(new / "lock", (now, now - 13 * DAY))

    prune(cache, now=now)

    assert slots_of(cache) == [new]
    assert project.git("worktree", "list").count("\n") == 1


def test_a_tree_in_use_is_never_pruned(project, cache):
    with acquire(project.repo(), project.git("rev-parse", "HEAD"), cache) as tree:
        prune(cache, now=time.time() + 100 * DAY)
        assert (tree.path / "code.py").exists()


def test_trees_of_a_repository_that_is_gone_are_removed(make_project, cache):
    import shutil

    gone, here = make_project("gone"), make_project("here")
    use_slots(gone, cache, gone.git("rev-parse", "HEAD"), 1)
    shutil.rmtree(gone.root)

    use_slots(here, cache, here.git("rev-parse", "HEAD"), 1)

    assert len(slots_of(cache)) == 1


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


def test_submodules_are_filled_from_the_users_own_copy(project, make_project, cache):
    library = make_project("library")
    project.git(
        "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(library.root), "vendor/lib"
    )
    base = project.commit("with a submodule")
    library.commit("newer", {"code.py": "VALUE = 2\n"})
    project.git("-C", "vendor/lib", "pull", "--quiet", "origin", "main")
    project.commit("submodule updated")

    for _ in range(2):
        with acquire(project.repo(), base, cache) as tree:
            assert (tree.path / "vendor" / "lib" / "code.py").read_text() == "VALUE = 1\n"
            assert tree.notes == ()
            (tree.path / "vendor" / "lib" / "code.py").write_text("changed by a test")
    assert project.git("-C", "vendor/lib", "status", "--porcelain") == ""


def test_a_submodule_that_is_not_here_is_noted(project, make_project, cache, tmp_path):
    library = make_project("library")
    project.git(
        "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(library.root), "vendor"
    )
    base = project.commit("with a submodule")
    project.git("clone", "--quiet", str(project.root), str(tmp_path / "clone"))

    with acquire(open_repository(tmp_path / "clone"), base, cache) as tree:
        assert tree.notes == ("submodules left empty in the base tree (their commit is not here): vendor",)


def lfs_pointer(content: bytes) -> tuple[str, str]:
    import hashlib

    digest = hashlib.sha256(content).hexdigest()
    text = f"version https://git-lfs.github.com/spec/v1\noid sha256:{digest}\nsize {len(content)}\n"
    return digest, text


def test_lfs_contents_come_from_the_local_store(project, cache):
    digest, pointer = lfs_pointer(b"weights")
    _, missing = lfs_pointer(b"never fetched")
    commit = project.commit(
        "data", {"a.bin": pointer, "b.bin": missing, ".gitattributes": "*.bin filter=lfs -text\n"}
    )
    project.git("config", "filter.lfs.process", "no-such-program")
    project.git("config", "filter.lfs.required", "true")
    stored = project.root / ".git" / "lfs" / "objects" / digest[:2] / digest[2:4] / digest
    stored.parent.mkdir(parents=True)
    stored.write_bytes(b"weights")

    for _ in range(2):
        with acquire(project.repo(), commit, cache) as tree:
            assert (tree.path / "a.bin").read_bytes() == b"weights"
            assert (tree.path / "b.bin").read_text() == missing
            assert tree.notes == (
                "1 Git LFS files are pointers in the base tree (git lfs fetch --all): b.bin",
            )


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
