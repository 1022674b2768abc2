"""Softmax: right on every distribution, shape and memory layout."""

from __future__ import annotations

import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pytest_bolt.correctness import check, fenced, inputs, red_zones, repeated, self_test, strategies, verify

from .. import reference

pytestmark = [
    pytest.mark.bolt(operation="run_softmax"),
    pytest.mark.filterwarnings("ignore:invalid value encountered:RuntimeWarning"),
]
SHAPES = ((12, 257), (64, 512), (256, 1024), (16, 16384))
WIDTHS = (*inputs.SIZES, 5000)


def agrees(impl, x, dim=-1):
    """Run softmax over `x` and hold it to the reference."""
    return verify(impl.run_softmax, (x, dim), oracle=reference.softmax, twin=torch.softmax)


@pytest.mark.parametrize("distribution", inputs.DISTRIBUTIONS)
def test_agrees_on(impl, device, dtype, distribution):
    agrees(impl, inputs.DISTRIBUTIONS[distribution](12, 257, device=device, dtype=dtype, seed=1))


@pytest.mark.parametrize("distribution", ["normal", *inputs.MANDATORY])
def test_agrees_for_five_seeds(impl, device, dtype, distribution):
    for seed in range(5):
        agrees(impl, inputs.DISTRIBUTIONS[distribution](6, 200, device=device, dtype=dtype, seed=seed))


@pytest.mark.parametrize("columns", WIDTHS)
def test_agrees_at_width(impl, device, dtype, columns):
    agrees(impl, inputs.blocks(5, columns, device=device, dtype=dtype, seed=2))


@pytest.mark.parametrize("shape", [(0, 5), (3, 0), (0,), (1,), (1, 1), (2, 3, 1)], ids=str)
def test_small_and_empty(impl, device, dtype, shape):
    agrees(impl, torch.ones(shape, device=device, dtype=dtype))


@pytest.mark.parametrize("dim", [0, 1, 2, -1, -2, -3])
def test_any_dimension(impl, device, dtype, dim):
    agrees(impl, inputs.blocks(3, 28, device=device, dtype=dtype, seed=3).reshape(3, 4, 7), dim)


@settings(max_examples=12, deadline=None, print_blob=True)
@given(drawn=strategies.drawn(most_elements=96), dim=st.integers(-3, 2))
@example(drawn=strategies.Drawn(shape=(2, 3), firsts=(-100.0, 100.0)), dim=0)
def test_any_tensor(impl, device, dtype, drawn, dim):
    x = drawn.tensor(device=device, dtype=dtype)
    agrees(impl, x, dim % x.ndim)


def test_rows_sum_to_one_and_are_not_negative(impl, device, dtype):
    probabilities = impl.run_softmax(inputs.blocks(12, 257, device=device, dtype=dtype, seed=4), -1).double()
    assert bool((probabilities >= 0).all())
    assert (probabilities.sum(-1) - 1).abs().max().item() <= torch.finfo(dtype).eps + 1e-6


def test_a_shift_changes_nothing(impl, device, dtype):
    quarters = inputs.normal(12, 257, device=device, dtype=dtype, seed=5).mul(4).round().clamp(-16, 16) / 4
    shifted = quarters + 12
    assert torch.equal(shifted - 12, quarters)
    check(impl.run_softmax(shifted, -1), oracle=reference.softmax, args=(quarters, -1), twin=torch.softmax)


def test_three_runs_are_bit_equal(impl, device, dtype):
    repeated(impl.run_softmax, (inputs.blocks(12, 257, device=device, dtype=dtype, seed=6), -1))


@pytest.mark.parametrize("columns", [1, 127, 257])
def test_stays_inside_its_memory(impl, device, dtype, columns):
    x = fenced(inputs.blocks(5, columns, device=device, dtype=dtype, seed=7))
    with red_zones():
        agrees(impl, x)


@pytest.mark.parametrize("shape", SHAPES, ids="{0[0]}x{0[1]}".format)
def test_the_gate_can_fail(device, dtype, shape):
    values = [
        inputs.DISTRIBUTIONS[name](*shape, device=device, dtype=dtype)
        for name in (*inputs.MANDATORY, "normal")
    ]
    workloads = [(x, -1) for x in values]
    self_test(workloads[0], also=workloads[1:], oracle=reference.softmax, twin=torch.softmax)
