"""BDH token by token: the same logits as all at once, from any state and split anywhere.

States and logits are judged as a whole: the row of a neuron that is barely active is known by nobody.
"""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_bolt.correctness import check, inputs, repeated, verify, verify_gradients

from .. import reference
from . import workloads
from .workloads import RAW, SCALED

pytestmark = pytest.mark.bolt(operation="run_bdh_recurrent", dtypes=("float32",))
both_scales = pytest.mark.parametrize("scaled", [RAW, SCALED], ids=["raw", "scaled"])
LAYERS = 2


def no_state(batch, *, layers=LAYERS, **place):
    """Return the state before the first token."""
    return torch.zeros(layers, batch, workloads.HEADS, workloads.NEURONS, workloads.WIDTH, **place)


def some_state(batch, seed, **place):
    """Return a state as a few tokens would leave it."""
    return workloads.matrices("normal", tuple(no_state(batch).shape), seed=seed, **place)


@both_scales
@pytest.mark.parametrize("distribution", ["normal", *inputs.MANDATORY])
def test_agrees_with_the_parallel_form(impl, device, dtype, seed, distribution, scaled):
    weights = workloads.model_weights(distribution, seed=100 * seed + 1, device=device, dtype=dtype)
    tokens = workloads.some_tokens(2, 9, seed=100 * seed + 2, device=device)
    logits, _ = impl.run_bdh_recurrent(weights, tokens, no_state(2, device=device, dtype=dtype), 0, scaled)
    kwargs = {"layers": LAYERS, "scaled": scaled}
    check(
        logits,
        oracle=reference.bdh,
        args=(weights, tokens),
        kwargs=kwargs,
        by_row=False,
    )


@pytest.mark.bolt(dtypes=("float32", "float64"))
@pytest.mark.parametrize(("position", "scaled"), [(0, RAW), (5, SCALED), (20, RAW)])
def test_agrees_from_any_state(impl, device, dtype, seed, position, scaled):
    """Not far on: at position 300 the answer is as good as the angles, which every order rounds otherwise."""
    weights = workloads.model_weights("normal", seed=100 * seed + 3, device=device, dtype=dtype)
    tokens = workloads.some_tokens(2, 4, seed=100 * seed + 4, device=device)
    state = some_state(2, 100 * seed + 5, device=device, dtype=dtype)
    verify(
        impl.run_bdh_recurrent,
        (weights, tokens, state, position, scaled),
        oracle=reference.bdh_recurrent,
        oracle_args=(weights, tokens, state),
        kwargs={"position": position, "scaled": scaled},
        by_row=False,
    )


@pytest.mark.parametrize("layers", [1, 3])
def test_the_state_has_a_layer_each(impl, device, dtype, seed, layers):
    weights = workloads.model_weights("blocks", seed=100 * seed + 6, device=device, dtype=dtype)
    tokens = workloads.some_tokens(1, 3, seed=100 * seed + 7, device=device)
    state = no_state(1, layers=layers, device=device, dtype=dtype)
    verify(
        impl.run_bdh_recurrent,
        (weights, tokens, state, 0, SCALED),
        oracle=reference.bdh_recurrent,
        oracle_args=(weights, tokens, state),
        kwargs={"position": 0, "scaled": SCALED},
        by_row=False,
    )


@settings(max_examples=5, deadline=None, print_blob=True)
@given(cut=st.integers(0, 7), drawn=st.integers(0, 2**16))
def test_a_sequence_may_be_split_anywhere(impl, device, dtype, cut, drawn):
    weights = workloads.model_weights("normal", seed=drawn, device=device, dtype=dtype)
    tokens = workloads.some_tokens(2, 7, seed=drawn, device=device)
    state = no_state(2, device=device, dtype=dtype)
    head, between = impl.run_bdh_recurrent(weights, tokens[:, :cut], state, 0, SCALED)
    tail, after = impl.run_bdh_recurrent(weights, tokens[:, cut:], between, cut, SCALED)
    kwargs = {"position": 0, "scaled": SCALED}
    check(
        (torch.cat([head, tail], 1), after),
        oracle=reference.bdh_recurrent,
        args=(weights, tokens, state),
        kwargs=kwargs,
        by_row=False,
    )


def test_the_first_token_reads_before_it_writes(impl, device, dtype, seed):
    """From an empty state the first token sees nothing, and leaves something behind."""
    weights = workloads.model_weights("normal", seed=100 * seed + 8, device=device, dtype=dtype)
    tokens = workloads.some_tokens(2, 1, seed=100 * seed + 9, device=device)
    logits, after = impl.run_bdh_recurrent(weights, tokens, no_state(2, device=device, dtype=dtype), 0, RAW)

    def unseeing(weights, tokens):
        x = weights["embedding"][tokens]
        for _ in range(1 + LAYERS):
            x = workloads.normalised(x)
        return x @ weights["head"]

    check(logits, oracle=unseeing, args=(weights, tokens))
    assert bool(after.flatten(2).any(-1).all())


def test_gradients(impl, device, dtype, seed):
    weights = workloads.model_weights("normal", seed=100 * seed + 10, device=device, dtype=dtype)
    tokens = workloads.some_tokens(2, 5, seed=100 * seed + 11, device=device)
    state = some_state(2, 100 * seed + 12, device=device, dtype=dtype)
    verify_gradients(
        impl.run_bdh_recurrent,
        (weights, tokens, state, 3, SCALED),
        oracle=reference.bdh_recurrent,
        oracle_args=(weights, tokens, state),
        kwargs={"position": 3, "scaled": SCALED},
        seed=100 * seed + 13,
        by_row=False,
    )


def test_three_runs_are_bit_equal(impl, device, dtype, seed):
    weights = workloads.model_weights("normal", seed=100 * seed + 14, device=device, dtype=dtype)
    tokens = workloads.some_tokens(2, 4, seed=100 * seed + 15, device=device)
    repeated(impl.run_bdh_recurrent, (weights, tokens, no_state(2, device=device, dtype=dtype), 0, SCALED))
