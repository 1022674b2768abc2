"""Gated delta rule, one token: right for every gate, head, width and memory layout."""

from __future__ import annotations

import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pytest_bolt.correctness import fenced, inputs, red_zones, repeated, self_test

from .. import reference
from ..gated_delta import (
    GATES,
    LAYOUTS,
    PUBLISHED,
    STATE,
    changed,
    decode_args,
    hold,
    hold_output,
    in_wide_rows,
    laid_out,
    with_state,
)

pytestmark = pytest.mark.bolt(operation="run_gdn_decode")
DISTRIBUTIONS = ("normal", *inputs.MANDATORY, "row_scale", "strided", "transposed")
HEADS = ((1, 1), (2, 2), (1, 3), (3, 6), (4, 8))
Q, K, V, A_LOG, A, B = 0, 1, 2, 4, 5, 7


def agrees(impl, args):
    """Run a decode step and hold both its outputs to the reference."""
    hold(impl.run_gdn_decode, args, oracle=reference.gated_delta_decode)


@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
def test_agrees_on(impl, device, dtype, seed, distribution):
    agrees(impl, decode_args(3, values=distribution, device=device, dtype=dtype, seed=100 * seed))


@pytest.mark.parametrize("gates", GATES)
def test_agrees_for_gates(impl, device, dtype, seed, gates):
    agrees(impl, decode_args(4, gates=gates, device=device, dtype=dtype, seed=100 * seed + 1))


@pytest.mark.parametrize("heads", HEADS, ids="{0[0]}-for-{0[1]}".format)
def test_heads_in_groups(impl, device, dtype, seed, heads):
    queries, values = heads
    place = {"device": device, "dtype": dtype, "seed": 100 * seed + 2}
    agrees(impl, decode_args(2, query_heads=queries, value_heads=values, **place))


@pytest.mark.parametrize("width", [1, 2, 16, 31, 64, 100])
def test_agrees_at_width(impl, device, dtype, seed, width):
    place = {"device": device, "dtype": dtype, "seed": 100 * seed + 3}
    agrees(
        impl,
        decode_args(
            2, width=width, query_heads=4 if width < 16 else 1, value_heads=8 if width < 16 else 2, **place
        ),
    )


@pytest.mark.parametrize("fresh", [False, True], ids=["state", "no-state"])
def test_published_shape(impl, device, dtype, seed, fresh):
    place = {"device": device, "dtype": dtype, "seed": 100 * seed + 4}
    agrees(impl, decode_args(2, values="blocks", fresh=fresh, **PUBLISHED, **place))


@pytest.mark.parametrize("batch", [0, 1, 5])
@pytest.mark.parametrize("fresh", [False, True], ids=["state", "no-state"])
def test_any_batch(impl, device, dtype, seed, batch, fresh):
    agrees(impl, decode_args(batch, fresh=fresh, device=device, dtype=dtype, seed=100 * seed + 5))


@pytest.mark.parametrize("scale", [None, 0, 0.0, 1.0, 0.3, 2.5])
def test_scale(impl, device, dtype, seed, scale):
    agrees(impl, decode_args(2, scale=scale, device=device, dtype=dtype, seed=100 * seed + 6))


@pytest.mark.parametrize("value", [-60.0, -9.0, 9.0, 25.0, 60.0])
@pytest.mark.parametrize("gate", [A, B], ids=["a", "b"])
def test_gates_wide_open_and_shut(impl, device, dtype, seed, gate, value):
    args = decode_args(2, gates="varied", device=device, dtype=dtype, seed=100 * seed + 7)
    agrees(impl, changed(args, lambda each: torch.full_like(each, value), gate))


def test_agrees_for_three_seeds(impl, device, dtype, seed):
    for place in range(3):
        agrees(impl, decode_args(2, gates="varied", device=device, dtype=dtype, seed=100 * seed + 10 + place))


def test_equal_memory_with_other_values(impl, device, dtype, seed):
    args = decode_args(2, device=device, dtype=dtype, seed=100 * seed + 20)
    others = decode_args(2, gates="varied", device=device, dtype=dtype, seed=100 * seed + 21)
    for place in (range(8), [STATE], [V], [A_LOG, A]):
        agrees(impl, args)
        for number in place:
            args[number].copy_(others[number])
        others = decode_args(2, gates="long", device=device, dtype=dtype, seed=100 * seed + 22)
    agrees(impl, args)


@settings(max_examples=6, deadline=None, print_blob=True)
@given(
    batch=st.integers(1, 4),
    heads=st.sampled_from(HEADS),
    width=st.integers(8, 40),
    gates=st.sampled_from(sorted(GATES)),
    scale=st.sampled_from([None, 0.0, 0.7]),
    fresh=st.booleans(),
    number=st.integers(0, 2**16),
)
@example(batch=1, heads=(1, 3), width=33, gates="varied", scale=None, fresh=False, number=0)
def test_any_shape(impl, device, dtype, seed, batch, heads, width, gates, scale, fresh, number):  # noqa: PLR0917 - one argument a draw
    args = decode_args(
        batch,
        query_heads=heads[0],
        value_heads=heads[1],
        width=width,
        gates=gates,
        scale=scale,
        fresh=fresh,
        device=device,
        dtype=dtype,
        seed=100 * seed + number,
    )
    agrees(impl, args)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_any_layout(impl, device, dtype, seed, layout):
    agrees(impl, laid_out(layout, decode_args(3, device=device, dtype=dtype, seed=100 * seed + 23)))


def test_doubling_state_and_values_doubles_all(impl, device, dtype, seed):
    args = decode_args(2, device=device, dtype=dtype, seed=100 * seed + 24)
    once = impl.run_gdn_decode(*args)
    twice = impl.run_gdn_decode(*changed(args, lambda each: 2 * each, V, STATE))
    assert all(torch.equal(2 * one, two) for one, two in zip(once, twice, strict=True))


def test_state_and_values_add_up(impl, device, dtype, seed):
    args = decode_args(2, device=device, dtype=dtype, seed=100 * seed + 25)
    both = impl.run_gdn_decode(*args)
    of_state = impl.run_gdn_decode(*changed(args, torch.zeros_like, V))
    of_values = impl.run_gdn_decode(*changed(args, torch.zeros_like, STATE))
    for whole, *parts in zip(both, of_state, of_values, strict=True):
        largest = max(each.abs().max().item() for each in (whole, *parts))
        away = (whole.double() - sum(each.double() for each in parts)).abs().max().item()
        assert away <= 8 * torch.finfo(whole.dtype).eps * largest


@pytest.mark.parametrize("width", [8, 32])
def test_what_was_written_is_read(impl, device, dtype, seed, width):
    """Where the whole error is corrected, the key of the token gives its value back."""
    args = decode_args(2, width=width, query_heads=4, scale=1.0, device=device, seed=100 * seed + 26)
    axes = torch.eye(width, device=device)[: 2 * 4].reshape(2, 1, 4, width)
    wide_open = torch.full_like(args[B], 60.0)
    own = (axes, axes, *args[2:B], wide_open, 1.0)
    own = changed(own, lambda each: each.to(dtype), Q, K, V, A, B)
    read, _ = impl.run_gdn_decode(*own)
    torch.testing.assert_close(read, own[V], rtol=4 * torch.finfo(dtype).eps, atol=1e-6)


def test_the_query_and_the_scale_leave_the_state_alone(impl, device, dtype, seed):
    args = decode_args(2, device=device, dtype=dtype, seed=100 * seed + 27)
    _, state = impl.run_gdn_decode(*args)
    _, other = impl.run_gdn_decode(*changed(args, lambda each: each.flip(0) - 1, Q)[:-1], 0.9)
    assert torch.equal(state, other)


def test_sequences_do_not_see_each_other(impl, device, dtype, seed):
    args = decode_args(3, device=device, dtype=dtype, seed=100 * seed + 28)
    others = decode_args(3, gates="varied", device=device, dtype=dtype, seed=100 * seed + 29)
    for place in (Q, K, V, STATE, A, B):
        others[place][1] = args[place][1]
    mixed = tuple(
        own if place in {A_LOG, 6} else other
        for place, (own, other) in enumerate(zip(args, others, strict=True))
    )
    for own, other in zip(impl.run_gdn_decode(*args), impl.run_gdn_decode(*mixed), strict=True):
        assert torch.equal(own[1], other[1])


def test_the_new_state_is_memory_of_its_own(impl, device, dtype, seed):
    args = decode_args(2, device=device, dtype=dtype, seed=100 * seed + 30)
    before = args[STATE].clone()
    with torch.inference_mode():  # whatever mode it was made in
        impl.run_gdn_decode(*args)[1].zero_()
    assert torch.equal(args[STATE], before)


def test_a_chain_of_steps_does_not_drift(impl, device, dtype, seed):
    steps = [decode_args(1, device=device, dtype=dtype, seed=100 * seed + 40 + step) for step in range(8)]

    def chain(decode, given):
        state, read = given[0][STATE], []
        for args in given:
            output, state = decode(*with_state(args, state))
            read.append(output)
        return torch.cat(read, 1), state

    def oracle(*flat):
        return chain(
            reference.gated_delta_decode, [flat[place : place + 9] for place in range(0, len(flat), 9)]
        )

    flat = tuple(each for args in steps for each in args)
    hold_output(chain(impl.run_gdn_decode, steps), flat, oracle=oracle)


def test_three_runs_are_bit_equal(impl, device, dtype, seed):
    repeated(impl.run_gdn_decode, decode_args(3, width=33, device=device, dtype=dtype, seed=100 * seed + 31))


@pytest.mark.parametrize("width", [16, 33])
def test_stays_inside_its_memory(impl, device, dtype, seed, width):
    args = decode_args(2, width=width, device=device, dtype=dtype, seed=100 * seed + 32)
    with red_zones():
        agrees(impl, changed(args, fenced, *range(8)))


@pytest.mark.parametrize("width", [16, 64])
def test_the_gate_can_fail(device, dtype, seed, width):
    workloads = [
        decode_args(
            2, width=width, values=values, gates=gates, device=device, dtype=dtype, seed=100 * seed + 33
        )
        for values, gates in (("blocks", "varied"), ("tailheavy", "long"))[: 1 + (width == 16)]
    ]

    oracle = in_wide_rows(reference.gated_delta_decode)

    def right(*args):
        return oracle(*args)

    wrong = {
        "no decay": lambda *args: right(*changed(args, lambda each: each - 99, A_LOG)),
        "beta is one": lambda *args: right(*changed(args, lambda each: each + 99, B)),
        "state transposed": lambda *args: right(*changed(args, lambda each: each.mT, STATE)),
        "stale state": lambda *args: (right(*args)[0], args[STATE].flatten(-3)),
        "another head's key": lambda *args: right(*changed(args, lambda each: each.roll(1, 2), K)),
        "unscaled": lambda *args: right(*args[:-1], 1.0),
    }
    self_test(workloads[0], also=workloads[1:], oracle=oracle, extra=wrong)
