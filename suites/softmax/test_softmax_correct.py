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
SHAPES = ((12, 257), (64, 512), (8, 8192))
WIDTHS = (*inputs.SIZES, 5000)
FAR = ("spike", "row_scale", "row_offset", *inputs.MANDATORY)


def agrees(impl, x, dim=-1):
    """Run softmax over `x` and hold it to the reference."""
    return verify(impl.run_softmax, (x, dim), oracle=reference.softmax, twin=torch.softmax)


@pytest.mark.parametrize("dim", [0, 1, 2, -1, -2, -3])
def test_any_dimension(impl, device, dtype, seed, dim):
    x = inputs.blocks(3, 28, device=device, dtype=dtype, seed=100 * seed + 3)
    agrees(impl, x.reshape(3, 4, 7), dim)


@pytest.mark.parametrize("distribution", inputs.DISTRIBUTIONS)
def test_agrees_on(impl, device, dtype, seed, distribution):
    make = inputs.DISTRIBUTIONS[distribution]
    agrees(impl, make(12, 257, device=device, dtype=dtype, seed=100 * seed + 1))


@pytest.mark.bolt(dtypes=("float64", "float16"))
@pytest.mark.parametrize("distribution", FAR)
def test_agrees_in_other_precisions_on(impl, device, dtype, seed, distribution):
    make = inputs.DISTRIBUTIONS[distribution]
    agrees(impl, make(6, 257, device=device, dtype=dtype, seed=100 * seed + 2))


@pytest.mark.bolt(dtypes=("float64", "float32", "bfloat16", "float16"))
@pytest.mark.parametrize("offset", [-20_000.0, 20_000.0])
def test_rows_far_from_zero(impl, device, dtype, seed, offset):
    """Exponentials of these overflow or vanish, in float64 too; rows of both kinds in one tensor."""
    steps = inputs.normal(6, 65, device=device, dtype=dtype, seed=100 * seed + 4).mul(2).round()
    unit = max(20_000.0 * torch.finfo(dtype).eps, 0.25)
    rows = torch.arange(6, device=device).reshape(-1, 1) % 3
    agrees(impl, steps * unit + (offset * (rows - 0.5)).to(dtype))


@pytest.mark.parametrize("hidden", ["first", "first-half", "last-half", "all-but-one", "later", "some-rows"])
def test_rows_masked_with_minus_infinity(impl, device, dtype, seed, hidden):
    """A row may begin with a tile of -inf: there no maximum has been seen yet. A row of -inf only is NaN."""
    x = inputs.blocks(6, 257, device=device, dtype=dtype, seed=100 * seed + 27)
    row, column = torch.arange(6, device=device).reshape(-1, 1), torch.arange(257, device=device)
    masks = {
        "first": column == 0,
        "first-half": column < 129,
        "last-half": column >= 129,
        "all-but-one": column != 200,
        "later": column > 40 * row,
        "some-rows": row % 2 == 0,
    }
    agrees(impl, x.masked_fill(masks[hidden], -torch.inf))


@pytest.mark.parametrize("distribution", ["normal", *inputs.MANDATORY])
def test_agrees_for_five_seeds(impl, device, dtype, seed, distribution):
    make = inputs.DISTRIBUTIONS[distribution]
    for draw in range(5):
        agrees(impl, make(6, 200, device=device, dtype=dtype, seed=100 * seed + 10 + draw))


@pytest.mark.parametrize("columns", WIDTHS)
def test_agrees_at_width(impl, device, dtype, seed, columns):
    agrees(impl, inputs.blocks(5, columns, device=device, dtype=dtype, seed=100 * seed + 20))


@pytest.mark.bolt(dtypes=("float32", "float16"))
def test_a_row_of_seventy_thousand(impl, device, dtype, seed):
    """So many that a sum in half precision overflows, and that no tile holds them."""
    row = inputs.normal(2, 70_001, device=device, dtype=dtype, seed=100 * seed + 21)
    agrees(impl, row / 64)


def test_thousands_of_rows(impl, device, dtype, seed):
    if impl.interpreted:
        pytest.skip("one program a row: too slow in an interpreter")
    agrees(impl, inputs.blocks(4099, 5, device=device, dtype=dtype, seed=100 * seed + 22))


@pytest.mark.parametrize("shape", [(), (0, 5), (3, 0), (0,), (1,), (1, 1), (2, 3, 1)], ids=str)
def test_small_and_empty(impl, device, dtype, shape):
    agrees(impl, torch.ones(shape, device=device, dtype=dtype))


@pytest.mark.parametrize(("shape", "dim"), [((2, 3, 4, 5), 1), ((2, 3, 4, 5), -2), ((5, 5, 5), 0), ((9,), 0)])
def test_any_rank_and_layout(impl, device, dtype, seed, shape, dim):
    x = inputs.tailheavy(1, torch.Size(shape).numel(), device=device, dtype=dtype, seed=100 * seed + 23)
    turned = tuple(reversed(range(len(shape))))
    agrees(impl, x.reshape(shape), dim)
    agrees(impl, x.reshape(shape[::-1]).permute(turned), dim)


def test_slices_broadcast_in_memory(impl, device, dtype, seed):
    row = inputs.blocks(1, 29, device=device, dtype=dtype, seed=100 * seed + 24)
    agrees(impl, row.expand(4, 29))
    agrees(impl, row.expand(4, 29), 0)


@settings(max_examples=12, deadline=None, print_blob=True)
@given(drawn=strategies.drawn(most_elements=48), dim=st.integers(-3, 2))
@example(drawn=strategies.Drawn(shape=(2, 3), firsts=(-100.0, 100.0)), dim=0)
def test_any_tensor(impl, device, dtype, drawn, dim):
    x = drawn.tensor(device=device, dtype=dtype)
    agrees(impl, x, dim % x.ndim)


def test_rows_sum_to_one_and_are_not_negative(impl, device, dtype, seed):
    x = inputs.blocks(12, 257, device=device, dtype=dtype, seed=100 * seed + 5)
    probabilities = impl.run_softmax(x, -1).double()
    assert bool((probabilities >= 0).all())
    assert (probabilities.sum(-1) - 1).abs().max().item() <= torch.finfo(dtype).eps + 1e-6


def test_a_shift_changes_nothing(impl, device, dtype, seed):
    drawn = inputs.normal(12, 257, device=device, dtype=dtype, seed=100 * seed + 6)
    quarters = drawn.mul(4).round().clamp(-16, 16) / 4
    shifted = quarters + 12
    assert torch.equal(shifted - 12, quarters)
    check(impl.run_softmax(shifted, -1), oracle=reference.softmax, args=(quarters, -1), twin=torch.softmax)


def test_each_call_answers_its_own_input(impl, device, dtype, seed):
    """No answer is kept: neither for the same tensor with new values, nor in memory used again."""
    make = inputs.blocks
    first, second = (make(6, 65, device=device, dtype=dtype, seed=100 * seed + n) for n in (25, 26))
    x = first.clone()
    earlier = impl.run_softmax(x, -1)
    x.copy_(second)
    agrees(impl, x)
    check(earlier, oracle=reference.softmax, args=(first, -1), twin=torch.softmax)


def test_three_runs_are_bit_equal(impl, device, dtype, seed):
    x = inputs.blocks(12, 257, device=device, dtype=dtype, seed=100 * seed + 7)
    repeated(impl.run_softmax, (x, -1))


@pytest.mark.parametrize("columns", [1, 127, 257])
def test_stays_inside_its_memory(impl, device, dtype, seed, columns):
    x = fenced(inputs.blocks(5, columns, device=device, dtype=dtype, seed=100 * seed + 8))
    with red_zones():
        agrees(impl, x)


@pytest.mark.parametrize("shape", SHAPES, ids="{0[0]}x{0[1]}".format)
def test_the_gate_can_fail(device, dtype, shape):
    values = [
        inputs.DISTRIBUTIONS[name](*shape, device=device, dtype=dtype)
        for name in (*inputs.MANDATORY, "normal")
    ]
    wrong = {
        "over the other dimension": lambda x, dim: reference.softmax(x, dim - 1),
        "in base 2": lambda x, dim: reference.softmax(x * 0.6931471805599453, dim),
        "a hundredth too warm": lambda x, dim: reference.softmax(x / 1.01, dim),
        "log-probabilities": lambda x, dim: reference.softmax(x, dim).log(),
    }
    workloads = [(x, -1) for x in values]
    self_test(workloads[0], also=workloads[1:], oracle=reference.softmax, twin=torch.softmax, extra=wrong)
