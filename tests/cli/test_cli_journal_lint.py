"""`pytest-bolt journal lint` as a command: paths, exit codes, output, rules by name, hashes of a repository."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import git
import pytest

from pytest_bolt import cli

SLIP = "- ~20x faster (60s → 3.5s per step)\n"
ADVICE = "(not written)\n"
RIGHT = "- ~17x faster (60s → 3.5s per step)\n"


@pytest.fixture
def journal(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def write(text, name="journal/log.md"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode("utf-8", "surrogateescape"))
        return path

    return write


def run(*arguments):
    return cli.main(["journal", "lint", *map(str, arguments)])


def test_the_folder_journal_is_the_default(journal, capsys):
    journal(SLIP)
    journal(RIGHT, "journal/deep/other.markdown")
    journal(SLIP, "journal/notes.txt")
    assert run() == 1
    assert capsys.readouterr().out == (
        "journal/log.md:1:3: ratio: `~20x`: 60s and 3.5s per step give 17x\n1 error, 0 advice in 2 files\n"
    )


def test_advice_alone_is_no_failure(journal, capsys):
    assert run(journal(ADVICE)) == 0
    assert (
        "not-written: a person's field is empty (advice)\n0 errors, 1 advice in 1 file\n"
        in capsys.readouterr().out
    )


def test_a_file_named_twice_is_read_once(journal, capsys):
    path = journal(SLIP)
    run(path, path.parent, path)
    assert capsys.readouterr().out.endswith("1 error, 0 advice in 1 file\n")


def test_json_has_what_was_seen_and_expected(journal, capsys):
    path = journal(SLIP)
    assert run("--json", path) == 1
    document = json.loads(capsys.readouterr().out)
    assert {key: document[key] for key in ("schema", "files", "errors", "advice")} == {
        "schema": 1,
        "files": 1,
        "errors": 1,
        "advice": 0,
    }
    assert document["findings"] == [
        {
            "path": str(path),
            "line": 1,
            "column": 3,
            "rule": "ratio",
            "severity": "error",
            "message": "`~20x`: 60s and 3.5s per step give 17x",
            "seen": "~20x",
            "expected": "17x",
        }
    ]


@pytest.mark.parametrize(
    ("options", "code"), [(["--ignore=ratio"], 0), (["--select=hash,order"], 0), (["--select", "ratio"], 1)]
)
def test_rules_are_chosen_by_name(journal, options, code):
    assert run(journal(SLIP), *options) == code


def test_an_unknown_rule_is_a_usage_error(journal, capsys):
    assert run(journal(SLIP), "--select=ratios") == 2
    assert capsys.readouterr().err == (
        "pytest-bolt: there is no such rule\n  rule  ratios\n  -> did you mean `ratio`?\n"
    )
    assert run(journal(SLIP), "--ignore=zzz") == 2
    assert "-> known are: arithmetic, " in capsys.readouterr().err


def test_a_path_that_is_not_there_is_a_usage_error(journal, capsys):
    assert run("no\x1bwhere.md") == 2
    assert capsys.readouterr().err == (
        "pytest-bolt: there is no such journal\n  path  no\\x1bwhere.md\n"
        "  -> name a file, or a folder of journals\n"
    )


def test_a_folder_without_a_journal_is_a_usage_error(journal, tmp_path, capsys):
    assert run(tmp_path) == 2
    assert "the folder has no journal" in capsys.readouterr().err


def test_a_journal_that_cannot_be_read_is_told(journal, monkeypatch, capsys):
    path = journal(SLIP)

    def refuse(_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", refuse)
    assert run(path) == 2
    assert "the journal cannot be read" in capsys.readouterr().err
    assert "Permission denied" not in capsys.readouterr().out


def test_hostile_text_is_spelled_out(journal, capsys):
    journal("- Commit: `12\x1b`\n<<<<<<< \x1b[31m\udcff\n")
    run()
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert "conflict" in out


@pytest.fixture
def repository(tmp_path):
    repo = git.Repo.init(tmp_path)
    with repo.config_writer() as config:
        config.set_value("user", "name", "A. Reader")
        config.set_value("user", "email", "reader@example.com")
    yield repo
    repo.close()


def test_a_hash_that_the_repository_does_not_know(journal, repository, capsys):
    known = repository.index.commit("one").hexsha
    unknown = known[:-1] + ("0" if known[-1] != "0" else "1")
    journal(
        f"- Commit: `{known}`\n- After: `HEAD` `{known}`\n- Commit: `{known[:10]}`\n- Commit: `{unknown}`\n"
    )
    assert run() == 1
    assert capsys.readouterr().out == (
        f"journal/log.md:4:12: hash: `{unknown}` is no commit of this repository\n1 error, 0 advice in 1 file\n"
    )
    assert run("--ignore=hash") == 0


def test_a_shallow_clone_knows_too_little_to_tell(journal, repository, tmp_path):
    for name in ("one", "two"):
        repository.index.commit(name)
    first = repository.commit("HEAD~1").hexsha
    shallow = tmp_path / "shallow"
    command = ["git", "clone", "--quiet", "--depth=1", f"file://{tmp_path}", str(shallow)]
    subprocess.run(command, check=True)
    (shallow / "log.md").write_text(f"- Commit: `{first}`\n")
    assert run(shallow / "log.md") == 0


def test_the_exit_codes_are_in_the_help(capsys):
    for arguments in (["--help"], ["journal", "lint", "--help"]):
        with pytest.raises(SystemExit):
            cli.main(arguments)
        assert "exit codes: 0 " in " ".join(capsys.readouterr().out.split())


def test_a_group_without_a_command_is_a_usage_error(capsys):
    with pytest.raises(SystemExit) as stopped:
        cli.main(["journal"])
    assert stopped.value.code == 2
    assert "COMMAND" in capsys.readouterr().err
