"""This project's journals: every number follows from the stored run beside them, and no slip is found."""

from __future__ import annotations

from pathlib import Path

import pytest_bolt
from pytest_bolt.cli import main
from pytest_bolt.commands import journal_verify

JOURNALS = Path(pytest_bolt.__file__).parents[1] / "journal"


def test_every_number_is_that_of_the_store(capsys):
    assert main(["journal", "verify", str(JOURNALS), f"--store={JOURNALS / 'runs.sqlite'}"]) == 0
    assert ", 0 differ, " in capsys.readouterr().out


def test_entries_of_one_run_are_rendered_once(monkeypatch):
    calls = []
    entries_of = journal_verify.entries_of
    monkeypatch.setattr(
        journal_verify, "entries_of", lambda summary: calls.append(summary.run.run_id) or entries_of(summary)
    )
    main(["journal", "verify", str(JOURNALS), f"--store={JOURNALS / 'runs.sqlite'}"])
    assert len(calls) == len(set(calls)) > 1


def test_no_slip_is_found(capsys):
    assert main(["journal", "lint", str(JOURNALS), "--ignore=not-written"]) == 0
    assert capsys.readouterr().out.startswith("0 errors, 0 advice")
