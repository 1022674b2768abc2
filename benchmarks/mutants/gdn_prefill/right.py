"""Other ways to the right answer."""

from __future__ import annotations

import torch

from benchmarks.mutants.gdn_prefill.parts import OPERATIONS, VARIANTS, accept, built, chunks, right
from reference import chunked, gated_delta_prefill

honest = VARIANTS.honest

accept("loop", right)
accept("chunks_of_16", built(chunks(16)))
accept("chunks_of_64", built(chunks(64)))
accept("reference_in_chunks_of_7", lambda *args: gated_delta_prefill(*args, form=chunked(7)))
accept("reference_in_chunks_of_128", lambda *args: gated_delta_prefill(*args, form=chunked(128)))


@honest(*OPERATIONS)
def float64_inside(q, k, v, state, A_log, a, dt_bias, b, cu_seqlens, scale):
    wide = [None if each is None else each.double() for each in (q, k, v, state, A_log, a, dt_bias, b)]
    output, after = gated_delta_prefill(*wide, cu_seqlens, scale)
    return output.to(q.dtype), after.float()


@honest(*OPERATIONS)
def inverse_by_doubling(*args):
    """Inverts the system by halves, as kernels do that have matrix products and no solver."""

    def inverse(lower):
        size = lower.shape[-1]
        if size == 1:
            return torch.ones_like(lower)
        half = size // 2
        first, last = inverse(lower[..., :half, :half]), inverse(lower[..., half:, half:])
        corner = -last @ lower[..., half:, :half] @ first
        top = torch.cat([first, torch.zeros_like(corner.mT)], -1)
        return torch.cat([top, torch.cat([corner, last], -1)], -2)

    def form(q, k, v, gate, beta, state, scale):
        read = [v[:0]]
        for first in range(0, len(q), 32):
            Q, K, V, G, b = (each[first : first + 32].transpose(0, 1) for each in (q, k, v, gate, beta))
            total = G.cumsum(-1)
            between = total[..., :, None] - total[..., None, :]
            ratio = between.masked_fill(
                torch.ones(between.shape[-2:], dtype=torch.bool).triu(1), -torch.inf
            ).exp()
            system = torch.eye(len(ratio[0])) + (b[..., None] * (K @ K.mT) * ratio).tril(-1)
            wanted = b[..., None] * (V - total.exp()[..., None] * (K @ state.mT))
            E = inverse(system) @ wanted
            read.append(
                scale * (total.exp()[..., None] * (Q @ state.mT) + (Q @ K.mT * ratio) @ E).transpose(0, 1)
            )
            state = total[..., -1:, None].exp() * state + E.mT @ (
                (total[..., -1:] - total).exp()[..., None] * K
            )
        return torch.cat(read), state

    return built(form)(*args)
