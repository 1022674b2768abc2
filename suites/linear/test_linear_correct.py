"""Linear map: right for any widths, leading dimensions and memory layouts."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pytest_bolt.correctness import (
    check,
    fenced,
    inputs,
    red_zones,
    repeated,
    self_test,
    strategies,
    verify,
    verify_gradients,
)

from .. import reference

pytestmark = [
    # The course's code is float32: a layer that loads its weights has no other dtype.
    pytest.mark.bolt(operation="run_linear", dtypes=("float32",)),
    pytest.mark.filterwarnings("ignore:invalid value encountered:RuntimeWarning"),
]
SHAPES = ((12, 257, 96), (64, 128, 128), (16, 128, 256))
WIDTHS = ((1, 1), (1, 7), (7, 1), (31, 64), (64, 31), (127, 127), (300, 129), (1000, 3))


def weights(d_out, d_in, *, device, dtype, seed=11, distribution="blocks"):
    """Return a `[d_out, d_in]` matrix whose rows have a length of about 1."""
    make = inputs.DISTRIBUTIONS[distribution]
    return make(d_out, d_in, device=device, dtype=dtype, seed=seed) / d_in**0.5


def agrees(impl, x, weight):
    """Map `x` and hold the result to the reference."""
    d_out, d_in = weight.shape
    args = (d_in, d_out, weight, x)
    pair = (x, weight)
    return verify(impl.run_linear, args, oracle=reference.linear, oracle_args=pair, twin=F.linear)


@pytest.mark.parametrize("distribution", inputs.DISTRIBUTIONS)
def test_agrees_on(impl, device, dtype, seed, distribution):
    make = inputs.DISTRIBUTIONS[distribution]
    x = make(12, 65, device=device, dtype=dtype, seed=100 * seed + 1)
    agrees(impl, x, weights(48, 65, device=device, dtype=dtype, seed=100 * seed + 2))


@pytest.mark.parametrize(
    "distribution", ["normal", "tailheavy", "row_scale", "transposed", "strided", "sliced"]
)
def test_weights_drawn_from(impl, device, dtype, seed, distribution):
    x = inputs.blocks(12, 65, device=device, dtype=dtype, seed=100 * seed + 3)
    agrees(impl, x, weights(65, 65, device=device, dtype=dtype, seed=100 * seed, distribution=distribution))


@pytest.mark.parametrize(("d_in", "d_out"), WIDTHS, ids=str)
def test_agrees_at_widths(impl, device, dtype, seed, d_in, d_out):
    x = inputs.blocks(5, d_in, device=device, dtype=dtype, seed=100 * seed + 4)
    agrees(impl, x, weights(d_out, d_in, device=device, dtype=dtype, seed=100 * seed + 5))


@pytest.mark.parametrize(
    "leading", [(), (1,), (0,), (3, 0), (9,), (4, 9), (2, 3, 4), (9, 9), (2, 1, 3, 2)], ids=str
)
def test_any_leading_dimensions(impl, device, dtype, seed, leading):
    rows = torch.Size(leading).numel()
    x = inputs.blocks(rows, 9, device=device, dtype=dtype, seed=100 * seed + 6).reshape(*leading, 9)
    agrees(impl, x, weights(9, 9, device=device, dtype=dtype, seed=100 * seed + 7))
    agrees(impl, x, weights(4, 9, device=device, dtype=dtype, seed=100 * seed + 8))


def test_a_turned_batch(impl, device, dtype, seed):
    x = inputs.blocks(6, 45, device=device, dtype=dtype, seed=100 * seed + 9).reshape(6, 5, 9)
    agrees(impl, x.transpose(0, 1), weights(4, 9, device=device, dtype=dtype))
    agrees(impl, x.transpose(1, 2), weights(4, 5, device=device, dtype=dtype))


@settings(max_examples=12, deadline=None, print_blob=True)
@given(drawn=strategies.drawn(most_elements=96), d_out=st.integers(1, 24))
@example(drawn=strategies.Drawn(shape=(3,), firsts=(-100.0, 100.0)), d_out=3)
def test_any_tensor(impl, device, dtype, drawn, d_out):
    x = drawn.tensor(device=device, dtype=dtype)
    agrees(impl, x, weights(d_out, x.shape[-1], device=device, dtype=dtype, seed=drawn.seed))


def test_a_permutation_is_exact(impl, device, dtype, seed):
    """Each output is one input times 1, plus zeros: no rounding, and no bias, in any order of summing."""
    x = inputs.blocks(6, 33, device=device, dtype=dtype, seed=100 * seed + 12)
    order = torch.randperm(33, generator=torch.Generator().manual_seed(seed))
    weight = torch.eye(33, device=device, dtype=dtype)[order]
    assert torch.equal(impl.run_linear(33, 33, weight, x), x[:, order])


def test_zeros_stay_zeros(impl, device, dtype, seed):
    weight = weights(6, 9, device=device, dtype=dtype, seed=100 * seed + 13)
    output = impl.run_linear(9, 6, weight, torch.zeros(4, 9, device=device, dtype=dtype))
    assert torch.equal(output, torch.zeros(4, 6, device=device, dtype=dtype))


@pytest.mark.parametrize("power", [-60, 60])
def test_a_power_of_two_passes_through(impl, device, dtype, seed, power):
    x = inputs.normal(4, 33, device=device, dtype=dtype, seed=100 * seed + 14)
    weight = weights(6, 33, device=device, dtype=dtype, seed=100 * seed + 15)
    once, scaled = (impl.run_linear(33, 6, weight, x * factor) for factor in (1.0, 2.0**power))
    assert torch.equal(once * 2.0**power, scaled)


def test_each_call_answers_its_own_input(impl, device, dtype, seed):
    """No answer and no weight is kept: same tensors with new values, and memory used again."""
    first, second = (inputs.blocks(6, 33, device=device, dtype=dtype, seed=100 * seed + n) for n in (16, 17))
    x, weight = first.clone(), weights(6, 33, device=device, dtype=dtype, seed=100 * seed + 18)
    earlier, given_first = impl.run_linear(33, 6, weight, x), (first, weight.clone())
    x.copy_(second)
    weight.neg_()
    agrees(impl, x, weight)
    check(earlier, oracle=reference.linear, args=given_first, twin=F.linear)


def test_three_runs_are_bit_equal(impl, device, dtype, seed):
    x = inputs.blocks(12, 257, device=device, dtype=dtype, seed=100 * seed + 19)
    repeated(impl.run_linear, (257, 31, weights(31, 257, device=device, dtype=dtype), x))


def test_stays_inside_its_memory(impl, device, dtype, seed):
    x = fenced(inputs.blocks(5, 127, device=device, dtype=dtype, seed=100 * seed + 20))
    with red_zones():
        agrees(impl, x, fenced(weights(31, 127, device=device, dtype=dtype)))


@pytest.mark.parametrize("distribution", ["normal", *inputs.MANDATORY])
@pytest.mark.parametrize("shape", [(33,), (5, 33), (2, 3, 33)], ids=str)
def test_gradients_agree_on(impl, device, dtype, seed, distribution, shape):
    make = inputs.DISTRIBUTIONS[distribution]
    rows = torch.Size(shape[:-1]).numel()
    x = make(rows, 33, device=device, dtype=dtype, seed=100 * seed + 21).reshape(shape)
    weight = weights(17, 33, device=device, dtype=dtype, seed=100 * seed + 22)
    args, pair = (33, 17, weight, x), (x, weight)
    verify_gradients(
        impl.run_linear, args, oracle=reference.linear, oracle_args=pair, twin=F.linear, seed=100 * seed
    )


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: "x".join(map(str, shape)))
def test_the_gate_can_fail(device, dtype, shape):
    rows, d_in, d_out = shape
    weight = weights(d_out, d_in, device=device, dtype=dtype)
    values = [inputs.DISTRIBUTIONS[name](rows, d_in, device=device, dtype=dtype) for name in inputs.MANDATORY]
    wrong = {
        "a bias": lambda x, weight: reference.linear(x, weight) + weight[:, 0],
        "scaled": lambda x, weight: reference.linear(x, weight) / x.shape[-1] ** 0.5,
        "last input missing": lambda x, weight: reference.linear(x[..., :-1], weight[:, :-1]),
        "outputs turned round": lambda x, weight: reference.linear(x, weight.flip(0)),
    }
    first, *more = [(x, weight) for x in values]
    self_test(first, also=more, oracle=reference.linear, twin=F.linear, extra=wrong)
