"""Places of worktrees that are held, damaged, left behind or too many."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from worktree_places import DAY, files_of, slots_of

from pytest_bolt.repo.worktrees import KEPT_PER_REPOSITORY, acquire, prune

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
