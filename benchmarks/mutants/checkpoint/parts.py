"""Checkpoints, in parts: a right implementation that variants replace pieces of."""

from __future__ import annotations

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
