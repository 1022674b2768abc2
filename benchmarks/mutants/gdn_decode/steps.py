"""Steps and gates that are wrong."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from benchmarks.mutants.gdn_decode.parts import log_decay, register, update


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


def softplus_straight_above_five(A_log, a, dt_bias):
    x = a.float() + dt_bias.float()
    return -A_log.exp() * torch.where(x > 5, x, torch.log1p(x.clamp(max=5).exp()))


def reads_with_the_key(state, q, k, v, decay, beta, scale):
    _, after = update(state, q, k, v, decay, beta, scale)
    return scale * torch.einsum("...vk,...k->...v", after, k), after


register("softplus_straight_above_five", log_decay=softplus_straight_above_five)
register("reads_with_the_key", update=reads_with_the_key)
register("beta_of_a_hard_sigmoid", beta_of=lambda b: (b / 6 + 0.5).clamp(0, 1))
register("beta_almost_right", beta_of=lambda b: 0.5 + 0.5 * torch.tanh(0.999 * b / 2))
register("decay_not_below_a_thousandth", decay_of=lambda gate: gate.exp().clamp(min=1e-3))
register("decay_not_above_999_thousandths", decay_of=lambda gate: gate.exp().clamp(max=0.999))
