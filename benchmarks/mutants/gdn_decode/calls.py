"""Right steps of the wrong memory, shape, dtype or call."""

from __future__ import annotations

import torch

from benchmarks.mutants.gdn_decode.parts import VARIANTS, right

wrong = VARIANTS.wrong


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


@wrong("run_gdn_decode")
def rows_in_fours_only(q, k, v, *rest):
    output, after = right(q, k, v, *rest)
    after[:, :, v.shape[-1] // 4 * 4 :] = 0
    return output, after


@wrong("run_gdn_decode")
def float16_states_of_many_sequences(q, *rest):
    output, after = right(q, *rest)
    return output, after.half().float() if len(q) > 4 else after
