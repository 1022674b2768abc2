"""The command of a stored run as it is run again."""

from __future__ import annotations

import pytest

from pytest_bolt.core.environment import Environment
from pytest_bolt.core.record import Revision, Run
from pytest_bolt.core.replay import replay_arguments
from pytest_bolt.errors import BoltError

END = ("--bolt-json=x",)
BASE = Revision(commit="ab" * 20, name="main")


def arguments(*command, base=BASE, settings=None, mode="measure"):
    run = Run(
        run_id="0" * 12,
        started=None,
        command=command,
        head=Revision(commit=""),
        base=base,
        environment=Environment(facts={}),
        mode=mode,
        settings=settings or {},
    )
    return replay_arguments(run, END)


@pytest.mark.parametrize(
    ("command", "kept"),
    [
        (("pytest", "a", "-k", "x y"), ("a", "-k", "x y")),
        (("/usr/bin/pytest", "a"), ("a",)),
        (("py.test", "a"), ("a",)),
        (("python", "-m", "pytest", "a"), ("a",)),
        (("/venv/bin/python3.13", "-m", "pytest", "a"), ("a",)),
        (("pytest", "--bolt-compare=main"), (f"--bolt-compare={BASE.commit}",)),
        (("pytest", "--bolt-compare", "main", "a"), (f"--bolt-compare={BASE.commit}", "a")),
        (("pytest", "--bolt-journal", "paper:x", "a"), ("a",)),
        (("pytest", "--bolt-journal=paper", "a"), ("a",)),
        (("pytest", "--bolt-journal", "-k", "x"), ("-k", "x")),
        (("pytest", "--bolt-json", "x", "--bolt-markdown=y", "--bolt-html", "z", "a"), ("a",)),
        (("pytest", "--bolt-store=/x", "--bolt-seed", "7", "--pdb", "a"), ("a",)),
        (("pytest", "--junitxml", "/elsewhere/x.xml", "a"), ("a",)),
        (("pytest", "--", "--bolt-json", "x"), ("--", "--bolt-json", "x")),
    ],
)
def test_arguments(command, kept):
    assert arguments(*command) == ((*END, *kept) if "--" in kept else (*kept, *END))


def test_base_that_was_not_asked_for_on_the_command_line_is_named():
    assert arguments("python", "-m", "pytest", "a", mode="paired") == (
        f"--bolt-compare={BASE.commit}",
        "a",
        *END,
    )


def test_seed_is_kept():
    assert arguments("pytest", settings={"seed": "42"}) == ("--bolt-seed=42", *END)
    assert arguments("pytest", settings={"seed": "42 --x"}) == END


@pytest.mark.parametrize(
    "command",
    [
        (),
        ("",),
        ("make", "bench"),
        ("sh", "-c", "pytest"),
        ("python", "-c", "import pytest"),
        ("python", "pytest"),
        ("pytest; rm -rf /",),
        ("python -m pytest",),
        ("pythonx", "-m", "pytest"),
        ("import", "results.json"),
    ],
)
def test_only_pytest_is_run(command):
    with pytest.raises(BoltError, match="only a pytest command can be run again"):
        arguments(*command)
