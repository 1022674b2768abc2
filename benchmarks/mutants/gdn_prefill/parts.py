"""Prefills made of a loop over tokens, or of chunks of them, whose every part can be replaced."""

from __future__ import annotations

from itertools import pairwise

import torch

from benchmarks.mutants.gdn_decode.parts import in_groups, log_decay, update, usual_scale
from benchmarks.mutants.registry import Variants

VARIANTS = Variants("gdn_prefill")
OPERATIONS = ("run_gdn_prefill", "run_gdn_prefill_differentiable")


def loop(q, k, v, gate, beta, state, scale, update=update):
    """Take the tokens of one sequence one by one."""
    read = [v[:0]]
    for token in zip(q, k, v, gate.exp(), beta, strict=True):
        output, state = update(state, *token, scale)
        read.append(output[None])
    return torch.cat(read), state


def chunks(
    size,
    *,
    corrected=-1,
    seen=0,
    running=lambda gate: gate.cumsum(-1),
    left=lambda total: total[..., -1:] - total,
    carried=lambda total: total[..., -1:],
    reached=lambda total: total,
    between=lambda total: total[..., :, None] - total[..., None, :],
    beta_on=lambda system, beta: beta[..., None] * system,
    whole_only=False,
    inside=torch.float32,
):
    """Return a form that takes a chunk of tokens at a time, with masks, sums and factors to be replaced."""

    def form(q, k, v, gate, beta, state, scale):
        read = []
        for first in range(0, len(q), size):
            Q, K, V, G, b = (each[first : first + size].transpose(0, 1) for each in (q, k, v, gate, beta))
            total, lower = running(G), torch.ones(Q.shape[1], Q.shape[1]).tril()
            ratio = (between(total).masked_fill(lower == 0, -torch.inf)).exp()
            system = torch.eye(Q.shape[1]) + beta_on(K @ K.mT * ratio, b).tril(corrected)
            read_before = reached(total).exp()[..., None]
            U = torch.linalg.solve_triangular(system, b[..., None] * V, upper=False)
            W = torch.linalg.solve_triangular(system, b[..., None] * read_before * K, upper=False)
            E = U.to(inside).to(U.dtype) - W @ state.mT
            read.append(
                scale * ((read_before * Q) @ state.mT + (Q @ K.mT * ratio).tril(seen) @ E).transpose(0, 1)
            )
            if whole_only and Q.shape[1] < size:
                continue
            state = carried(total).exp()[..., None] * state + E.mT @ (left(total).exp()[..., None] * K)
        return torch.cat(read) if read else v, state

    return form


def built(form=loop, *, bounds_of=lambda bounds, tokens: bounds, between_sequences=None, empty=None):
    """Return a prefill that runs a form over every sequence."""

    def run_gdn_prefill(q, k, v, state, A_log, a, dt_bias, b, cu_seqlens, scale):
        count = v.shape[-2]
        gate, beta = log_decay(A_log, a, dt_bias), b.float().sigmoid()
        own = (*(in_groups(each.float(), count) for each in (q, k)), v.float(), gate, beta)
        sequences = len(cu_seqlens) - 1
        if state is None:
            state = torch.zeros(sequences, count, v.shape[-1], q.shape[-1])
        output, after = torch.zeros(v.shape), state.clone()
        last = None
        for place, (first, end) in enumerate(pairwise(bounds_of(cu_seqlens.tolist(), len(q)))):
            start = state[place] if between_sequences is None else between_sequences(state[place], last)
            if first == end and empty is not None:
                after = torch.cat([after[:place], empty(state[place])[None], after[place + 1 :]])
                continue
            read, last = form(*(each[first:end] for each in own), start, usual_scale(scale, q))
            output = torch.cat([output[:first], read, output[end:]])
            after = torch.cat([after[:place], last[None], after[place + 1 :]])
        return output.to(q.dtype), after

    return run_gdn_prefill


right = built()


def register(name, made):
    VARIANTS.wrong_set(name, **dict.fromkeys(OPERATIONS, made))


def accept(name, made):
    VARIANTS.honest_set(name, **dict.fromkeys(OPERATIONS, made))
