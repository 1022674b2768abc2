"""Wrong ways to save."""

from __future__ import annotations

import io
import os
import pathlib

import torch

from benchmarks.mutants.checkpoint.parts import right_save, wrong_save


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
    earlier = pathlib.Path(out).read_bytes() if os.path.exists(out) else b""  # noqa: PTH110 - a stream has no exists()
    pathlib.Path(out).write_bytes((buffer.getvalue() + earlier)[: max(len(earlier), len(buffer.getvalue()))])
    return None if not earlier else pathlib.Path(out).write_bytes(earlier)


@wrong_save
def keeps_an_existing_file(model, optimizer, iteration, out):
    if hasattr(out, "write") or not os.path.exists(out):  # noqa: PTH110 - a stream has no exists()
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
