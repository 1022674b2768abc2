"""Layer norm: right with and without weight and bias, on every distribution, shape and memory layout."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pytest_bolt.correctness import check, fenced, inputs, red_zones, repeated, self_test, strategies, verify

from .. import reference

pytestmark = [
    pytest.mark.bolt(operation="run_layernorm"),
    pytest.mark.filterwarnings("ignore:invalid value encountered:RuntimeWarning"),
    # torch.var says so of no rows at all.
    pytest.mark.filterwarnings("ignore:.*degrees of freedom is <= 0"),
]
SHAPES = ((12, 257), (64, 512), (8, 4096))
WIDTHS = (2, 31, 64, 127, 257, 1000, 5000)
EPS = 1e-5
WITH = {"both": (True, True), "weight": (True, False), "bias": (False, True), "neither": (False, False)}
# The mean of a row of equal numbers rounds, and what is left is then divided by the root of eps.
KINDS = sorted(set(inputs.DISTRIBUTIONS) - {"constant_rows", "denormals"})
affine = pytest.mark.parametrize("given_affine", WITH.values(), ids=WITH)


def twin(x, weight, bias, *, eps):
    """Return the framework's own layer norm."""
    return F.layer_norm(x, (x.shape[-1],), weight, bias, eps)


def affine_of(x, seed=11, given_affine=(True, True)):
    """Return a weight N(1, 1/4) of either sign and a bias N(0, 1), each None where not asked for."""
    drawn = inputs.normal(3, x.shape[-1], device=x.device, dtype=x.dtype, seed=seed)
    weight = (1 + drawn[0] / 2) * torch.where(drawn[1] < 0, -1, 1).to(x.dtype)
    return weight if given_affine[0] else None, drawn[2].clone() if given_affine[1] else None


def agrees(impl, x, eps=EPS, pair=None):
    """Normalise `x` and hold the result to the reference."""
    weight, bias = affine_of(x) if pair is None else pair
    return verify(
        impl.run_layernorm,
        (x.shape[-1], eps, weight, bias, x),
        oracle=reference.layer_norm,
        oracle_args=(x, weight, bias),
        kwargs={"eps": eps},
        twin=twin,
    )


@affine
@pytest.mark.parametrize("distribution", inputs.MANDATORY)
def test_with_and_without_weight_and_bias(impl, device, dtype, seed, distribution, given_affine):
    make = inputs.DISTRIBUTIONS[distribution]
    x = make(6, 65, device=device, dtype=dtype, seed=100 * seed + 1)
    agrees(impl, x, pair=affine_of(x, 100 * seed + 2, given_affine))


@pytest.mark.parametrize("distribution", KINDS)
def test_agrees_on(impl, device, dtype, seed, distribution):
    make = inputs.DISTRIBUTIONS[distribution]
    agrees(impl, make(12, 257, device=device, dtype=dtype, seed=100 * seed + 3))


@pytest.mark.parametrize("eps", [1e-8, 1e-3, 0.5, 10.0])
def test_eps_is_obeyed(impl, device, dtype, seed, eps):
    agrees(impl, inputs.normal(6, 127, device=device, dtype=dtype, seed=100 * seed + 4) / 8, eps)


@pytest.mark.parametrize("size", [1e-5, 1e-3, 1e-2])
def test_rows_as_small_as_the_root_of_eps(impl, device, dtype, seed, size):
    drawn = inputs.normal(6, 127, device=device, dtype=dtype, seed=100 * seed + 5)
    agrees(impl, drawn * size, 1e-6)


@pytest.mark.bolt(dtypes=("float32",))
@pytest.mark.parametrize("offset", [-1000.0, 1000.0])
def test_rows_far_from_zero(impl, device, dtype, seed, offset):
    """The variance is that of differences from the mean: squares less a square lose all digits here.

    Multiples of 1/16 and 64 columns, so that sums are exact in any order.
    """
    steps = inputs.normal(6, 64, device=device, dtype=dtype, seed=100 * seed + 6).mul(16).round() / 16
    x = steps + offset
    agrees(impl, x)


@pytest.mark.bolt(dtypes=("float16", "bfloat16"))
def test_squares_that_half_precision_does_not_hold(impl, device, dtype, seed):
    agrees(impl, inputs.normal(6, 257, device=device, dtype=dtype, seed=100 * seed + 7) * 3000)


@pytest.mark.bolt(dtypes=("float16", "float64"))
@pytest.mark.parametrize("distribution", ["row_scale", *inputs.MANDATORY])
def test_agrees_in_other_precisions_on(impl, device, dtype, seed, distribution):
    make = inputs.DISTRIBUTIONS[distribution]
    agrees(impl, make(6, 257, device=device, dtype=dtype, seed=100 * seed + 8))


@pytest.mark.parametrize("distribution", ["normal", *inputs.MANDATORY])
def test_agrees_for_five_seeds(impl, device, dtype, seed, distribution):
    make = inputs.DISTRIBUTIONS[distribution]
    for draw in range(5):
        agrees(impl, make(6, 200, device=device, dtype=dtype, seed=100 * seed + 40 + draw))


@pytest.mark.parametrize("columns", WIDTHS)
def test_agrees_at_width(impl, device, dtype, seed, columns):
    agrees(impl, inputs.blocks(5, columns, device=device, dtype=dtype, seed=100 * seed + 9))


def test_thousands_of_rows(impl, device, dtype, seed):
    if impl.interpreted:
        pytest.skip("one program a row: too slow in an interpreter")
    agrees(impl, inputs.blocks(4099, 6, device=device, dtype=dtype, seed=100 * seed + 10))


@pytest.mark.parametrize("shape", [(9,), (9, 9), (3, 4, 9), (2, 3, 4, 9), (0, 5), (2, 0, 3)], ids=str)
def test_any_leading_dimensions(impl, device, dtype, seed, shape):
    rows = torch.Size(shape[:-1]).numel()
    x = inputs.row_scale(rows, shape[-1], device=device, dtype=dtype, seed=100 * seed + 12).reshape(shape)
    agrees(impl, x)
    turned = tuple(reversed(range(len(shape))))
    agrees(impl, x.permute(turned).contiguous().permute(turned))


@affine
@pytest.mark.parametrize("shape", [(1,), (5, 1), (3, 64)], ids=str)
def test_a_row_of_equal_numbers_leaves_the_bias(impl, device, dtype, shape, given_affine):
    """Numbers and widths for which the mean is exact in any order of summing."""
    x = torch.full(shape, 0.75, device=device, dtype=dtype)
    weight, bias = affine_of(x, given_affine=given_affine)
    wanted = torch.zeros_like(x) if bias is None else bias.expand_as(x)
    assert torch.equal(impl.run_layernorm(shape[-1], EPS, weight, bias, x).abs(), wanted.abs())


@pytest.mark.parametrize("kind", ["zeros", "strided", "tiny", "huge"])
def test_any_weight_and_bias(impl, device, dtype, seed, kind):
    x = inputs.blocks(6, 65, device=device, dtype=dtype, seed=100 * seed + 13)
    kinds = {
        "zeros": torch.zeros_like,
        "strided": lambda each: torch.stack([each, torch.full_like(each, torch.nan)], -1)[..., 0],
        "tiny": lambda each: each / 1024,
        "huge": lambda each: each * 1024,
    }
    weight, bias = affine_of(x, 100 * seed + 14)
    agrees(impl, x, pair=(kinds[kind](weight), bias))
    agrees(impl, x, pair=(weight, kinds[kind](bias)))


@settings(max_examples=12, deadline=None, print_blob=True)
@given(drawn=strategies.drawn(most_elements=96), given_affine=st.sampled_from(list(WITH.values())))
@example(drawn=strategies.Drawn(shape=(2, 3), firsts=(-100.0, 100.0)), given_affine=(False, True))
def test_any_tensor(impl, device, dtype, drawn, given_affine):
    # A few columns that happen to be nearly equal lose their digits whoever subtracts the mean: eps is 1.
    x = drawn.tensor(device=device, dtype=dtype)
    agrees(impl, x, 1.0, affine_of(x, given_affine=given_affine))


def test_the_bias_is_added_last(impl, device, dtype, seed):
    x = inputs.blocks(6, 64, device=device, dtype=dtype, seed=100 * seed + 15)
    _, bias = affine_of(x)
    output = impl.run_layernorm(64, EPS, torch.zeros_like(bias), bias, x)
    assert torch.equal(output, bias.expand_as(x))


def test_homogeneous_in_weight_and_bias(impl, device, dtype, seed):
    x = inputs.blocks(6, 127, device=device, dtype=dtype, seed=100 * seed + 16)
    weight, bias = affine_of(x)
    once, twice = (impl.run_layernorm(127, EPS, factor * weight, factor * bias, x) for factor in (1, 2))
    assert torch.equal(2 * once, twice)


def test_rows_without_affine_have_mean_0_and_variance_1(impl, device, dtype, seed):
    x = inputs.normal(6, 256, device=device, dtype=dtype, seed=100 * seed + 17) + 1
    rows = impl.run_layernorm(256, 0.0, None, None, x).double()
    room = 4 * torch.finfo(dtype).eps + 1e-6
    assert rows.mean(-1).abs().max().item() <= room
    assert (rows.square().mean(-1) - 1).abs().max().item() <= room


@pytest.mark.parametrize("factor", [0.25, 64.0])
def test_scale_free_without_eps(impl, device, dtype, seed, factor):
    x = inputs.blocks(6, 127, device=device, dtype=dtype, seed=100 * seed + 18)
    weight, bias = affine_of(x)
    output = impl.run_layernorm(127, 0.0, weight, bias, x * factor)
    check(output, oracle=reference.layer_norm, args=(x, weight, bias), kwargs={"eps": 0.0}, twin=twin)


def test_each_call_answers_its_own_input(impl, device, dtype, seed):
    first, second = (inputs.blocks(6, 65, device=device, dtype=dtype, seed=100 * seed + n) for n in (20, 21))
    x, pair = first.clone(), affine_of(first)
    earlier = impl.run_layernorm(65, EPS, *pair, x)
    before = (first, *(each.clone() for each in pair))
    x.copy_(second)
    for each in pair:
        each.mul_(-1.5)
    agrees(impl, x, pair=pair)
    agrees(impl, x, 0.5, pair)
    agrees(impl, x, pair=(None, None))
    check(earlier, oracle=reference.layer_norm, args=before, kwargs={"eps": EPS}, twin=twin)


def test_three_runs_are_bit_equal(impl, device, dtype, seed):
    x = inputs.blocks(12, 257, device=device, dtype=dtype, seed=100 * seed + 22)
    repeated(impl.run_layernorm, (257, EPS, *affine_of(x), x))


@pytest.mark.parametrize("columns", [2, 127, 257])
def test_stays_inside_its_memory(impl, device, dtype, seed, columns):
    x = fenced(inputs.blocks(5, columns, device=device, dtype=dtype, seed=100 * seed + 23))
    with red_zones():
        agrees(impl, x, pair=tuple(map(fenced, affine_of(x))))


@pytest.mark.parametrize("shape", SHAPES, ids="{0[0]}x{0[1]}".format)
def test_the_gate_can_fail(device, dtype, shape):
    values = [inputs.DISTRIBUTIONS[name](*shape, device=device, dtype=dtype) for name in inputs.MANDATORY]
    normal = reference.layer_norm
    wrong = {
        "no weight": lambda x, _, bias, *, eps: normal(x, None, bias, eps=eps),
        "no bias": lambda x, weight, _, *, eps: normal(x, weight, None, eps=eps),
        "mean kept": lambda x, weight, bias, *, eps: reference.rms_norm(x, weight, eps=eps) + bias,
        "bias before weight": lambda x, weight, bias, *, eps: normal(x, None, bias, eps=eps) * weight,
        "weight plus one": lambda x, weight, bias, *, eps: normal(x, weight + 1, bias, eps=eps),
    }
    first, *more = [(x, *affine_of(x)) for x in values]
    self_test(first, also=more, oracle=normal, kwargs={"eps": EPS}, twin=twin, extra=wrong)
