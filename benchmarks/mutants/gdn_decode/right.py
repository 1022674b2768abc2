"""Other ways to the right answer."""

from __future__ import annotations

import torch

from benchmarks.mutants.gdn_decode.parts import VARIANTS, built, right

honest = VARIANTS.honest

honest("run_gdn_decode")(right)
VARIANTS.honest_set("float64_inside", run_gdn_decode=built(inside=torch.float64))


@honest("run_gdn_decode")
def reads_without_the_new_state(q, k, v, state, A_log, a, dt_bias, b, scale):
    """Reads the old state, and adds what the token wrote: o = scale (g S q + e (k q))."""

    def fused(state, q, k, v, decay, beta, scale):
        was_read, was_kept = (
            decay[..., None] * torch.matmul(state, each[..., None])[..., 0] for each in (q, k)
        )
        error = beta[..., None] * (v - was_kept)
        after = decay[..., None, None] * state + error[..., None] * k[..., None, :]
        return scale * (was_read + error * (q * k).sum(-1, keepdim=True)), after

    return built(update=fused)(q, k, v, state, A_log, a, dt_bias, b, scale)


@honest("run_gdn_decode")
def in_blocks_of_columns(q, k, v, state, A_log, a, dt_bias, b, scale):
    """Sums over K in blocks of eight, from the last to the first."""

    def blocked(state, q, k, v, decay, beta, scale):
        state = decay[..., None, None] * state

        def product(matrix, vector):
            parts = [
                (m * x[..., None, :]).sum(-1)
                for m, x in zip(matrix.split(8, -1), vector.split(8, -1), strict=True)
            ]
            return sum(reversed(parts[:-1]), parts[-1])

        error = beta[..., None] * (v - product(state, k))
        state = torch.addcmul(state, error[..., None], k[..., None, :])
        return product(state, scale * q), state

    return built(update=blocked)(q, k, v, state, A_log, a, dt_bias, b, scale)


@honest("run_gdn_decode")
def key_last_to_first(q, k, v, state, A_log, a, dt_bias, b, scale):
    """Keeps the state as K x V, and the logistic function by hand."""

    def turned(state, q, k, v, decay, beta, scale):
        state = state.mT.contiguous() * decay[..., None, None]
        error = (v - (k[..., None, :] @ state)[..., 0, :]) * beta[..., None]
        state = state + k[..., :, None] * error[..., None, :]
        return (scale * q[..., None, :] @ state)[..., 0, :], state.mT.contiguous()

    def gate(A_log, a, dt_bias):
        x = a.float() + dt_bias
        return -(A_log.exp() * (x.clamp(min=0) + torch.log1p((-x.abs()).exp())))

    made = built(update=turned, log_decay=gate, beta_of=lambda b: 1 / (1 + (-b).exp()))
    return made(q, k, v, state, A_log, a, dt_bias, b, scale)
