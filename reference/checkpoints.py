"""Checkpoints: what a training run needs to go on as if it had never stopped."""

from __future__ import annotations

import contextlib
import os
import uuid
from pathlib import Path
from typing import IO, Any, TypeAlias

import torch

Place: TypeAlias = str | os.PathLike[str] | IO[bytes]


def save_checkpoint(
    model: torch.nn.Module, optimizer: torch.optim.Optimizer, iteration: int, out: Place
) -> None:
    """Write the states of model and optimizer and the number of iterations.

    Tensors and plain containers only, no module, so that the file loads with `weights_only=True` and where
    the model's class has moved. A file of that name is replaced whole or not at all: the new one is written
    beside it, brought to disk and then renamed.

    Arguments:
        model, optimizer: anything with a `state_dict`.
        iteration: of the training loop.
        out: a path, or a binary stream, which is left open.
    """
    content = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "iteration": iteration}
    if isinstance(out, (str, os.PathLike)):
        _replace(Path(out), content)
    else:
        torch.save(content, out)


def load_checkpoint(src: Place, model: torch.nn.Module, optimizer: torch.optim.Optimizer) -> int:
    """Bring model and optimizer to the state that was saved, in place, and return the iteration.

    Arguments:
        src: what `save_checkpoint` has written: a path, or a binary stream at its beginning.
        model, optimizer: of the same parameters as those saved; each keeps its device.

    Raises:
        RuntimeError, EOFError, OSError or pickle.UnpicklingError: the file is not whole, or of another model.
    """
    content = torch.load(src, map_location="cpu", weights_only=True)
    model.load_state_dict(content["model"])
    optimizer.load_state_dict(content["optimizer"])
    return int(content["iteration"])


def _replace(target: Path, content: dict[str, Any]) -> None:
    beside = target.with_name(f".{uuid.uuid4().hex}.tmp")
    try:
        with beside.open("xb") as file:
            torch.save(content, file)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(target)
    except BaseException:
        with contextlib.suppress(OSError):
            beside.unlink()
        raise
    _sync_folder(target.parent)


def _sync_folder(folder: Path) -> None:
    """Bring a renaming to disk, where the system can open a folder."""
    with contextlib.suppress(PermissionError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
