"""Wrong ways to load."""

from __future__ import annotations

import contextlib
import os
import pathlib
import pickle

import torch

from benchmarks.mutants.checkpoint.parts import VARIANTS, both, right_load, wrong_load


@wrong_load
def streams_by_name(src, model, optimizer):
    return right_load(
        src.name if hasattr(src, "name") and not isinstance(src, os.PathLike) else pathlib.Path(src),
        model,
        optimizer,
    )


@wrong_load
def optimizer_not_restored(src, model, optimizer):
    content = torch.load(src)
    model.load_state_dict(content["m"])
    return content["i"]


@wrong_load
def model_not_restored(src, model, optimizer):
    content = torch.load(src)
    optimizer.load_state_dict(content["o"])
    return content["i"]


@wrong_load
def groups_not_restored(src, model, optimizer):
    groups = [dict(group) for group in optimizer.param_groups]
    iteration = right_load(src, model, optimizer)
    for group, before in zip(optimizer.param_groups, groups, strict=True):
        group["lr"] = before["lr"]
    return iteration


@wrong_load
def not_strict(src, model, optimizer):
    content = torch.load(src)
    model.load_state_dict(content["m"], strict=False)
    with contextlib.suppress(ValueError):
        optimizer.load_state_dict(content["o"])
    return content["i"]


@wrong_load
def errors_swallowed(src, model, optimizer):
    try:
        return right_load(src, model, optimizer)
    except Exception:  # noqa: BLE001 - as a student writes it
        return 0


@wrong_load
def missing_file_begins_anew(src, model, optimizer):
    try:
        return right_load(src, model, optimizer)
    except FileNotFoundError:
        return 0


@wrong_load
def left_in_evaluation(src, model, optimizer):
    iteration = right_load(src, model, optimizer)
    model.eval()
    return iteration


@wrong_load
def iteration_forgotten(src, model, optimizer):
    right_load(src, model, optimizer)


@wrong_load
def iteration_as_tensor(src, model, optimizer):
    return torch.tensor(right_load(src, model, optimizer))


@wrong_load
def new_parameters(src, model, optimizer):
    content = torch.load(src)
    model.load_state_dict(content["m"], assign=True)
    optimizer.load_state_dict(content["o"])
    return content["i"]


@wrong_load
def buffers_left(src, model, optimizer):
    buffers = {name: value.clone() for name, value in model.named_buffers()}
    iteration = right_load(src, model, optimizer)
    for name, value in model.named_buffers():
        value.copy_(buffers[name])
    return iteration


@wrong_load
def moments_of_the_optimizer_zeroed(src, model, optimizer):
    iteration = right_load(src, model, optimizer)
    for state in optimizer.state.values():
        for value in state.values():
            if isinstance(value, torch.Tensor) and value.ndim:
                value.zero_()
    return iteration


def pickle_save(model, optimizer, iteration, out):
    content = pickle.dumps((model.state_dict(), optimizer.state_dict(), iteration))
    if hasattr(out, "write"):
        out.write(content)
    else:
        pathlib.Path(out).write_bytes(content)


def pickle_load(src, model, optimizer):
    content = src.read() if hasattr(src, "read") else pathlib.Path(src).read_bytes()
    states = pickle.loads(content)  # noqa: S301 - the fault that the suite has to see
    model.load_state_dict(states[0])
    optimizer.load_state_dict(states[1])
    return states[2]


VARIANTS.wrong_set("pickle", **both(pickle_save, pickle_load))
