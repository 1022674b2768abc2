"""SiLU: right element by element, from the largest magnitudes to the smallest."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from hypothesis import example, given, settings

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
    pytest.mark.bolt(operation="run_silu", dtypes=("float32", "float64")),
    pytest.mark.filterwarnings("ignore:invalid value encountered:RuntimeWarning"),
]
SHAPES = ((12, 257), (64, 512), (64, 1024))
# exp(-x) of what is below -88 is infinite in float32.
BOUND = 80.0
# In a row that lies at -50 as a whole nothing but vanishing answers is left: `test_the_far_left` judges them.
KINDS = sorted(set(inputs.DISTRIBUTIONS) - {"nonfinite", "row_offset"})


def agrees(impl, x):
    """Run SiLU over `x` and hold it to the reference, row by row."""
    return verify(impl.run_silu, (x,), oracle=reference.silu, twin=F.silu)


@pytest.mark.parametrize("distribution", KINDS)
def test_agrees_on(impl, device, dtype, seed, distribution):
    make = inputs.DISTRIBUTIONS[distribution]
    agrees(impl, make(12, 257, device=device, dtype=dtype, seed=100 * seed + 1))


@pytest.mark.parametrize("bound", [0.01, 1.0, 10.0])
def test_every_element_is_right_by_itself(impl, device, dtype, seed, bound):
    """One element a row: small answers are held to as many digits as large ones."""
    drawn = torch.rand(400, 1, generator=torch.Generator().manual_seed(100 * seed + 2))
    agrees(impl, ((2 * drawn - 1) * bound).to(dtype=dtype, device=device))


def test_the_far_left(impl, device, dtype, seed):
    """The argument of an exponential may round, as where it is a power of two of `x log2 e`."""
    drawn = torch.rand(500, generator=torch.Generator().manual_seed(100 * seed + 12))
    x = (-BOUND * drawn).to(dtype=dtype, device=device)
    wanted = reference.silu(x.double())
    room = torch.finfo(dtype).eps * (8 + 2 * x.double().abs()) * wanted.abs()
    assert bool(((impl.run_silu(x).double() - wanted).abs() <= room).all())


def test_the_lowest_point(impl, device, dtype):
    """SiLU falls to -0.27846 at -1.27846: no rectifier, and no other gate, has that."""
    x = torch.linspace(-3, 0, 301, device=device, dtype=dtype)
    output = impl.run_silu(x)
    assert output.argmin().item() == pytest.approx(172, abs=1)
    assert output.min().item() == pytest.approx(-0.27846, abs=1e-4)


def test_far_from_zero_it_is_a_rectifier(impl, device, dtype):
    far = torch.tensor([100.0, 750.0, 1e4, 1e30], device=device, dtype=dtype)
    assert torch.equal(impl.run_silu(far), far)
    vanished = impl.run_silu(-far)
    assert bool((vanished.abs() <= 1e-35).all())


def test_zero_and_nan(impl, device, dtype):
    x = torch.tensor([0.0, torch.nan, 1.0, torch.inf], device=device, dtype=dtype)
    output = impl.run_silu(x)
    assert output[0].item() == 0.0
    assert output.isnan().tolist() == [False, True, False, False]
    assert output[3].item() == torch.inf


@pytest.mark.parametrize("shape", [(), (0,), (3, 0), (1,), (7,), (1, 1), (2, 3, 1), (2, 3, 4, 5)], ids=str)
def test_any_shape(impl, device, dtype, seed, shape):
    count = torch.Size(shape).numel()
    x = inputs.blocks(1, count, device=device, dtype=dtype, seed=100 * seed + 3)
    agrees(impl, x.reshape(shape))


@pytest.mark.parametrize("count", [31, 1000, 4097, 70_001])
def test_any_length(impl, device, dtype, seed, count):
    x = inputs.blocks(1, count, device=device, dtype=dtype, seed=100 * seed + 4)
    agrees(impl, x.reshape(count))


@settings(max_examples=12, deadline=None, print_blob=True)
@given(drawn=strategies.drawn(most_elements=96))
@example(drawn=strategies.Drawn(shape=(2, 3), firsts=(-100.0, 100.0)))
def test_any_tensor(impl, device, dtype, drawn):
    agrees(impl, drawn.tensor(device=device, dtype=dtype))


@pytest.mark.bolt(dtypes=("float16", "bfloat16"))
@pytest.mark.parametrize("distribution", inputs.MANDATORY)
def test_the_dtype_of_the_input_comes_out(impl, device, dtype, seed, distribution):
    """Written as `x * sigmoid(x)` in half precision it rounds twice: the relaxed tier."""
    x = inputs.DISTRIBUTIONS[distribution](12, 257, device=device, dtype=dtype, seed=100 * seed + 5)
    verify(impl.run_silu, (x,), oracle=reference.silu, twin=F.silu, tier="relaxed")


def test_both_signs_differ_by_the_input(impl, device, dtype, seed):
    """The logistic functions of x and -x sum to one, so SiLU(x) - SiLU(-x) is x times one."""
    x = inputs.tailheavy(12, 65, device=device, dtype=dtype, seed=100 * seed + 6)
    found = impl.run_silu(x).double() - impl.run_silu(-x).double()
    assert bool(((found - x.double()).abs() <= 4 * torch.finfo(dtype).eps * x.double().abs()).all())


def test_each_call_answers_its_own_input(impl, device, dtype, seed):
    first, second = (inputs.blocks(6, 65, device=device, dtype=dtype, seed=100 * seed + n) for n in (7, 8))
    x = first.clone()
    earlier = impl.run_silu(x)
    x.copy_(second)
    agrees(impl, x)
    check(earlier, oracle=reference.silu, args=(first,), twin=F.silu)


def test_three_runs_are_bit_equal(impl, device, dtype, seed):
    repeated(impl.run_silu, (inputs.blocks(12, 257, device=device, dtype=dtype, seed=100 * seed + 9),))


@pytest.mark.parametrize("columns", [1, 127, 257])
def test_stays_inside_its_memory(impl, device, dtype, seed, columns):
    x = fenced(inputs.blocks(5, columns, device=device, dtype=dtype, seed=100 * seed + 10))
    with red_zones():
        agrees(impl, x)


@pytest.mark.parametrize("distribution", ["normal", "row_scale", "strided", *inputs.MANDATORY])
def test_gradient_agrees_on(impl, device, dtype, seed, distribution):
    make = inputs.DISTRIBUTIONS[distribution]
    x = make(12, 65, device=device, dtype=dtype, seed=100 * seed + 11)
    x = x.clamp(-BOUND, BOUND)  # further down the derivative of a quotient is 0 times infinity
    verify_gradients(impl.run_silu, (x,), oracle=reference.silu, twin=F.silu, seed=100 * seed)


@pytest.mark.parametrize("shape", SHAPES, ids="{0[0]}x{0[1]}".format)
def test_the_gate_can_fail(device, dtype, shape):
    values = [inputs.DISTRIBUTIONS[name](*shape, device=device, dtype=dtype) for name in inputs.MANDATORY]
    wrong = {
        "GELU": F.gelu,
        "ReLU": torch.relu,
        "sigmoid alone": torch.sigmoid,
        "hard swish": F.hardswish,
        "1.702 inside": lambda x: x * torch.sigmoid(1.702 * x),
        "softplus": F.softplus,
        "Mish": F.mish,
    }
    first, *more = [(x,) for x in values]
    self_test(first, also=more, oracle=reference.silu, twin=F.silu, axis=None, extra=wrong)
