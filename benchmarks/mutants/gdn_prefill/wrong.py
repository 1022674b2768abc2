"""Prefills that are wrong, forward or backward."""

from __future__ import annotations

from itertools import pairwise

import torch

from benchmarks.mutants.gdn_decode.parts import update
from benchmarks.mutants.gdn_prefill.parts import OPERATIONS, VARIANTS, built, chunks, loop, register, right

wrong = VARIANTS.wrong


def with_update(update):
    return built(lambda *given: loop(*given, update=update))


def drifting(dtype):
    """Return an update that keeps the state in a narrow dtype between tokens."""

    def narrow(state, *rest):
        output, after = update(state, *rest)
        return output, after.to(dtype).float()

    return with_update(narrow)


def reads_first(state, q, k, v, decay, beta, scale):
    _, after = update(state, q, k, v, decay, beta, scale)
    return scale * torch.einsum("...vk,...k->...v", decay[..., None, None] * state, q), after


def decay_last(state, q, k, v, decay, beta, scale):
    output, after = update(state, q, k, v, torch.ones_like(decay), beta, scale)
    return output, decay[..., None, None] * after


def error_of_the_undecayed(state, q, k, v, decay, beta, scale):
    error = beta[..., None] * (v - torch.einsum("...vk,...k->...v", state, k))
    after = decay[..., None, None] * state + torch.einsum("...v,...k->...vk", error, k)
    return scale * torch.einsum("...vk,...k->...v", after, q), after


def no_error(state, q, k, v, decay, beta, scale):
    after = decay[..., None, None] * state + torch.einsum("...v,...k->...vk", beta[..., None] * v, k)
    return scale * torch.einsum("...vk,...k->...v", after, q), after


def bounds_cut_short(bounds, tokens):
    return [*bounds[:-1], max(bounds[-1] - 1, bounds[-2])]


register("state_kept_in_bfloat16", drifting(torch.bfloat16))
register("state_kept_in_float16", drifting(torch.float16))
register("reads_before_it_writes", with_update(reads_first))
register("decay_last", with_update(decay_last))
register("error_of_the_undecayed", with_update(error_of_the_undecayed))
register("no_error", with_update(no_error))
register("last_token_left_out", built(bounds_of=bounds_cut_short))
register(
    "bounds_one_late",
    built(bounds_of=lambda bounds, tokens: [min(each + (0 < each < tokens), tokens) for each in bounds]),
)
register(
    "bounds_one_early",
    built(bounds_of=lambda bounds, _: [max(each - (each < bounds[-1]), 0) for each in bounds]),
)
register("one_long_sequence", built(bounds_of=lambda bounds, tokens: [0, *[tokens] * (len(bounds) - 1)]))
register(
    "equal_lengths",
    built(
        bounds_of=lambda bounds, tokens: [tokens * place // (len(bounds) - 1) for place in range(len(bounds))]
    ),
)
register("state_leaks_on", built(between_sequences=lambda own, last: own if last is None else last))
register(
    "state_leaks_a_little",
    built(between_sequences=lambda own, last: own if last is None else own + 1e-3 * last),
)
register("first_state_only", built(between_sequences=lambda own, last: own if last is None else own * 0))
register("empty_gets_zeros", built(empty=torch.zeros_like))
register("empty_gets_nan", built(empty=lambda state: state * torch.nan))
register("chunk_sees_itself_in_the_system", built(chunks(16, corrected=0)))
register("chunk_neighbour_not_corrected", built(chunks(16, corrected=-2)))
register("chunk_output_without_itself", built(chunks(16, seen=-1)))
register(
    "chunk_gate_from_its_second_token",
    built(chunks(16, running=lambda gate: gate.cumsum(-1) - gate[..., :1])),
)
register("chunk_gate_exclusive", built(chunks(16, running=lambda gate: gate.cumsum(-1) - gate)))
register("chunk_gate_of_its_own_token", built(chunks(16, running=lambda gate: gate)))
register(
    "chunk_state_not_decayed", built(chunks(16, carried=lambda total: torch.zeros_like(total[..., -1:])))
)
register("chunk_keys_not_decayed", built(chunks(16, left=torch.zeros_like)))
register("chunk_keys_decayed_from_the_start", built(chunks(16, left=lambda total: total)))
register("chunk_query_not_decayed", built(chunks(16, reached=torch.zeros_like)))
register(
    "chunk_ratio_left_out",
    built(chunks(16, between=lambda total: 0 * (total[..., :, None] - total[..., None, :]))),
)
register(
    "chunk_beta_of_the_column", built(chunks(16, beta_on=lambda system, beta: beta[..., None, :] * system))
)
register("chunk_beta_on_neither", built(chunks(16, beta_on=lambda system, beta: system)))
register("chunk_of_64_last_part_not_kept", built(chunks(64, whole_only=True)))
register("chunk_errors_in_bfloat16", built(chunks(16, inside=torch.bfloat16)))
register(
    "chunk_of_64_limits_the_gate",
    built(chunks(64, between=lambda total: (total[..., :, None] - total[..., None, :]).clamp(min=-5))),
)


@wrong(*OPERATIONS)
def first_chunk_of_64_only(q, k, v, state, A_log, a, dt_bias, b, cu_seqlens, scale):
    output, after = right(q, k, v, state, A_log, a, dt_bias, b, cu_seqlens, scale)
    late = torch.cat([torch.arange(end - first) >= 128 for first, end in pairwise(cu_seqlens.tolist())])
    return output * ~late[:, None, None], after


@wrong(*OPERATIONS)
def gradient_stops_at_the_state(q, k, v, state, *rest):
    return right(q, k, v, None if state is None else state.detach(), *rest)


@wrong(*OPERATIONS)
def gradient_stops_at_the_gates(q, k, v, state, A_log, a, dt_bias, b, *rest):
    return right(q, k, v, state, A_log.detach(), a, dt_bias.detach(), b, *rest)


@wrong(*OPERATIONS)
def gradient_cut_every_16_tokens(*args):
    def truncated(q, k, v, gate, beta, state, scale):
        read = [v[:0]]
        for first in range(0, len(q), 16):
            part = (each[first : first + 16] for each in (q, k, v, gate, beta))
            output, state = loop(*part, state.detach() if first else state, scale)
            read.append(output)
        return torch.cat(read), state

    return built(truncated)(*args)


@wrong(*OPERATIONS)
def state_is_written_in_place(q, k, v, state, *rest):
    output, after = right(q, k, v, state, *rest)
    if state is not None and not state.requires_grad:
        state.copy_(after)
    return output, after


@wrong(*OPERATIONS)
def state_in_the_input_dtype(q, *rest):
    output, after = right(q, *rest)
    return output, after.to(q.dtype)


@wrong("run_gdn_prefill")
def empty_keeps_the_memory(q, k, v, state, A_log, a, dt_bias, b, cu_seqlens, scale):
    if len(q) or state is None:
        return right(q, k, v, state, A_log, a, dt_bias, b, cu_seqlens, scale)
    return torch.empty_like(v), state


@wrong("run_gdn_prefill")
def bounds_kept_from_the_first_call(q, k, v, state, A_log, a, dt_bias, b, cu_seqlens, scale, kept={}):  # noqa: B006 - it is the mistake
    bounds = kept.setdefault((len(q), len(cu_seqlens)), cu_seqlens.clone())
    return right(q, k, v, state, A_log, a, dt_bias, b, bounds, scale)


@wrong("run_gdn_prefill")
def queries_in_bfloat16(q, *rest):
    return tuple(
        own.to(each.dtype) for own, each in zip(right(q.bfloat16(), *rest), right(q, *rest), strict=True)
    )


def through_bfloat16(state, q, k, v, decay, beta, scale):
    kept = decay[..., None, None] * state
    known = torch.einsum("...vk,...k->...v", kept.bfloat16(), k.bfloat16()).float()
    after = kept + torch.einsum("...v,...k->...vk", beta[..., None] * (v - known), k)
    return scale * torch.einsum("...vk,...k->...v", after, q), after


def with_gates(change):
    """Return a prefill whose log decays `[T, H]` and betas of each sequence are changed."""
    return built(lambda q, k, v, gate, beta, *rest: loop(q, k, v, *change(gate, beta), *rest))


def forgets_every_32_tokens(gate, beta):
    place = torch.arange(len(gate))[:, None]
    return torch.where((place > 0) & (place % 32 == 0), gate - 50, gate), beta


def half_decayed(total):
    return torch.where(torch.arange(total.shape[-1]) < 32, total, 0 * total)


register("state_read_through_bfloat16", with_update(through_bfloat16))
register("forgets_every_32_tokens", with_gates(forgets_every_32_tokens))
register(
    "first_token_does_not_decay", with_gates(lambda gate, beta: (torch.cat([0 * gate[:1], gate[1:]]), beta))
)
register(
    "last_beta_of_the_one_before",
    with_gates(lambda gate, beta: (gate, torch.cat([beta[:-1], beta[-2:][:1]]))),
)
register("gate_not_below_minus_two", with_gates(lambda gate, beta: (gate.clamp(min=-2), beta)))
register("chunk_gate_in_float16", built(chunks(64, running=lambda gate: gate.half().cumsum(-1).float())))
register("chunk_query_half_decayed", built(chunks(64, reached=half_decayed)))


@wrong(*OPERATIONS)
def two_states_swapped(*args):
    output, after = right(*args)
    return output, after.flip(0) if len(after) == 2 else after


@wrong(*OPERATIONS)
def gradient_of_the_key_negated(q, k, *rest):
    return right(q, 2 * k.detach() - k, *rest)


@wrong(*OPERATIONS)
def gradient_of_b_a_thousandth(q, k, v, state, A_log, a, dt_bias, b, *rest):
    return right(q, k, v, state, A_log, a, dt_bias, 0.999 * b.detach() + 0.001 * b, *rest)
