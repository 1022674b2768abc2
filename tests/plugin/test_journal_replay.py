"""`pytest-bolt journal replay`: a stored command again at its own commit, and what it says of the entry."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from plugin_projects import heed_ctrl_c

from pytest_bolt.journal.markers import entries_in

LIBRARY = "def count():\n    return 12\n"
SUITE = """
import os
import pytest
from mylib.core import count

@pytest.mark.claim("Count", "there are 12", expect="items == 12")
def test_count(claim):
    claim.found("items", count() + int(os.environ.get("MORE", "0")))
"""
WAITING = """
import os, time
import pytest
from pathlib import Path

@pytest.mark.claim("Count", "there are 12", expect="items == 12")
def test_count(claim):
    if "WAIT" in os.environ:
        Path(os.environ["WAIT"]).write_text(str(os.getpid()))
        time.sleep(60)
    claim.found("items", 12)
"""


pytestmark = pytest.mark.slow
COMMAND = (sys.executable, "-m", "pytest_bolt", "journal")


class Replays:
    """A project whose one claim has an entry in `journal/J.md`."""

    def __init__(self, project):
        self.project = project
        self.journal = project.root / "journal/J.md"

    def write(self, suite=SUITE, *arguments):
        self.project.commit("suite", {"tests/test_speed.py": suite, "mylib/core.py": LIBRARY})
        return self.entry(*arguments)

    def entry(self, *arguments):
        result = self.project.pytest("--bolt-journal=paper:journal/J.md", *arguments)
        assert "wrote" in result.stdout.str(), result.stdout.str()
        return entries_in(self.journal.read_text())[0].entry_id

    def run(self, *arguments, **environment):
        command = [*COMMAND, *arguments]
        variables = {**os.environ, **environment}
        return subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=False,
            env=variables,
            stdin=subprocess.DEVNULL,
            cwd=self.project.root,
        )


@pytest.fixture
def replays(project):
    return Replays(project)


def test_entry_is_replicated_at_its_own_commit_and_told_in_the_same_journal(replays):
    entry_id = replays.write()
    replays.project.library("def count():\n    return 99\n")  # what is checked out now says nothing
    replays.project.commit("another count")
    done = replays.run("replay", entry_id, "--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "replicated: ruling, the hypothesis: confirmed | confirmed; both say the same" in done.stdout
    assert "replicated: items, tests/test_speed.py::test_count: 12 | 12;" in done.stdout
    text = replays.journal.read_text()
    new, old = entries_in(text)
    assert old.entry_id == entry_id
    assert [(str(link.relation), link.entry_id) for link in new.links] == [("replicates", entry_id)]
    assert f"**Replication** of `{entry_id}`: **replicated**." in new.body
    assert "Replication: Count" in new.body
    assert replays.run("verify").stdout.startswith("2 verified, 0 differ")
    forged = text.replace("**replicated**; both", "**not replicated**; both")
    replays.journal.write_text(forged)
    assert "there stands not replicated, the store gives replicated" in replays.run("verify").stdout
    replays.journal.write_text(text)
    again = re.search(r"^replicated: (\S+) replicates", done.stdout, re.MULTILINE)[1]
    assert replays.run("write", again.partition("-")[0], "paper:journal/J.md").returncode == 0
    assert replays.journal.read_text() == text  # written again from the store, it is the same


def test_another_result_is_not_replicated(replays):
    entry_id = replays.write()
    done = replays.run("replay", entry_id, "--yes", MORE="3")
    assert done.returncode == 1
    assert "not replicated: items, tests/test_speed.py::test_count: 12 | 15; they differ by +3" in done.stdout
    assert "not replicated: ruling, the hypothesis: confirmed | refuted" in done.stdout
    assert f"replicates {entry_id}" in done.stdout


def test_uncommitted_changes_of_the_run_are_applied(replays):
    replays.project.commit("suite", {"tests/test_speed.py": SUITE, "mylib/core.py": LIBRARY})
    replays.project.write({"mylib/core.py": "from mylib.more import N\n\ndef count():\n    return N\n"})
    replays.project.write({"mylib/more.py": "N = 14\n"})
    entry_id = replays.entry()
    replays.project.git("checkout", "--quiet", "mylib/core.py")
    (replays.project.root / "mylib/more.py").unlink()
    done = replays.run("replay", entry_id, "--yes")
    assert "items, tests/test_speed.py::test_count: 14 | 14" in done.stdout
    assert "with its uncommitted changes" in done.stdout
    assert "was not the same to the byte" not in done.stdout
    assert replays.project.git("status", "--porcelain", "--untracked-files=no") == ""
    assert not (replays.project.root / "mylib/more.py").exists()


def test_command_that_was_typed_in_a_folder_runs_in_that_folder(replays, monkeypatch):
    replays.project.commit("suite", {"tests/test_speed.py": WAITING})
    monkeypatch.chdir(replays.project.root / "tests")
    entry_id = replays.entry("test_speed.py", "--bolt-journal=paper:../journal/J.md")
    done = replays.run("replay", entry_id, str(replays.journal), "--yes")
    assert done.returncode == 0, done.stdout + done.stderr


def test_nothing_is_run_unconfirmed(replays):
    entry_id = replays.write()
    before = replays.journal.read_bytes()
    done = replays.run("replay", entry_id)
    assert done.returncode == 2
    assert "nobody is there to confirm the command" in done.stderr
    assert re.search(r"^command +pytest .*--bolt-seed=\d+ --bolt-store=", done.stdout, re.MULTILINE)
    assert replays.journal.read_bytes() == before


def test_what_cannot_be_repeated_is_said_and_leaves_nothing(replays, tmp_path):
    entry_id = replays.write()
    root, store = replays.project.root, replays.project.root / ".bolt/store.sqlite"
    replays.project.commit("another")
    shallow = tmp_path / "shallow"
    subprocess.run(["git", "clone", "-q", "--depth=1", f"file://{root}", str(shallow)], check=True)
    done = subprocess.run(
        [*COMMAND, "replay", entry_id, str(replays.journal), "--yes", f"--store={store}"],
        cwd=shallow,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "the head commit of this run is not in the repository" in done.stderr
    assert "git fetch --unshallow" in done.stderr
    failing = replays.run("replay", entry_id, "--yes", PYTEST_ADDOPTS="--nope")
    assert failing.returncode == 2
    assert "the command gave no result" in failing.stderr
    assert "exit code  4" in failing.stderr
    elsewhere = replays.run("replay", entry_id, "tests", "--yes")
    assert "the folder has no journal" in elsewhere.stderr
    assert len(entries_in(replays.journal.read_text())) == 1
    assert len(replays.project.git("worktree", "list").splitlines()) == 1


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_interrupted_replay_leaves_the_journal_and_no_process(replays, tmp_path, how):
    entry_id = replays.write(WAITING)
    before, flag = replays.journal.read_bytes(), tmp_path / "flag"
    command = [*COMMAND, "replay", entry_id, "--yes"]
    child = subprocess.Popen(
        command,
        env={**os.environ, "WAIT": str(flag)},
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        preexec_fn=heed_ctrl_c,  # noqa: PLW1509 - this test runs no threads
    )
    number = _written(flag)
    if how is signal.SIGINT:
        os.killpg(child.pid, how)
        assert child.wait(60) == 130
        assert len(replays.project.git("worktree", "list").splitlines()) == 1
    else:
        child.kill()
        child.wait(60)
    assert _gone(number)
    assert replays.journal.read_bytes() == before
    assert sorted(path.name for path in replays.journal.parent.iterdir()) == ["J.md"]
    assert replays.run("replay", entry_id, "--yes").returncode == 0  # what is left is in nobody's way


def _written(flag: Path) -> int:
    for _ in range(600):
        if flag.exists() and flag.read_text():
            return int(flag.read_text())
        time.sleep(0.1)
    raise AssertionError("the test was never reached")


def _gone(number: int) -> bool:
    for _ in range(300):
        try:
            state = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0]
        except FileNotFoundError:
            return True
        if state == "Z":
            return True
        time.sleep(0.1)
    return False
