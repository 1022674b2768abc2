"""Two runs in one repository at the same time disturb each other's times, and nothing else."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from plugin_projects import COMPARE, QUICK

RUNS = 3


@pytest.mark.slow
def test_all_finish_and_all_are_stored(project, tmp_path):
    project.edit("mylib/core.py", "total = 0", "total = 0 + 0")
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", COMPARE, QUICK]
    paths = [tmp_path / f"report{number}.json" for number in range(RUNS)]
    running = [
        subprocess.Popen(
            [*command, f"--bolt-json={path}", "--bolt-journal=paper"],
            cwd=project.root, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )
        for path in paths
    ]  # fmt: skip
    said = [process.communicate()[0] for process in running]
    for text in said:
        assert "1 passed" in text
        assert "INTERNALERROR" not in text
        assert "database is locked" not in text
    runs = {json.loads(path.read_text())["run"]["run_id"] for path in paths}
    assert len(runs) == RUNS
    listed = project.command("list").stdout
    assert all(run in listed for run in runs)
    assert "interrupted" not in listed
    journal = (project.root / "journal" / "JOURNAL.md").read_text()
    assert all(run in journal for run in runs)
