"""Gated delta rule, whole sequences: what follows from its being a recurrence, sequence by sequence."""

from __future__ import annotations

import pytest
import torch

from .. import reference
from ..gated_delta import STATE, changed, hold_output, in_chunks, prefill_args, tokens_of, with_state

pytestmark = pytest.mark.bolt(operation="run_gdn_prefill")
Q, K, V, A, B, BOUNDS = 0, 1, 2, 5, 7, 8
OF_TOKEN = (Q, K, V, A, B)


def holds(output, args):
    """Hold an output, however it came about, to the prefill of these arguments."""
    hold_output(output, args, oracle=reference.gated_delta_prefill, twin=in_chunks)


def test_a_prefill_is_its_decode_steps(impl, device, dtype, seed):
    args = prefill_args((21,), device=device, dtype=dtype, seed=100 * seed + 50)

    def steps(q, k, v, state, A_log, a, dt_bias, b, bounds, scale):  # noqa: ARG001, PLR0917 - one sequence, in the published order
        read = []
        for token in range(len(q)):
            now = [each[token][None, None] for each in (q, k, v, a, b)]
            output, state = reference.gated_delta_decode(
                *now[:3], state, A_log, now[3], dt_bias, now[4], scale
            )
            read.append(output[0])
        return torch.cat(read), state

    hold_output(impl.run_gdn_prefill(*args), args, oracle=steps, twin=in_chunks)


@pytest.mark.parametrize("first", [1, 16, 39])
def test_splitting_a_sequence_changes_nothing(impl, device, dtype, seed, first):
    args = prefill_args((40,), device=device, dtype=dtype, seed=100 * seed + 51)
    start, state = impl.run_gdn_prefill(*tokens_of(args, 0, first))
    end, state = impl.run_gdn_prefill(*with_state(tokens_of(args, first, 40), state))
    holds((torch.cat([start, end]), state), args)


def test_later_tokens_are_not_seen(impl, device, dtype, seed):
    args = prefill_args((40,), device=device, dtype=dtype, seed=100 * seed + 52)
    others = prefill_args((40,), gates="varied", device=device, dtype=dtype, seed=100 * seed + 53)
    for place in OF_TOKEN:
        others[place][:23] = args[place][:23]
    mixed = tuple(others[place] if place in OF_TOKEN else each for place, each in enumerate(args))
    output, _ = impl.run_gdn_prefill(*mixed)
    _, state = impl.run_gdn_prefill(*tokens_of(args, 0, 23))
    holds((output[:23].clone(), state), tokens_of(args, 0, 23))


def test_sequences_do_not_see_each_other(impl, device, dtype, seed):
    args = prefill_args((6, 19, 5), device=device, dtype=dtype, seed=100 * seed + 54)
    loud = changed(args, torch.clone, V, STATE)
    loud[V][:6] *= 1024
    loud[V][25:] *= 1024
    loud[STATE][0::2] *= 1024
    output, states = impl.run_gdn_prefill(*loud)
    alone = with_state(tokens_of(args, 6, 25), args[STATE][1:2])
    holds((output[6:25].clone(), states[1:2].clone()), alone)


def test_the_order_of_sequences_is_theirs(impl, device, dtype, seed):
    args = prefill_args((6, 0, 19, 5), device=device, dtype=dtype, seed=100 * seed + 55)
    order, bounds = [2, 3, 1, 0], args[BOUNDS].tolist()
    tokens = [token for number in order for token in range(bounds[number], bounds[number + 1])]
    moved = changed(args, lambda each: each[tokens], *OF_TOKEN)
    moved = with_state(moved, args[STATE][order])
    moved = (*moved[:BOUNDS], torch.tensor([0, 19, 24, 24, 30], device=device), moved[-1])
    output, states = impl.run_gdn_prefill(*moved)
    back = torch.empty_like(output)
    back[tokens] = output
    there = torch.empty_like(states)
    there[order] = states
    holds((back, there), args)


@pytest.mark.parametrize(
    "lengths", [(0,), (0, 4), (4, 0), (3, 0, 0, 2)], ids=lambda each: "+".join(map(str, each))
)
def test_an_empty_sequence_keeps_its_state(impl, device, dtype, seed, lengths):
    args = prefill_args(lengths, device=device, dtype=dtype, seed=100 * seed + 56)
    _, states = impl.run_gdn_prefill(*args)
    _, fresh = impl.run_gdn_prefill(*with_state(args, None))
    for number, length in enumerate(lengths):
        if not length:
            assert torch.equal(states[number], args[STATE][number])
            assert not fresh[number].any()


@pytest.mark.parametrize("lengths", [(0,), (5, 0)], ids=lambda each: "+".join(map(str, each)))
def test_the_new_state_is_memory_of_its_own(impl, device, dtype, seed, lengths):
    args = prefill_args(lengths, device=device, dtype=dtype, seed=100 * seed + 57)
    before = args[STATE].clone()
    with torch.inference_mode():  # whatever mode it was made in
        impl.run_gdn_prefill(*args)[1].zero_()
    assert torch.equal(args[STATE], before)


def test_doubling_state_and_values_doubles_all(impl, device, dtype, seed):
    args = prefill_args((4, 18), device=device, dtype=dtype, seed=100 * seed + 58)
    once = impl.run_gdn_prefill(*args)
    twice = impl.run_gdn_prefill(*changed(args, lambda each: 2 * each, V, STATE))
    assert all(torch.equal(2 * one, two) for one, two in zip(once, twice, strict=True))


def test_state_and_values_add_up(impl, device, dtype, seed):
    args = prefill_args((4, 18), device=device, dtype=dtype, seed=100 * seed + 59)
    both = impl.run_gdn_prefill(*args)
    of_state = impl.run_gdn_prefill(*changed(args, torch.zeros_like, V))
    of_values = impl.run_gdn_prefill(*changed(args, torch.zeros_like, STATE))
    for whole, *parts in zip(both, of_state, of_values, strict=True):
        largest = max(each.abs().max().item() for each in (whole, *parts))
        away = (whole.double() - sum(each.double() for each in parts)).abs().max().item()
        assert away <= 32 * torch.finfo(whole.dtype).eps * largest


def test_the_query_and_the_scale_leave_the_states_alone(impl, device, dtype, seed):
    args = prefill_args((4, 18), device=device, dtype=dtype, seed=100 * seed + 60)
    _, states = impl.run_gdn_prefill(*args)
    _, others = impl.run_gdn_prefill(*changed(args, lambda each: each.flip(0) - 1, Q)[:-1], 0.9)
    assert torch.equal(states, others)


def test_a_state_of_long_ago_is_still_there(impl, device, dtype, seed):
    """Hundreds of tokens that hardly forget and hardly write: what is left is the state that was given."""
    args = prefill_args(
        (150,), width=8, query_heads=1, value_heads=2, device=device, dtype=dtype, seed=100 * seed + 61
    )
    args = changed(args, lambda each: torch.full_like(each, -9.0), A)
    holds(impl.run_gdn_prefill(*args), changed(args, torch.clone, V))
