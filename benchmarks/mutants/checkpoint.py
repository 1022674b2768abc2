"""Checkpoints, wrong and right."""

from __future__ import annotations

import io
import os
import pathlib
import pickle

import torch

from benchmarks.mutants.registry import Variants

VARIANTS = Variants("checkpoint")


def right_save(model, optimizer, iteration, out):
    content = {"m": model.state_dict(), "o": optimizer.state_dict(), "i": iteration}
    torch.save(content, out)


def right_load(src, model, optimizer):
    content = torch.load(src)
    model.load_state_dict(content["m"])
    optimizer.load_state_dict(content["o"])
    return content["i"]


def both(save=right_save, load=right_load):
    return {"run_save_checkpoint": save, "run_load_checkpoint": load}


def wrong_save(save):
    VARIANTS.wrong_set(save.__name__, **both(save=save))
    return save


def wrong_load(load):
    VARIANTS.wrong_set(load.__name__, **both(load=load))
    return load


@wrong_save
def paths_only(model, optimizer, iteration, out):
    with open(out, "wb") as file:  # noqa: PTH123 - as a student writes it
        right_save(model, optimizer, iteration, file)


@wrong_save
def text_paths_only(model, optimizer, iteration, out):
    right_save(model, optimizer, iteration, out + "" if not hasattr(out, "write") else out)


@wrong_save
def closes_the_stream(model, optimizer, iteration, out):
    right_save(model, optimizer, iteration, out)
    if hasattr(out, "close"):
        out.close()


@wrong_save
def optimizer_forgotten(model, optimizer, iteration, out):
    fresh = {**optimizer.state_dict(), "state": {}}
    torch.save({"m": model.state_dict(), "o": fresh, "i": iteration}, out)


@wrong_save
def parameters_without_buffers(model, optimizer, iteration, out):
    named = dict(model.named_parameters())
    content = {key: value for key, value in model.state_dict().items() if key in named}
    torch.save({"m": {**model.state_dict(), **content}, "o": optimizer.state_dict(), "i": iteration}, out)
    content_only = {key: torch.zeros_like(value) for key, value in model.state_dict().items()} | content
    if hasattr(out, "seek") and out.seekable():
        out.seek(0)
    torch.save({"m": content_only, "o": optimizer.state_dict(), "i": iteration}, out)


@wrong_save
def trainable_parameters_only(model, optimizer, iteration, out):
    content = dict(model.state_dict())
    for name, parameter in model.named_parameters():
        if not parameter.requires_grad:
            content[name] = torch.ones_like(parameter)
    torch.save({"m": content, "o": optimizer.state_dict(), "i": iteration}, out)


@wrong_save
def pickled_module(model, optimizer, iteration, out):
    torch.save({"model": model, "m": model.state_dict(), "o": optimizer.state_dict(), "i": iteration}, out)


@wrong_save
def pickled_optimizer_class(model, optimizer, iteration, out):
    content = {"m": model.state_dict(), "o": optimizer.state_dict(), "i": iteration, "c": type(optimizer)}
    torch.save(content, out)


@wrong_save
def half_precision_saved(model, optimizer, iteration, out):
    content = {
        key: value.bfloat16() if value.is_floating_point() else value
        for key, value in model.state_dict().items()
    }
    torch.save({"m": content, "o": optimizer.state_dict(), "i": iteration}, out)


@wrong_save
def iteration_one_ahead(model, optimizer, iteration, out):
    right_save(model, optimizer, iteration + 1, out)


@wrong_save
def iteration_as_float32(model, optimizer, iteration, out):
    right_save(model, optimizer, int(torch.tensor(float(iteration), dtype=torch.float32)), out)


@wrong_save
def appends_to_the_file(model, optimizer, iteration, out):
    if hasattr(out, "write"):
        return right_save(model, optimizer, iteration, out)
    buffer = io.BytesIO()
    right_save(model, optimizer, iteration, buffer)
    earlier = pathlib.Path(out).read_bytes() if os.path.exists(out) else b""  # noqa: PTH110
    pathlib.Path(out).write_bytes((buffer.getvalue() + earlier)[: max(len(earlier), len(buffer.getvalue()))])
    return None if not earlier else pathlib.Path(out).write_bytes(earlier)


@wrong_save
def keeps_an_existing_file(model, optimizer, iteration, out):
    if hasattr(out, "write") or not os.path.exists(out):  # noqa: PTH110
        right_save(model, optimizer, iteration, out)


@wrong_save
def one_file_for_all(model, optimizer, iteration, out):
    if not hasattr(out, "write"):
        right_save(model, optimizer, iteration, pathlib.Path(out).with_name("latest.pt"))
        pathlib.Path(out).touch()
    else:
        right_save(model, optimizer, iteration, out)


@wrong_save
def clears_the_gradients_and_the_mode(model, optimizer, iteration, out):
    model.eval()
    right_save(model, optimizer, iteration, out)


@wrong_save
def casts_the_model_itself(model, optimizer, iteration, out):
    right_save(model.bfloat16().float(), optimizer, iteration, out)


@wrong_save
def reseeds(model, optimizer, iteration, out):
    torch.manual_seed(0)
    right_save(model, optimizer, iteration, out)


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
    try:
        optimizer.load_state_dict(content["o"])
    except ValueError:
        pass
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
VARIANTS.honest_set("plain", **both())


def through_bytes(model, optimizer, iteration, out):
    buffer = io.BytesIO()
    right_save(model, optimizer, iteration, buffer)
    if hasattr(out, "write"):
        out.write(buffer.getvalue())
    else:
        pathlib.Path(out).write_bytes(buffer.getvalue())


def unsafe_load(src, model, optimizer):
    content = torch.load(src, map_location="cpu", weights_only=False)
    model.load_state_dict(content["m"])
    optimizer.load_state_dict(content["o"])
    return int(content["i"])


def old_format(model, optimizer, iteration, out):
    content = {"m": model.state_dict(), "o": optimizer.state_dict(), "i": iteration}
    torch.save(content, out, _use_new_zipfile_serialization=False)


def as_a_tuple(model, optimizer, iteration, out):
    torch.save((model.state_dict(), optimizer.state_dict(), torch.tensor(iteration)), out)


def from_a_tuple(src, model, optimizer):
    states = torch.load(src, weights_only=True)
    model.load_state_dict(states[0])
    optimizer.load_state_dict(states[1])
    return states[2].item()


VARIANTS.honest_set("through_bytes", **both(through_bytes, unsafe_load))
VARIANTS.honest_set("old_format", **both(old_format))
VARIANTS.honest_set("as_a_tuple", **both(as_a_tuple, from_a_tuple))
