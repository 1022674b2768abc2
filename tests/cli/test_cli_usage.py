"""How `pytest-bolt` behaves as a program: options, exit codes, colour, pipes, where the store is."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

import pytest_bolt
from pytest_bolt import cli
from pytest_bolt.commands.locate import default_store, store_name
from pytest_bolt.commands.screen import Screen, wants_colour
from pytest_bolt.core.verdict import Verdict


def program(*arguments, **options):
    environment = {**os.environ, "PYTHONPATH": str(Path(pytest_bolt.__file__).parents[1])}
    return subprocess.Popen(
        [sys.executable, "-m", "pytest_bolt", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**environment, **options},
    )


def test_the_module_is_the_program(path):
    with program("--version") as process:
        out, err = process.communicate()
    assert (out.decode(), err, process.returncode) == (f"pytest-bolt {pytest_bolt.__version__}\n", b"", 0)


def test_a_message_has_no_traceback(path):
    with program("list") as process:
        out, err = process.communicate()
    assert (process.returncode, out) == (2, b"")
    assert err.decode() == (
        "pytest-bolt: There is no store yet\n"
        f"  store  {path}\n"
        "  -> `pytest --bolt` makes one, --store=PATH or BOLT_STORE names another\n"
    )


def test_a_reader_that_stops_early_is_no_error(fill):
    fill([(1.0, 1.0)] * 3)
    with program("show", "000", "--json", "--rounds", PYTHONUNBUFFERED="1") as process:
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0


def test_ids_that_the_terminal_cannot_spell_are_spelled_out(fill):
    fill([(1.0, 1.0)], node_id="test_é")
    with program("show", "000", PYTHONIOENCODING="ascii") as process:
        out, err = process.communicate()
    assert (process.returncode, err) == (0, b"")
    assert b"test_\\xe9" in out


def test_an_interrupt_ends_quietly(bolt, fill, monkeypatch):
    def interrupt(arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "_run", interrupt)
    assert bolt("list") == (130, "", "")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "the following arguments are required: COMMAND"),
        (["lst"], "invalid choice: 'lst'"),
        (["show"], "the following arguments are required: RUN"),
        (["compare", "a"], "the following arguments are required: B"),
        (["list", "--limit", "many"], "argument --limit: not a whole number: 'many'"),
        (["list", "--lim", "1"], "unrecognized arguments: --lim"),
    ],
)
def test_usage_errors(bolt, capsys, arguments, message):
    with pytest.raises(SystemExit) as caught:
        bolt(*arguments)
    assert caught.value.code == 2
    assert message in capsys.readouterr().err


def test_the_option_wins_over_the_variable_and_that_over_the_default(tmp_path):
    assert store_name("chosen", {"BOLT_STORE": "variable"}, tmp_path) == "chosen"
    assert store_name(None, {"BOLT_STORE": "variable"}, tmp_path) == "variable"
    assert store_name(None, {}, tmp_path) == str(tmp_path / ".bolt" / "store.sqlite")


def test_the_store_option_is_obeyed(bolt, tmp_path):
    assert f"store  {tmp_path / 'other.sqlite'}" in bolt("list", "--store", "other.sqlite").err


def test_all_worktrees_share_the_store_of_the_main_one(tmp_path):
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@b"]
    main = tmp_path / "main"
    for command in (
        ["init", "-q", main],
        ["-C", main, "commit", "-q", "--allow-empty", "-m", "first"],
        ["-C", main, "worktree", "add", "-q", tmp_path / "linked"],
    ):
        subprocess.run([*git, *command], check=True)
    (main / "below").mkdir()
    for folder in (main, main / "below", tmp_path / "linked"):
        assert default_store(folder) == main / ".bolt" / "store.sqlite"


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize(
    ("stream", "environ", "wanted"),
    [
        (Terminal(), {}, True),
        (Terminal(), {"NO_COLOR": "1"}, False),
        (Terminal(), {"NO_COLOR": "1", "FORCE_COLOR": "1"}, False),
        (Terminal(), {"NO_COLOR": ""}, True),
        (Terminal(), {"TERM": "dumb"}, False),
        (io.StringIO(), {}, False),
        (io.StringIO(), {"FORCE_COLOR": "1"}, True),
    ],
)
def test_who_decides_on_colour(stream, environ, wanted):
    assert wants_colour(stream, environ) is wanted


def test_a_verdict_colours_its_line():
    rows = [(str(verdict), "x") for verdict in (Verdict.SLOWER, Verdict.SAME)]
    coloured, plain = Screen(stream=io.StringIO(), colour=True), Screen(stream=io.StringIO())
    for screen in (coloured, plain):
        screen.table(("VERDICT", "ID"), rows)
    assert coloured.stream.getvalue().splitlines() == [
        "\x1b[2mVERDICT  ID\x1b[0m",
        "\x1b[31mslower   x\x1b[0m",
        "same     x",
    ]
    assert plain.stream.getvalue() == "VERDICT  ID\nslower   x\nsame     x\n"


def test_the_program_starts_without_heavy_imports():
    command = "import sys, pytest_bolt.cli; print(sorted({'numpy', 'sqlalchemy', 'git'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", command], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_aa_hands_its_arguments_to_pytest(monkeypatch):
    replaced = []

    def execv(path, arguments):
        replaced.append((path, arguments))
        raise SystemExit(0)

    monkeypatch.setattr(os, "execv", execv)
    with pytest.raises(SystemExit):
        cli.main(["aa", "-k", "sort", "tests", "--bolt-budget=30s"])
    command = [sys.executable, "-m", "pytest", "--bolt-aa", "-k", "sort", "tests", "--bolt-budget=30s"]
    assert replaced == [(sys.executable, command)]


def test_arguments_that_no_command_has_are_refused(capsys):
    with pytest.raises(SystemExit) as caught:
        cli.main(["list", "--colour", "tests"])
    assert caught.value.code == 2
    assert "unrecognized arguments: --colour tests" in capsys.readouterr().err
