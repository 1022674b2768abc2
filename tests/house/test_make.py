"""The Makefile's set-up, run with stand-ins for Python: nothing is installed."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest
from project_tree import ROOT

FAKE = """#!/bin/sh
echo "$0 $*" >> "$LOG"
case "$*" in
  *"import sys; sys.exit(sys.version_info"*) exit {old} ;;
  *"import ensurepip"*) exit {no_venv} ;;
  *"import pip, sys"*) exit 0 ;;
  *"-m venv"*) mkdir -p .venv/bin && cp "$0" .venv/bin/python ;;
  *"--editable"*) test ! -e interrupt || exit 130 ;;
  *"-m pytest"*) exit {tests} ;;
  --version) echo Python 3.9.2 ;;
esac
"""


@pytest.fixture
def checkout(tmp_path):
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, tmp_path)
    return tmp_path


def make(folder, target="test", old=0, no_venv=0, tests=0, python=None):
    fake = folder / "fake-python"
    fake.write_text(FAKE.format(old=old, no_venv=no_venv, tests=tests))
    fake.chmod(0o755)
    log = folder / "log"
    log.write_text("")
    environ = {"PATH": os.environ["PATH"], "LOG": str(log), "GIT_CEILING_DIRECTORIES": str(folder.parent)}
    command = ["make", target, f"PYTHON={python or fake}"]
    done = subprocess.run(command, cwd=folder, env=environ, check=False, capture_output=True, text=True)
    return done, log.read_text()


def git(folder, *arguments):
    identity = ["-c", "user.name=A", "-c", "user.email=a@example.com"]
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True)


def test_it_creates_the_environment_and_runs_the_tests(checkout):
    done, log = make(checkout)
    assert done.returncode == 0, done.stderr
    assert "-m venv --clear .venv" in log
    assert (
        "--constraint constraints.txt --no-build-isolation --editable .[suites,report,postgres,github,gitlab,dev]"
        in log
    )
    assert log.splitlines()[-1].endswith("-m pytest")


def test_a_second_run_installs_nothing(checkout):
    make(checkout)
    _, log = make(checkout)
    assert "install" not in log
    assert "-m pytest" in log


@pytest.mark.parametrize("name", ["pyproject.toml", "constraints.txt"])
def test_a_changed_requirement_installs_again(checkout, name):
    make(checkout)
    later = (checkout / ".venv/.installed").stat().st_mtime + 10
    os.utime(checkout / name, (later, later))
    _, log = make(checkout)
    assert "--editable" in log


def test_an_interrupted_installation_is_taken_up_again(checkout):
    (checkout / "interrupt").touch()
    done, log = make(checkout)
    assert done.returncode != 0
    assert "-m pytest" not in log
    (checkout / "interrupt").unlink()
    done, log = make(checkout)
    assert done.returncode == 0, done.stderr
    assert "--editable" in log


def test_an_old_python_is_named_with_the_way_out(checkout):
    done, log = make(checkout, old=1)
    assert done.returncode != 0
    assert "pytest-bolt needs Python 3.11 or newer" in done.stderr
    assert "is Python 3.9.2. Name another: make PYTHON=" in done.stderr
    assert "venv" not in log


def test_a_missing_venv_module_is_named_with_the_package(checkout):
    done, _ = make(checkout, no_venv=1)
    assert done.returncode != 0
    assert "has no venv module with pip (Debian: apt-get install python3-venv)" in done.stderr


def test_a_missing_python_is_named(checkout):
    done, _ = make(checkout, python="no-such-python")
    assert done.returncode != 0
    assert "No 'no-such-python' here. Install Python 3.11 or newer" in done.stderr


def test_compare_takes_the_previous_commit(checkout):
    git(checkout, "init", "-q")
    git(checkout, "commit", "-q", "--allow-empty", "-m", "one")
    git(checkout, "commit", "-q", "--allow-empty", "-m", "two")
    _, log = make(checkout, target="compare")
    assert "--bolt-compare=HEAD~1 --bolt-journal=paper" in log


def test_compare_takes_head_itself_where_there_is_no_previous_commit(checkout):
    git(checkout, "init", "-q")
    git(checkout, "commit", "-q", "--allow-empty", "-m", "one")
    _, log = make(checkout, target="compare")
    assert "--bolt-compare=HEAD --bolt-journal=paper" in log


def test_a_failed_comparison_fails_make(checkout):
    done, _ = make(checkout, target="compare", tests=1)
    assert done.returncode == 2
    assert "Error 1" in done.stderr
