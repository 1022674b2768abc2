"""Softmax, wrong and right."""

from __future__ import annotations

import torch

from benchmarks.mutants.registry import Variants

VARIANTS = Variants("softmax")
wrong, honest = VARIANTS.wrong, VARIANTS.honest


@wrong("run_softmax")
def ignores_dim(x, dim):
    return torch.softmax(x, -1)


@wrong("run_softmax")
def one_global_maximum(x, dim):
    exponentials = (x.float() - x.float().max()).exp()
    return (exponentials / exponentials.sum(dim, keepdim=True)).to(x.dtype)


@honest("run_softmax")
def fused(x, dim):
    return torch.softmax(x, dim)
