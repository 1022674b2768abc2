"""A decode step whose every part can be replaced."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from benchmarks.mutants.registry import Variants

VARIANTS = Variants("gdn_decode")


def log_decay(A_log, a, dt_bias):
    return -A_log.float().exp() * F.softplus(a.float() + dt_bias.float())


def in_groups(x, heads):
    return x.repeat_interleave(heads // x.shape[-2], -2)


def update(state, q, k, v, decay, beta, scale):
    """Take one step: state [..., V, K], q and k [..., K], v [..., V], decay and beta [...]."""
    state = decay[..., None, None] * state
    error = beta[..., None] * (v - torch.einsum("...vk,...k->...v", state, k))
    state = state + torch.einsum("...v,...k->...vk", error, k)
    return scale * torch.einsum("...vk,...k->...v", state, q), state


def usual_scale(scale, q):
    return scale or q.shape[-1] ** -0.5


def built(
    *,
    log_decay=log_decay,
    decay_of=torch.exp,
    beta_of=torch.sigmoid,
    heads=in_groups,
    update=update,
    scale_of=usual_scale,
    inside=torch.float32,
):
    """Return a decode step made of these parts."""

    def run_gdn_decode(q, k, v, state, A_log, a, dt_bias, b, scale):
        batch, _, count, width = v.shape
        if state is None:
            state = torch.zeros(batch, count, width, q.shape[-1], device=q.device)
        decay, beta = decay_of(log_decay(A_log, a[:, 0], dt_bias)), beta_of(b[:, 0].float())
        read, key = (heads(each[:, 0].to(inside), count) for each in (q, k))
        own = (state, read, key, v[:, 0], decay, beta)
        output, state = update(*(each.to(inside) for each in own), scale_of(scale, q))
        return output[:, None].to(q.dtype), state.float()

    return run_gdn_decode


right = built()


def register(name, **parts):
    VARIANTS.wrong_set(name, run_gdn_decode=built(**parts))
