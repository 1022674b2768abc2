"""Rotary position embedding: right at any position, in any order, for any base."""

from __future__ import annotations

import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pytest_bolt.correctness import check, inputs, repeated, self_test, verify, verify_gradients

from .. import reference
from .tensors import LONGEST, features, scattered
from .tensors import rope as twin

pytestmark = pytest.mark.bolt(operation="run_rope", dtypes=("float32",))
DISTRIBUTIONS = ("normal", "blocks", "tailheavy", "row_scale", "transposed", "strided", "sliced")
THETA = 10_000.0


def agrees(impl, x, positions, *, theta=THETA, longest=LONGEST):
    """Turn `x` and hold the result to the reference."""
    args = (x.shape[-1], theta, longest, x, positions)
    kwargs = {"theta": theta}
    rope = reference.rope
    verify(impl.run_rope, args, oracle=rope, oracle_args=(x, positions), kwargs=kwargs, twin=twin)


@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
def test_agrees_on(impl, device, dtype, seed, distribution):
    place = {"device": device, "dtype": dtype, "seed": 100 * seed}
    x = inputs.DISTRIBUTIONS[distribution](24, 16, **place)
    agrees(impl, x, scattered(24, device=device, seed=100 * seed))


def test_in_order(impl, device, dtype, seed):
    x = features(2, 12, 16, device=device, dtype=dtype, seed=100 * seed + 1)
    agrees(impl, x, torch.arange(12, device=device), longest=12)


@pytest.mark.parametrize("theta", [2.0, 137.5, 10_000.0, 500_000.0])
def test_any_base(impl, device, dtype, seed, theta):
    x = features(2, 12, 16, device=device, dtype=dtype, seed=100 * seed + 2)
    agrees(impl, x, scattered(2, 12, device=device, seed=100 * seed + 2), theta=theta)


@pytest.mark.parametrize("width", [2, 4, 6, 10, 64, 128])
def test_any_width(impl, device, dtype, seed, width):
    x = features(2, 7, width, device=device, dtype=dtype, seed=100 * seed + 3)
    agrees(impl, x, scattered(2, 7, device=device, seed=100 * seed + 3))


@pytest.mark.parametrize("leading", [(), (1,), (3,), (2, 3), (2, 1, 3)], ids=str)
def test_each_sequence_has_its_positions(impl, device, dtype, seed, leading):
    x = features(*leading, 5, 8, device=device, dtype=dtype, seed=100 * seed + 4)
    agrees(impl, x, scattered(*leading, 5, device=device, seed=100 * seed + 4))


@pytest.mark.parametrize("leading", [(3,), (2, 3), (5, 5)], ids=str)
def test_sequences_share_positions(impl, device, dtype, seed, leading):
    x = features(*leading, 5, 8, device=device, dtype=dtype, seed=100 * seed + 5)
    agrees(impl, x, scattered(5, device=device, seed=100 * seed + 5))


@pytest.mark.parametrize("tokens", [1, 2, 31])
def test_any_length(impl, device, dtype, seed, tokens):
    x = features(2, tokens, 8, device=device, dtype=dtype, seed=100 * seed + 6)
    agrees(impl, x, scattered(tokens, device=device, seed=100 * seed + 6))


@pytest.mark.parametrize("longest", [5, 64, 8192])
def test_room_beyond_the_sequence_changes_nothing(impl, device, dtype, seed, longest):
    x = features(2, 5, 8, device=device, dtype=dtype, seed=100 * seed + 18)
    agrees(impl, x, torch.arange(5, device=device).flip(0), longest=longest)


def test_positions_repeat(impl, device, dtype, seed):
    x = features(2, 6, 8, device=device, dtype=dtype, seed=100 * seed + 7)
    agrees(impl, x, torch.tensor([[7, 7, 7, 2, 2, 0], [0, 0, 1, 1, 9, 9]], device=device), longest=10)


def test_position_0_changes_nothing(impl, device, dtype, seed):
    x = features(2, 5, 8, device=device, dtype=dtype, seed=100 * seed + 8)
    zeros = torch.zeros(2, 5, dtype=torch.int64, device=device)
    assert torch.equal(impl.run_rope(8, THETA, 16, x, zeros), x)


def test_pairs_keep_their_norms(impl, device, dtype, seed):
    x = features(2, 12, 16, device=device, dtype=dtype, seed=100 * seed + 9)
    turned = impl.run_rope(16, THETA, LONGEST, x, scattered(2, 12, device=device, seed=100 * seed + 9))

    def norms(values):
        return values.reshape(2, 12, 8, 2).square().sum(-1)

    check(norms(turned), oracle=norms, args=(x,))


def test_scores_depend_on_relative_positions_only(impl, device, dtype, seed):
    q, k = (
        features(9, 16, device=device, dtype=dtype, seed=100 * seed + place, distribution="normal")
        for place in (10, 11)
    )
    ahead, behind = (scattered(9, device=device, seed=100 * seed + place, longest=200) for place in (10, 11))

    def scores(rope, shift, q, k):
        return rope(q, ahead + shift) @ rope(k, behind + shift).mT

    def by_impl(x, positions):
        return impl.run_rope(16, THETA, LONGEST, x, positions)

    check(
        scores(by_impl, 300, q, k),
        oracle=lambda q, k: scores(lambda *args: reference.rope(*args, theta=THETA), 0, q, k),
        twin=lambda q, k: scores(lambda *args: twin(*args, theta=THETA), 300, q, k),
        args=(q, k),
    )


def test_two_turns_are_one(impl, device, dtype, seed):
    x = features(2, 9, 16, device=device, dtype=dtype, seed=100 * seed + 12)
    first, second = (
        scattered(2, 9, device=device, seed=100 * seed + place, longest=200) for place in (12, 13)
    )
    output = x
    for positions in (first, second):
        output = impl.run_rope(16, THETA, LONGEST, output, positions)
    check(output, oracle=reference.rope, args=(x, first + second), kwargs={"theta": THETA}, twin=twin)


def test_linear(impl, device, dtype, seed):
    x = features(2, 9, 16, device=device, dtype=dtype, seed=100 * seed + 14)
    positions = scattered(2, 9, device=device, seed=100 * seed + 14)
    once, twice = (impl.run_rope(16, THETA, LONGEST, factor * x, positions) for factor in (1, 2))
    assert torch.equal(2 * once, twice)


def test_gradients(impl, device, dtype, seed):
    x = features(2, 9, 16, device=device, dtype=dtype, seed=100 * seed + 15)
    positions = scattered(2, 9, device=device, seed=100 * seed + 15)
    verify_gradients(
        impl.run_rope,
        (16, THETA, LONGEST, x, positions),
        oracle=reference.rope,
        oracle_args=(x, positions),
        kwargs={"theta": THETA},
        twin=twin,
        seed=100 * seed,
    )


def test_three_runs_are_bit_equal(impl, device, dtype, seed):
    x = features(2, 9, 16, device=device, dtype=dtype, seed=100 * seed + 16)
    positions = scattered(2, 9, device=device, seed=100 * seed + 16)
    repeated(impl.run_rope, (16, THETA, LONGEST, x, positions))


def test_another_length_or_base_is_not_remembered(impl, device, dtype, seed):
    """Tables that an earlier call made fit neither its width, nor its base, nor its length."""
    for width, theta, longest in ((8, 10_000.0, 8), (16, 10_000.0, 8), (16, 50.0, 8), (16, 50.0, 64)):
        x = features(5, width, device=device, dtype=dtype, seed=100 * seed + 17)
        agrees(impl, x, scattered(5, device=device, longest=longest), theta=theta, longest=longest)


@settings(max_examples=15, deadline=None, print_blob=True)
@given(
    leading=st.lists(st.integers(1, 3), max_size=2),
    tokens=st.integers(1, 9),
    pairs=st.integers(1, 9),
    theta=st.sampled_from([3.0, 1000.0, 10_000.0, 1e6]),
    drawn=st.integers(0, 99),
)
@example(leading=[2, 2], tokens=2, pairs=1, theta=3.0, drawn=0)
def test_any_shape(impl, device, dtype, leading, tokens, pairs, theta, drawn):
    x = features(*leading, tokens, 2 * pairs, device=device, dtype=dtype, seed=drawn)
    agrees(impl, x, scattered(*leading, tokens, device=device, seed=drawn), theta=theta)


@pytest.mark.parametrize("shape", [(24, 16), (4, 128, 64)], ids=str)
def test_the_gate_can_fail(device, dtype, seed, shape):
    positions = scattered(*shape[:-1], device=device, seed=100 * seed)
    workloads = [
        (features(*shape, distribution=name, device=device, dtype=dtype, seed=100 * seed), positions)
        for name in (*inputs.MANDATORY, "normal")
    ]

    def halves(x, positions, *, theta):
        whole = x.unflatten(-1, (2, -1)).mT.flatten(-2)
        return reference.rope(whole, positions, theta=theta).unflatten(-1, (-1, 2)).mT.flatten(-2)

    def in_order(x, positions, *, theta):
        return reference.rope(x, torch.arange(positions.shape[-1], device=x.device), theta=theta)

    def other_base(x, positions, *, theta):
        return reference.rope(x, positions, theta=theta * 1.01)

    def backwards(x, positions, *, theta):
        return reference.rope(x, -positions, theta=theta)

    wrong = (halves, in_order, other_base, backwards)
    self_test(
        workloads[0],
        also=workloads[1:],
        oracle=reference.rope,
        kwargs={"theta": THETA},
        twin=twin,
        extra={fn.__name__: fn for fn in wrong},
    )
