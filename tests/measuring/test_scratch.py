"""Temporary folders outlive their owner only until the next run."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile

import pytest

from pytest_bolt import scratch as module
from pytest_bolt.measuring.process import FOLDER_VARIABLE, clear_away
from pytest_bolt.scratch import Scratch, abandoned, scratch

OWNER = """
import sys, time
from pytest_bolt.scratch import Scratch

lent = Scratch("worker")
(lent.folder / "deep").mkdir()
(lent.folder / "deep" / "file").touch()
(lent.folder / "deep").chmod(0o500)
print(lent.folder, flush=True)
time.sleep(600)
"""


@pytest.fixture(autouse=True)
def temporary(tmp_path, monkeypatch):
    """Return the temporary folder of this test and of what it starts."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    monkeypatch.setenv("TMPDIR", str(folder))
    return folder


@pytest.fixture
def owner():
    """A process with a scratch folder."""
    with subprocess.Popen([sys.executable, "-c", OWNER], stdout=subprocess.PIPE, text=True) as process:
        process.folder = process.stdout.readline().strip()
        yield process
        process.kill()


def test_the_folder_of_a_killed_process_is_swept_and_that_of_a_living_one_is_not(owner, temporary):
    mine = Scratch("worker")
    clear_away()
    assert {str(path) for path in temporary.iterdir()} == {owner.folder, str(mine.folder)}
    owner.send_signal(signal.SIGKILL)
    owner.wait()
    clear_away()
    assert list(temporary.iterdir()) == [mine.folder]
    mine.remove()
    assert list(temporary.iterdir()) == []


def test_what_ran_in_an_abandoned_folder_is_ended(owner):
    environ = os.environ | {FOLDER_VARIABLE: owner.folder}
    command = [sys.executable, "-c", "import time; print(flush=True); time.sleep(600)"]
    with subprocess.Popen(command, env=environ, start_new_session=True, stdout=subprocess.PIPE) as orphan:
        orphan.stdout.readline()
        clear_away()
        assert orphan.poll() is None
        owner.kill()
        owner.wait()
        clear_away()
        assert orphan.wait() == -signal.SIGKILL


def test_folders_without_a_lock_are_nobodys_business(temporary):
    (temporary / "pytest-bolt-notes").mkdir()
    (temporary / "pytest-bolt-1000" / "worktrees").mkdir(parents=True)
    (temporary / "pytest-bolt-file").touch()
    (temporary / "pytest-bolt-link").symlink_to(temporary / "pytest-bolt-notes")
    clear_away()
    assert len(list(temporary.iterdir())) == 4


def test_a_link_to_a_lock_or_folder_is_not_followed(temporary, tmp_path):
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / module._LOCK).touch()
    (temporary / "pytest-bolt-worker-link").symlink_to(precious)
    (temporary / "pytest-bolt-worker-odd").mkdir()
    (temporary / "pytest-bolt-worker-odd" / module._LOCK).symlink_to(precious / module._LOCK)
    assert list(abandoned()) == []
    assert (precious / module._LOCK).exists()


def test_another_users_folder_is_left(temporary, monkeypatch):
    folder = temporary / "pytest-bolt-worker-theirs"
    folder.mkdir()
    (folder / module._LOCK).touch()
    monkeypatch.setattr(os, "getuid", lambda: folder.stat().st_uid + 1)
    assert list(abandoned()) == []
    assert folder.exists()


def test_a_folder_is_removed_at_the_end_of_its_block(temporary):
    with scratch("build") as folder:
        assert folder.parent == temporary
        assert list(abandoned()) == []
    assert list(temporary.iterdir()) == []


def test_removing_twice_closes_nothing_of_others():
    lent = Scratch("worker")
    descriptor = lent._lock
    lent.remove()
    reading, writing = os.pipe()
    assert descriptor in {reading, writing}
    lent.remove()
    os.close(reading)
    os.close(writing)
