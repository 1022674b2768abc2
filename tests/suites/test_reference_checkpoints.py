"""Checkpoints are replaced whole: a process killed at any moment leaves the old one or the new one."""

from __future__ import annotations

import io
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import torch

import reference
from reference import checkpoints

CHILD = """
import os, sys, torch
from reference import checkpoints
path, moment = sys.argv[1], sys.argv[2]
model = torch.nn.Linear(50, 50)
torch.nn.init.constant_(model.weight, 2.0)
def die(*_, **__):
    os.kill(os.getpid(), 9)
def half(content, file):
    file.write(b"half of a checkpoint")
    file.flush()
    die()
if moment == "written":
    torch.save = half
elif moment == "synced":
    os.fsync = die
elif moment == "renamed":
    checkpoints.Path.replace = die
elif moment == "folder":
    checkpoints._sync_folder = die
checkpoints.save_checkpoint(model, torch.optim.SGD(model.parameters(), lr=0.1), 2, path)
"""


def new_run(value):
    model = torch.nn.Linear(50, 50)
    torch.nn.init.constant_(model.weight, value)
    return model, torch.optim.SGD(model.parameters(), lr=0.1)


def loaded(path):
    model, optimizer = new_run(0.0)
    return reference.load_checkpoint(path, model, optimizer), model.weight[0, 0].item()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("moment", "left"),
    [("written", (1, 1.0)), ("synced", (1, 1.0)), ("renamed", (1, 1.0)), ("folder", (2, 2.0))],
)
def test_killed_at(tmp_path, moment, left):
    path = tmp_path / "run.pt"
    reference.save_checkpoint(*new_run(1.0), 1, path)
    root = Path(checkpoints.__file__).parent.parent
    done = subprocess.run(
        [sys.executable, "-c", CHILD, str(path), moment], cwd=root, capture_output=True, check=False
    )
    assert done.returncode == -9, done.stderr.decode()
    assert loaded(path) == left


@pytest.mark.parametrize("name", ["save", "fsync"])
def test_an_error_leaves_the_old_one_and_nothing_else(tmp_path, monkeypatch, name):
    path = tmp_path / "run.pt"
    reference.save_checkpoint(*new_run(1.0), 1, path)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(torch if name == "save" else os, name, full)
    with pytest.raises(OSError, match="No space left"):
        reference.save_checkpoint(*new_run(2.0), 2, path)
    monkeypatch.undo()
    assert loaded(path) == (1, 1.0)
    assert [each.name for each in tmp_path.iterdir()] == ["run.pt"]


def test_a_new_one_replaces_an_old_one_and_leaves_nothing_else(tmp_path):
    for iteration in (1, 2):
        reference.save_checkpoint(*new_run(float(iteration)), iteration, str(tmp_path / "run.pt"))
    assert loaded(tmp_path / "run.pt") == (2, 2.0)
    assert [each.name for each in tmp_path.iterdir()] == ["run.pt"]


def test_it_may_be_read_by_whom_any_new_file_may(tmp_path):
    (tmp_path / "plain").touch()
    reference.save_checkpoint(*new_run(1.0), 1, tmp_path / "run.pt")
    modes = [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("plain", "run.pt")]
    assert modes[0] == modes[1]


@pytest.mark.parametrize("share", [0.0, 0.5, 0.99])
def test_a_part_of_one_is_an_error(tmp_path, share):
    path = tmp_path / "run.pt"
    reference.save_checkpoint(*new_run(1.0), 1, path)
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    with pytest.raises((RuntimeError, EOFError, OSError)):
        loaded(path)


def test_a_stream_stays_open():
    stream = io.BytesIO()
    reference.save_checkpoint(*new_run(3.0), 5, stream)
    stream.seek(0)
    assert loaded(stream) == (5, 3.0)
