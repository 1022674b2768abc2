"""Sequences of the gated delta rule, wrong and right: loops over tokens, and chunks of them."""

from __future__ import annotations

from itertools import pairwise

import torch

from benchmarks.mutants.gdn_decode.parts import in_groups, log_decay, update, usual_scale
from benchmarks.mutants.registry import Variants
from reference import chunked, gated_delta_prefill

VARIANTS = Variants("gdn_prefill")
wrong, honest = VARIANTS.wrong, VARIANTS.honest
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
