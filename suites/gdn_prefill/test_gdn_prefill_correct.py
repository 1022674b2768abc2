"""Gated delta rule, whole sequences: right for every length, gate, head and width."""

from __future__ import annotations

import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pytest_bolt.correctness import fenced, inputs, red_zones, repeated, self_test, verify_gradients

from .. import reference
from ..gated_delta import (
    GATES,
    LAYOUTS,
    PUBLISHED,
    STATE,
    changed,
    hold,
    in_chunks,
    in_wide_rows,
    laid_out,
    prefill_args,
)

pytestmark = pytest.mark.bolt(operation="run_gdn_prefill")
differentiable = pytest.mark.bolt(operation="run_gdn_prefill_differentiable")
DISTRIBUTIONS = ("normal", *inputs.MANDATORY, "row_scale", "strided", "transposed")
HEADS = ((1, 1), (2, 2), (1, 3), (3, 6), (4, 8))
# One below, at and above the chunks that are usual, whole and cut in sequences.
LENGTHS = (
    (0,),
    (1,),
    (2,),
    (15, 16, 17),
    (31, 0, 33),
    (64,),
    (1, 64),
    (0, 0, 65),
    (129, 0),
    (0, 3, 0, 0, 5),
)
Q, K, V, A_LOG, A, DT_BIAS, B = 0, 1, 2, 4, 5, 6, 7


def agrees(impl, args):
    """Run a prefill and hold both its outputs to the reference."""
    hold(impl.run_gdn_prefill, args, oracle=reference.gated_delta_prefill, twin=in_chunks)


@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
def test_agrees_on(impl, device, dtype, seed, distribution):
    place = {"device": device, "dtype": dtype, "seed": 100 * seed}
    agrees(impl, prefill_args((5, 0, 17, 1), values=distribution, **place))


@pytest.mark.parametrize("gates", GATES)
def test_agrees_for_gates(impl, device, dtype, seed, gates):
    agrees(impl, prefill_args((34, 3), gates=gates, device=device, dtype=dtype, seed=100 * seed + 1))


@pytest.mark.parametrize("lengths", LENGTHS, ids=lambda lengths: "+".join(map(str, lengths)))
def test_lengths(impl, device, dtype, seed, lengths):
    place = {"device": device, "dtype": dtype, "seed": 100 * seed + 2}
    agrees(impl, prefill_args(lengths, width=8, **place))


@pytest.mark.parametrize(
    "lengths", [(0,), (1,), (0, 5, 0, 17)], ids=lambda lengths: "+".join(map(str, lengths))
)
def test_no_state(impl, device, dtype, seed, lengths):
    place = {"device": device, "dtype": dtype, "seed": 100 * seed + 30}
    agrees(impl, prefill_args(lengths, fresh=True, **place))


@pytest.mark.parametrize("heads", HEADS, ids="{0[0]}-for-{0[1]}".format)
def test_heads_in_groups(impl, device, dtype, seed, heads):
    queries, values = heads
    place = {"device": device, "dtype": dtype, "seed": 100 * seed + 3}
    agrees(impl, prefill_args((4, 9), query_heads=queries, value_heads=values, **place))


@pytest.mark.parametrize("width", [1, 2, 31])
def test_agrees_at_width(impl, device, dtype, seed, width):
    place = {"device": device, "dtype": dtype, "seed": 100 * seed + 4}
    agrees(
        impl,
        prefill_args(
            (6, 13),
            width=width,
            query_heads=4 if width < 16 else 1,
            value_heads=8 if width < 16 else 2,
            **place,
        ),
    )


def test_published_shape(impl, device, dtype, seed):
    place = {"device": device, "dtype": dtype, "seed": 100 * seed + 5}
    agrees(impl, prefill_args((7, 0, 2), values="blocks", **PUBLISHED, **place))


@pytest.mark.parametrize("scale", [None, 0, 1.0, 0.3])
def test_scale(impl, device, dtype, seed, scale):
    agrees(impl, prefill_args((3, 5), scale=scale, device=device, dtype=dtype, seed=100 * seed + 6))


@pytest.mark.parametrize("value", [-60.0, -9.0, 9.0, 25.0, 60.0])
@pytest.mark.parametrize("gate", [A, B], ids=["a", "b"])
def test_gates_wide_open_and_shut(impl, device, dtype, seed, gate, value):
    args = prefill_args((20, 3), gates="varied", device=device, dtype=dtype, seed=100 * seed + 7)
    agrees(impl, changed(args, lambda each: torch.full_like(each, value), gate))


@pytest.mark.parametrize("value", [-60.0, 60.0])
def test_one_token_forgets_all_or_nothing(impl, device, dtype, seed, value):
    args = prefill_args((40,), device=device, dtype=dtype, seed=100 * seed + 8)
    args[A][17] = value
    agrees(impl, args)


def test_one_key_again_and_again(impl, device, dtype, seed):
    """Each correction hangs on all those before it: the system of a chunk is as far from one as can be."""
    args = prefill_args((40,), device=device, dtype=dtype, seed=100 * seed + 9)
    args = changed(args, lambda each: each[:1].expand_as(each).clone(), K)
    agrees(impl, changed(args, lambda each: each + 3, B))


def test_agrees_for_three_seeds(impl, device, dtype, seed):
    for number in range(3):
        place = {"device": device, "dtype": dtype, "seed": 100 * seed + 10 + number}
        agrees(impl, prefill_args((number, 18, 2), gates="varied", **place))


def test_equal_memory_with_other_values(impl, device, dtype, seed):
    args = prefill_args((4, 5), device=device, dtype=dtype, seed=100 * seed + 20)
    others = prefill_args((7, 2), gates="varied", device=device, dtype=dtype, seed=100 * seed + 21)
    for places in (range(9), [8], [STATE], [V]):
        agrees(impl, args)
        for place in places:
            args[place].copy_(others[place])
        others = prefill_args((1, 8), device=device, dtype=dtype, seed=100 * seed + 22)
    agrees(impl, args)


@settings(max_examples=5, deadline=None, print_blob=True)
@given(
    lengths=st.lists(st.one_of(st.integers(0, 3), st.integers(0, 24)), min_size=1, max_size=3),
    heads=st.sampled_from(HEADS),
    width=st.integers(8, 24),
    gates=st.sampled_from(sorted(GATES)),
    scale=st.sampled_from([None, 0.0, 0.7]),
    fresh=st.booleans(),
    number=st.integers(0, 2**16),
)
@example(lengths=[1, 0, 2], heads=(1, 3), width=17, gates="varied", scale=None, fresh=False, number=0)
def test_any_sequences(impl, device, dtype, seed, lengths, heads, width, gates, scale, fresh, number):  # noqa: PLR0917 - one argument a draw
    args = prefill_args(
        lengths,
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
    args = prefill_args((3, 8), device=device, dtype=dtype, seed=100 * seed + 23)
    agrees(impl, laid_out(layout, args))


def test_three_runs_are_bit_equal(impl, device, dtype, seed):
    repeated(impl.run_gdn_prefill, prefill_args((9, 20), device=device, dtype=dtype, seed=100 * seed + 24))


@pytest.mark.parametrize("width", [16, 33])
def test_stays_inside_its_memory(impl, device, dtype, seed, width):
    args = prefill_args((3, 0, 6), width=width, device=device, dtype=dtype, seed=100 * seed + 25)
    with red_zones():
        agrees(impl, changed(args, fenced, *range(8)))


@differentiable
@pytest.mark.parametrize("gates", GATES)
@pytest.mark.parametrize("lengths", [(1,), (5, 0, 18)], ids=lambda lengths: "+".join(map(str, lengths)))
def test_gradients(impl, device, dtype, seed, lengths, gates):
    args = prefill_args(lengths, gates=gates, device=device, dtype=dtype, seed=100 * seed + 26)
    verify_gradients(
        impl.run_gdn_prefill_differentiable,
        args,
        oracle=reference.gated_delta_prefill,
        twin=in_chunks,
        seed=seed,
    )


@differentiable
@pytest.mark.parametrize("scale", [None, 0.7])
def test_gradients_without_a_state(impl, device, dtype, seed, scale):
    """The first token of a sequence has nothing to forget: of its gate's gradient only rounding is there."""
    place = {"device": device, "dtype": dtype, "seed": 100 * seed + 27}
    args = prefill_args((3, 18), values="blocks", gates="varied", fresh=True, scale=scale, **place)
    verify_gradients(
        impl.run_gdn_prefill_differentiable,
        args,
        oracle=reference.gated_delta_prefill,
        twin=in_chunks,
        seed=seed,
        by_row=False,
    )


@differentiable
def test_the_differentiable_one_agrees(impl, device, dtype, seed):
    args = prefill_args((17, 0, 4), gates="varied", device=device, dtype=dtype, seed=100 * seed + 28)
    hold(impl.run_gdn_prefill_differentiable, args, oracle=reference.gated_delta_prefill, twin=in_chunks)


@pytest.mark.parametrize("width", [16, 64])
def test_the_gate_can_fail(device, dtype, seed, width):
    lengths = (9, 0, 13) if width == 16 else (3, 2)
    workloads = [
        prefill_args(
            lengths, width=width, values=values, gates=gates, device=device, dtype=dtype, seed=100 * seed + 29
        )
        for values, gates in (("blocks", "varied"), ("tailheavy", "long"))[: 1 + (width == 16)]
    ]

    oracle = in_wide_rows(reference.gated_delta_prefill)

    def right(*args):
        return oracle(*args)

    def one_sequence(*args):
        whole = torch.tensor([0] + [len(args[Q])] * len(lengths))
        return right(*args[:-2], whole, args[-1])

    wrong = {
        "no decay": lambda *args: right(*changed(args, lambda each: each - 99, A_LOG)),
        "beta is one": lambda *args: right(*changed(args, lambda each: each + 99, B)),
        "state transposed": lambda *args: right(*changed(args, lambda each: each.mT, STATE)),
        "the last token dropped": lambda *args: (right(*args)[0], _without_last(right, args)),
        "another head's key": lambda *args: right(*changed(args, lambda each: each.roll(1, 1), K)),
        "unscaled": lambda *args: right(*args[:-1], 1.0),
        "one sequence": one_sequence,
    }
    self_test(workloads[0], also=workloads[1:], oracle=oracle, twin=in_wide_rows(in_chunks), extra=wrong)


def _without_last(right, args):
    """Return the states where the last token of all is not there."""
    shorter = tuple(each[:-1] if place in {Q, K, V, A, B} else each for place, each in enumerate(args[:8]))
    bounds = args[8].clamp(max=len(args[Q]) - 1)
    return right(*shorter, bounds, args[9])[1]
