"""Right, each in its own way."""

from __future__ import annotations

import io
import pathlib

import torch

from benchmarks.mutants.checkpoint.parts import VARIANTS, both, right_save

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
