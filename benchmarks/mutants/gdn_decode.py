"""One token of the gated delta rule, wrong and right: an implementation whose every part can be replaced."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from benchmarks.mutants.registry import Variants

VARIANTS = Variants("gdn_decode")
wrong, honest = VARIANTS.wrong, VARIANTS.honest


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


def no_softplus(A_log, a, dt_bias):
    return -A_log.float().exp() * (a.float() + dt_bias.float()).relu()


def positive_exponent(A_log, a, dt_bias):
    return -log_decay(A_log, a, dt_bias)


def decay_after_the_error(state, q, k, v, decay, beta, scale):
    error = beta[..., None] * (v - torch.einsum("...vk,...k->...v", state, k))
    state = decay[..., None, None] * state + torch.einsum("...v,...k->...vk", error, k)
    return scale * torch.einsum("...vk,...k->...v", state, q), state


def decay_after_the_update(state, q, k, v, decay, beta, scale):
    output, state = update(state, q, k, v, torch.ones_like(decay), beta, scale)
    return decay[..., None] * output, decay[..., None, None] * state


def reads_before_it_writes(state, q, k, v, decay, beta, scale):
    _, after = update(state, q, k, v, decay, beta, scale)
    return scale * torch.einsum("...vk,...k->...v", decay[..., None, None] * state, q), after


def writes_transposed(state, q, k, v, decay, beta, scale):
    return update(state.mT, q, k, v, decay, beta, scale)


def hands_on_the_transpose(state, q, k, v, decay, beta, scale):
    output, state = update(state, q, k, v, decay, beta, scale)
    return output, state.mT.contiguous()


def forgets_the_old_error(state, q, k, v, decay, beta, scale):
    state = decay[..., None, None] * state
    state = state + torch.einsum("...v,...k->...vk", beta[..., None] * v, k)
    return scale * torch.einsum("...vk,...k->...v", state, q), state


def adds_the_old_value(state, q, k, v, decay, beta, scale):
    state = decay[..., None, None] * state
    error = beta[..., None] * (v + torch.einsum("...vk,...k->...v", state, k))
    state = state + torch.einsum("...v,...k->...vk", error, k)
    return scale * torch.einsum("...vk,...k->...v", state, q), state


def beta_on_the_value_alone(state, q, k, v, decay, beta, scale):
    state = decay[..., None, None] * state
    error = beta[..., None] * v - torch.einsum("...vk,...k->...v", state, k)
    state = state + torch.einsum("...v,...k->...vk", error, k)
    return scale * torch.einsum("...vk,...k->...v", state, q), state


def beta_twice(state, q, k, v, decay, beta, scale):
    return update(state, q, k, v, decay, beta * beta, scale)


def hands_on_the_old_state(state, q, k, v, decay, beta, scale):
    return update(state, q, k, v, decay, beta, scale)[0], state


def hands_on_the_decayed_state(state, q, k, v, decay, beta, scale):
    return update(state, q, k, v, decay, beta, scale)[0], decay[..., None, None] * state


def state_in_bfloat16(state, q, k, v, decay, beta, scale):
    output, state = update(state, q, k, v, decay, beta, scale)
    return output, state.bfloat16()


def state_read_in_bfloat16(state, q, k, v, decay, beta, scale):
    return update(state.bfloat16().float(), q, k, v, decay, beta, scale)


def error_in_bfloat16(state, q, k, v, decay, beta, scale):
    state = decay[..., None, None] * state
    error = (beta[..., None] * (v - torch.einsum("...vk,...k->...v", state, k))).bfloat16().float()
    state = state + torch.einsum("...v,...k->...vk", error, k)
    return scale * torch.einsum("...vk,...k->...v", state, q), state


def gate_in_bfloat16(A_log, a, dt_bias):
    return log_decay(A_log, a, dt_bias).bfloat16().float()


def scale_on_both_sides(state, q, k, v, decay, beta, scale):
    return update(state, q, k * scale, v, decay, beta, scale)


def scales_the_state_too(state, q, k, v, decay, beta, scale):
    output, after = update(state, q, k, v, decay, beta, scale)
    return output, after * scale


def normalises_the_query(state, q, k, v, decay, beta, scale):
    return update(state, F.normalize(q, dim=-1), k, v, decay, beta, scale)


def normalises_the_key_again(state, q, k, v, decay, beta, scale):
    return update(state, q, F.normalize(k, dim=-1), v, decay, beta, scale)


def last_column_left_out(state, q, k, v, decay, beta, scale):
    output, after = update(state, q, k, v, decay, beta, scale)
    after = torch.cat([after[..., :-1], state[..., -1:]], -1) if state.shape[-1] > 1 else after
    return output, after


register("no_softplus", log_decay=no_softplus)
register("positive_exponent", log_decay=positive_exponent)
register("a_log_without_exp", log_decay=lambda A_log, a, dt: A_log * F.softplus(a.float() + dt))
register("softplus_of_a_alone", log_decay=lambda A_log, a, dt: -A_log.exp() * (F.softplus(a.float()) + dt))
register("no_dt_bias", log_decay=lambda A_log, a, dt: log_decay(A_log, a, torch.zeros_like(dt)))
register("dt_bias_of_the_next_head", log_decay=lambda A_log, a, dt: log_decay(A_log, a, dt.roll(1)))
register(
    "softplus_in_the_input_dtype",
    log_decay=lambda A_log, a, dt: -A_log.exp() * F.softplus(a + dt.to(a.dtype)).float(),
)
register(
    "one_decay_for_all_heads",
    log_decay=lambda A_log, a, dt: log_decay(A_log, a, dt).mean(-1, keepdim=True).expand_as(a),
)
register("gate_in_bfloat16", log_decay=gate_in_bfloat16)
register("gate_without_exp", decay_of=lambda gate: -gate)
register("gate_as_a_first_order", decay_of=lambda gate: 1 + gate)
register("gate_twice_exp", decay_of=lambda gate: gate.exp().exp())
register("no_beta", beta_of=torch.ones_like)
register("beta_without_sigmoid", beta_of=lambda b: b)
register("beta_up_to_two", beta_of=lambda b: 2 * b.sigmoid())
register("heads_tiled", heads=lambda x, count: x.repeat(*[1] * (x.ndim - 2), count // x.shape[-2], 1))
register("pairs_of_heads", heads=lambda x, count: x[..., torch.arange(count) // 2 % x.shape[-2], :])
register("first_head_for_all", heads=lambda x, count: x[..., :1, :].expand(*x.shape[:-2], count, -1))
register("decay_after_the_error", update=decay_after_the_error)
register("decay_after_the_update", update=decay_after_the_update)
register("reads_before_it_writes", update=reads_before_it_writes)
register("reads_the_transposed_state", update=writes_transposed)
register("hands_on_the_transpose", update=hands_on_the_transpose)
register("forgets_the_old_error", update=forgets_the_old_error)
register("adds_the_old_value", update=adds_the_old_value)
register("beta_on_the_value_alone", update=beta_on_the_value_alone)
register("beta_twice", update=beta_twice)
register("hands_on_the_old_state", update=hands_on_the_old_state)
register("hands_on_the_decayed_state", update=hands_on_the_decayed_state)
register("state_in_bfloat16", update=state_in_bfloat16)
register("state_read_in_bfloat16", update=state_read_in_bfloat16)
register("error_in_bfloat16", update=error_in_bfloat16)
register("scale_on_both_sides", update=scale_on_both_sides)
register("scales_the_state_too", update=scales_the_state_too)
register("normalises_the_query", update=normalises_the_query)
register("last_column_left_out", update=last_column_left_out)
register("no_scale", scale_of=lambda scale, q: scale or 1.0)
register("scale_ignored", scale_of=lambda scale, q: q.shape[-1] ** -0.5)
register("scale_of_128", scale_of=lambda scale, q: scale or 128**-0.5)
register("scale_zero_is_zero", scale_of=lambda scale, q: q.shape[-1] ** -0.5 if scale is None else scale)
register("bfloat16_inside", inside=torch.bfloat16)
register("float16_inside", inside=torch.float16)


@wrong("run_gdn_decode")
def writes_into_the_given_state(q, k, v, state, *rest):
    output, after = right(q, k, v, state, *rest)
    if state is not None:
        after = state.copy_(after)
    return output, after


@wrong("run_gdn_decode")
def state_comes_out_in_the_input_dtype(q, *rest):
    output, after = right(q, *rest)
    return output, after.to(q.dtype)


@wrong("run_gdn_decode")
def output_stays_float32(q, *rest):
    output, after = right(q, *rest)
    return output.float(), after


@wrong("run_gdn_decode")
def no_token_axis(*args):
    output, after = right(*args)
    return output[:, 0], after


@wrong("run_gdn_decode")
def swapped_outputs(*args):
    return tuple(reversed(right(*args)))


@wrong("run_gdn_decode")
def state_of_none_is_kept_from_before(q, k, v, state, *rest, kept={}):  # noqa: B006 - it is the mistake
    place = (tuple(v.shape), q.shape[-1])
    output, after = right(q, k, v, kept.get(place) if state is None else state, *rest)
    kept[place] = after
    return output, after


@wrong("run_gdn_decode")
def first_sequence_s_gate_for_all(q, k, v, state, A_log, a, dt_bias, b, scale):
    return right(q, k, v, state, A_log, a[:1].expand_as(a), dt_bias, b, scale)


@wrong("run_gdn_decode")
def cached_by_memory(q, *rest, kept={}):  # noqa: B006 - it is the mistake
    place = (
        q.data_ptr(),
        tuple(q.shape),
        *(each.data_ptr() for each in rest if isinstance(each, torch.Tensor)),
    )
    kept.setdefault(place, right(q, *rest))
    return tuple(each.clone() for each in kept[place])


@wrong("run_gdn_decode")
def last_sequence_left_out(q, k, v, state, *rest):
    output, after = right(q, k, v, state, *rest)
    if len(q) > 1:
        output[-1] = 0
    return output, after


@wrong("run_gdn_decode")
def takes_memory_as_contiguous(q, k, v, *rest):
    packed = [
        each.as_strided(each.shape, each.new_empty(each.shape).stride(), each.storage_offset())
        for each in (q, k, v)
    ]
    return right(*packed, *rest)


@wrong("run_gdn_decode")
def width_of_64_at_most(q, k, v, state, *rest):
    output, after = right(q, k, v, state, *rest)
    after[..., 64:] = 0
    return output, after


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
