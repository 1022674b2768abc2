"""BDH, wrong and right: each wrong step in every form that it changes."""

from __future__ import annotations

import torch
from torch.nn import functional as F

from benchmarks.mutants.bdh.parts import Parts, angles, normalised, turned
from benchmarks.mutants.bdh.steps import (
    ROPES,
    backwards,
    by_hand,
    complex_turned,
    eps_outside,
    every_neuron_its_own,
    half_exponent,
    halves,
    keep,
    masked,
    no_turns,
    of_logarithms,
    of_reciprocals,
    other_eps,
    plain_angles,
    seen_softmax,
    theta_of,
    unbiased,
    unit_rms,
)
from benchmarks.mutants.registry import Variants

VARIANTS = Variants("bdh")
wrong, honest = VARIANTS.wrong, VARIANTS.honest


def in_float32(function):
    """Return the function of widened activations, rounded at the end."""

    def rounded(x, values, scaled):
        wide = torch.promote_types(x.dtype, torch.float32)
        return function(x.to(wide), values.to(wide), scaled).to(x.dtype)

    return rounded


def forms_of(parts):
    """Return the operations of these parts by the name of their form."""
    return {
        "attention": {"run_bdh_attention": in_float32(parts.attention)},
        "block": {"run_bdh_block": parts.block},
        "model": {"run_bdh": parts.model},
        "recurrent": {"run_bdh_recurrent": parts.recurrent},
    }


def wrong_in(name, forms, **changed):
    """Register one wrong step, alone in each of these forms, which are words."""
    for form in forms.split():
        VARIANTS.wrong_set(f"{name}_in_{form}", **forms_of(Parts(**changed))[form])


def honest_parts(name, **changed):
    """Register other right steps, in all forms together."""
    forms = forms_of(Parts(**changed)).values()
    VARIANTS.honest_set(name, **{name: fn for form in forms for name, fn in form.items()})


wrong_in("self_seen", "attention model", mask=torch.tril)
wrong_in("two_back", "attention", mask=lambda s: s.tril(-2))
wrong_in("not_causal", "attention model", mask=lambda s: s - torch.diag_embed(s.diagonal(dim1=-2, dim2=-1)))
wrong_in("later_tokens_only", "attention", mask=lambda s: s.triu(1))
wrong_in("softmax_added", "attention block", weigh=seen_softmax)
wrong_in("rows_divided_by_their_sum", "attention", weigh=lambda s: s / (s.sum(-1, keepdim=True) + 1e-6))
wrong_in("key_not_turned", "attention recurrent", key=keep)
wrong_in("query_not_turned", "model", query=keep)
wrong_in("not_turned", "block recurrent", key=keep, query=keep)
wrong_in("halves_turned", "attention model", query=halves, key=halves)
wrong_in("turned_against_each_other", "attention", query=backwards)
wrong_in("keys_are_signs", "attention", key=lambda x, angle: turned(x.sign(), angle))
wrong_in("theta_10000", "attention model recurrent", angles=theta_of(10_000.0))
wrong_in("theta_2_to_15", "attention model", angles=theta_of(2.0**15))
wrong_in("half_the_exponent", "attention recurrent", angles=half_exponent)
wrong_in("every_neuron_its_own_angle", "attention", angles=every_neuron_its_own)
wrong_in("a_turn_is_2_pi_squared", "block", angles=no_turns)
wrong_in("never_scaled", "attention model", scale=lambda x, v: 1)
wrong_in("scaled_by_the_width", "attention block", scale=lambda x, v: v.shape[-1] ** -0.5)
wrong_in("scaled_by_n", "recurrent", scale=lambda x, v: 1 / x.shape[-1])
wrong_in(
    "scaled_by_the_heads_neurons", "attention model", scale=lambda x, v: (x.shape[-1] * x.shape[-3]) ** -0.5
)
wrong_in("embedding_not_normalised", "model recurrent", of_embedding=keep)
wrong_in("attended_not_normalised", "block model", of_attended=keep)
wrong_in("update_not_normalised", "block recurrent", of_update=keep)
wrong_in("sum_not_normalised", "block model", of_sum=keep)
wrong_in("rms_norm", "block", of_attended=unit_rms)
wrong_in("rms_norm_of_the_update", "model", of_update=unit_rms)
wrong_in("unbiased_variance", "block", of_sum=unbiased)
wrong_in("unbiased_variance_of_attended", "model", of_attended=unbiased)
wrong_in("eps_1e-6", "block model recurrent", of_attended=other_eps(1e-6), of_update=other_eps(1e-6))
wrong_in("eps_1e-12_of_attended", "block model", of_attended=other_eps(1e-12))
wrong_in("eps_outside_the_root", "model", of_attended=eps_outside)
wrong_in("no_relu", "model", activate=keep)
wrong_in("gelu", "block", activate=F.gelu)
wrong_in("answers_without_relu", "model", answer=keep)
wrong_in("answers_with_silu", "block", answer=F.silu)
wrong_in("activations_squared", "model", activate=lambda x: x.relu().square())
wrong_in("sum_for_gate", "block", gate=torch.add)
wrong_in("no_gate", "model", gate=lambda x, y: y)
wrong_in("gate_halved_by_dropout", "block", gate=lambda x, y: F.dropout(x * y, 0.1))
wrong_in(
    "heads_not_interleaved", "block model", join=lambda z: z.flatten(1).reshape(z.shape[0], z.shape[2], -1)
)
wrong_in("heads_joined_neuron_by_neuron", "block", join=lambda z: z.permute(0, 2, 3, 1).flatten(-2))
wrong_in("no_residual", "block", add=lambda x, y: y)
wrong_in("residual_doubled", "model", add=lambda x, y: 2 * x + y)
wrong_in("one_layer_fewer", "model", layers=lambda n: range(n - 1))
wrong_in("one_layer_more", "model", layers=lambda n: range(n + 1))


def second_layer_detached(weights, tokens, layers, scaled):
    parts, x = Parts(), normalised(weights["embedding"][tokens])
    for number in range(layers):
        x = parts.block(weights, x.detach() if number else x, scaled)
    return x @ weights["head"]


def keys_detached(x, values, scaled):
    return in_float32(Parts(key=lambda x, angle: turned(x, angle).detach()).attention)(x, values, scaled)


def values_of_one_head(x, values, scaled):
    share = values.shape[-1] // x.shape[1]
    shown = torch.zeros_like(values).unsqueeze(1).repeat(1, x.shape[1], 1, 1)
    for head in range(x.shape[1]):
        shown[:, head, :, head * share : (head + 1) * share] = values[..., head * share : (head + 1) * share]
    return in_float32(Parts(values=lambda v: shown.to(v.dtype)).attention)(x, values, scaled)


def bfloat16_throughout(x, values, scaled):
    return Parts().attention(x.bfloat16(), values.bfloat16(), scaled).to(x.dtype)


def half_inside(weights, tokens, layers, scaled):
    halved = {name: each.half().to(each.dtype) for name, each in weights.items()}
    return Parts().model(halved, tokens, layers, scaled)


def head_transposed(weights, tokens, layers, scaled):
    square = weights["head"].mT.reshape(weights["head"].shape)
    return Parts().model({**weights, "head": square}, tokens, layers, scaled)


def encoders_exchanged(weights, x, scaled):
    swapped = {"encoder": weights["encoder_values"], "encoder_values": weights["encoder"]}
    return Parts().block({**weights, **swapped}, x, scaled)


def tied_encoders(weights, x, scaled):
    return Parts().block({**weights, "encoder_values": weights["encoder"]}, x, scaled)


def last_row_zero(x, values, scaled):
    output = in_float32(Parts().attention)(x, values, scaled)
    output[:, :, -1] = 0
    return output


def first_row_is_its_value(x, values, scaled):
    output = in_float32(Parts().attention)(x, values, scaled)
    return torch.cat((values[:, None, :1].expand_as(output[:, :, :1]), output[:, :, 1:]), 2)


def writes_into_its_input(x, values, scaled):
    output = in_float32(Parts().attention)(x, values, scaled)
    x.mul_(1.0001)
    return output


VARIANTS.wrong_set("second_layer_detached", run_bdh=second_layer_detached)
for each in (keys_detached, values_of_one_head, bfloat16_throughout, last_row_zero, first_row_is_its_value):
    wrong("run_bdh_attention")(each)
wrong("run_bdh_attention")(writes_into_its_input)
wrong("run_bdh")(half_inside)
wrong("run_bdh")(head_transposed)
wrong("run_bdh_block")(encoders_exchanged)
wrong("run_bdh_block")(tied_encoders)


class WritesFirst(Parts):
    """A token that adds itself before it reads."""

    def remembering(self, weights, x, memories, layer, position, scaled):
        """Write, then read."""

        def attend(activations, values, scaled):
            angle = self.angles(1, activations.shape[-1], activations, position)
            both = self.query(activations, angle)
            memories[layer] = memories[layer] + both.mT @ values.unsqueeze(-3)
            return both @ memories[layer] * (self.scale(activations, values) if scaled else 1)

        return self.of_sum(self.add(x, self.update(weights, x, scaled, attend)))


def position_from_zero(weights, tokens, state, position, scaled):
    return Parts().recurrent(weights, tokens, state, 0, scaled)


def position_one_late(weights, tokens, state, position, scaled):
    return Parts().recurrent(weights, tokens, state, position + 1, scaled)


def state_started_anew(weights, tokens, state, position, scaled):
    return Parts().recurrent(weights, tokens, torch.zeros_like(state), position, scaled)


def state_changed_in_place(weights, tokens, state, position, scaled):
    logits, after = Parts().recurrent(weights, tokens, state, position, scaled)
    state.copy_(after)
    return logits, state


def old_state_returned(weights, tokens, state, position, scaled):
    return Parts().recurrent(weights, tokens, state, position, scaled)[0], state.clone()


def one_state_for_all_layers(weights, tokens, state, position, scaled):
    logits, after = Parts().recurrent(weights, tokens, state[:1].expand_as(state), position, scaled)
    return logits, after


def state_in_half(weights, tokens, state, position, scaled):
    logits, after = Parts().recurrent(weights, tokens, state.half().to(state.dtype), position, scaled)
    return logits, after.half().to(after.dtype)


def state_detached(weights, tokens, state, position, scaled):
    return Parts().recurrent(weights, tokens, state.detach(), position, scaled)


def state_decays(weights, tokens, state, position, scaled):
    return Parts(values=lambda v: 0.999 * v.unsqueeze(-3)).recurrent(weights, tokens, state, position, scaled)


VARIANTS.wrong_set("writes_before_it_reads", run_bdh_recurrent=WritesFirst().recurrent)
for each in (
    position_from_zero,
    position_one_late,
    state_started_anew,
    state_changed_in_place,
    old_state_returned,
    one_state_for_all_layers,
    state_in_half,
    state_detached,
    state_decays,
):
    wrong("run_bdh_recurrent")(each)


for name, function in ROPES.items():
    VARIANTS.wrong_set(name, run_bdh_rope=function)


def summed_by_head(weights, x, scaled):
    """Apply the decoder a head at a time."""
    parts = Parts()
    activations = torch.relu(torch.einsum("btd,hdn->bhtn", x, weights["encoder"]))
    attended = normalised(parts.attention(activations, x, scaled))
    answers = torch.relu(torch.einsum("bhtd,hdn->bhtn", attended, weights["encoder_values"]))
    decoder = weights["decoder"].unflatten(0, (activations.shape[1], -1))
    return normalised(x + normalised(torch.einsum("bhtn,hnd->btd", activations * answers, decoder)))


def in_double(parts):
    def run(weights, tokens, layers, scaled):
        wide = {name: each.double() for name, each in weights.items()}
        return parts.model(wide, tokens, layers, scaled).to(weights["embedding"].dtype)

    return run


def by_chunks(x, values, scaled, size=4):
    """Attend within chunks of tokens directly, and to those before through a running sum."""
    angle = angles(x.shape[-2], x.shape[-1], x, 0)
    both, shown = turned(x, angle), values.unsqueeze(1).expand(-1, x.shape[1], -1, -1)
    memory = x.new_zeros(*x.shape[:2], x.shape[-1], values.shape[-1])
    parts = [x.new_zeros(*x.shape[:2], 0, values.shape[-1])]
    for start in range(0, x.shape[-2], size):
        q, v = both[:, :, start : start + size], shown[:, :, start : start + size]
        parts.append((q @ q.mT).tril(-1) @ v + q @ memory)
        memory = memory + q.mT @ v
    return torch.cat(parts, -2) * (x.shape[-1] ** -0.5 if scaled else 1)


def parallel_by_recurrence(weights, tokens, layers, scaled):
    heads, width, neurons = weights["encoder"].shape
    state = weights["head"].new_zeros(layers, len(tokens), heads, neurons, width)
    if not layers:
        return normalised(weights["embedding"][tokens]) @ weights["head"]
    return Parts().recurrent(weights, tokens, state, 0, scaled)[0]


honest_parts("taken_apart")
honest_parts("complex_numbers", query=complex_turned, key=complex_turned)
honest_parts("angles_without_turns", angles=plain_angles)
honest_parts("angles_of_reciprocals", angles=of_reciprocals)
honest_parts("angles_of_logarithms", angles=of_logarithms)
honest_parts("norms_by_hand", of_embedding=by_hand, of_attended=by_hand, of_update=by_hand, of_sum=by_hand)
honest_parts("scores_masked", mask=masked)
honest("run_bdh_block")(summed_by_head)
VARIANTS.honest_set("float64_inside", run_bdh=in_double(Parts()))
VARIANTS.honest_set("chunks", run_bdh_attention=in_float32(by_chunks))
honest("run_bdh")(parallel_by_recurrence)
