"""RMSNorm: right on every distribution, shape and memory layout."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from hypothesis import example, given, settings

from pytest_bolt.correctness import check, fenced, inputs, red_zones, repeated, self_test, strategies, verify

from .. import reference

pytestmark = [
    pytest.mark.bolt(operation="run_rmsnorm"),
    pytest.mark.filterwarnings("ignore:invalid value encountered:RuntimeWarning"),
]
SHAPES = ((12, 257), (64, 512), (8, 4096))
WIDTHS = (*inputs.SIZES, 5000)
EPS = 1e-5


def twin(x, weight, *, eps):
    """Return the framework's own RMSNorm."""
    return F.rms_norm(x, (x.shape[-1],), weight, eps)


def weights(x, seed=11):
    """Return weights N(1, 1/4) of either sign that fit the last dimension of `x`."""
    drawn = inputs.normal(2, x.shape[-1], device=x.device, dtype=x.dtype, seed=seed)
    return (1 + drawn[0] / 2) * torch.where(drawn[1] < 0, -1, 1).to(x.dtype)


def agrees(impl, x, eps=EPS, weight=None):
    """Normalise `x` and hold the result to the reference."""
    weight = weights(x) if weight is None else weight
    given_args = (x.shape[-1], eps, weight, x)
    return verify(
        impl.run_rmsnorm,
        given_args,
        oracle=reference.rms_norm,
        oracle_args=(x, weight),
        kwargs={"eps": eps},
        twin=twin,
    )


@pytest.mark.parametrize("distribution", inputs.DISTRIBUTIONS)
def test_agrees_on(impl, device, dtype, seed, distribution):
    if impl.interpreted and dtype == torch.bfloat16 and distribution == "denormals":
        pytest.skip("Triton's interpreter misreads subnormal bfloat16")
    make = inputs.DISTRIBUTIONS[distribution]
    agrees(impl, make(12, 257, device=device, dtype=dtype, seed=100 * seed + 1))


@pytest.mark.parametrize("eps", [1e-8, 1e-3, 0.5, 10.0])
def test_eps_is_obeyed(impl, device, dtype, seed, eps):
    agrees(impl, inputs.normal(6, 127, device=device, dtype=dtype, seed=100 * seed + 3) / 8, eps)


@pytest.mark.parametrize("size", [1e-5, 1e-3, 1e-2])
def test_rows_as_small_as_the_root_of_eps(impl, device, dtype, seed, size):
    drawn = inputs.normal(6, 127, device=device, dtype=dtype, seed=100 * seed + 30)
    agrees(impl, drawn * size, 1e-6)


@pytest.mark.bolt(dtypes=("float16", "bfloat16"))
@pytest.mark.parametrize("size", [300.0, 10_000.0])
def test_squares_that_half_precision_does_not_hold(impl, device, dtype, seed, size):
    x = inputs.normal(6, 257, device=device, dtype=dtype, seed=100 * seed + 31)
    agrees(impl, (x * size).clamp(-60_000, 60_000))


@pytest.mark.bolt(dtypes=("float16",))
@pytest.mark.parametrize("distribution", ["spike", "row_scale", *inputs.MANDATORY])
def test_agrees_in_float16_on(impl, device, dtype, seed, distribution):
    make = inputs.DISTRIBUTIONS[distribution]
    agrees(impl, make(6, 257, device=device, dtype=dtype, seed=100 * seed + 32))


@pytest.mark.bolt(dtypes=("float64",))
@pytest.mark.parametrize("distribution", ["row_scale", *inputs.MANDATORY])
def test_float64_comes_out_as_float64(impl, device, dtype, seed, distribution):
    """The course computes in float32, whatever comes in: the answer has to be as good as that."""
    make = inputs.DISTRIBUTIONS[distribution]
    x = make(6, 257, device=device, dtype=torch.float32, seed=100 * seed + 33)
    weight = weights(x)
    output = impl.run_rmsnorm(257, EPS, weight.to(dtype), x.to(dtype))
    assert output.dtype == dtype
    check(output.float(), oracle=reference.rms_norm, args=(x, weight), kwargs={"eps": EPS}, twin=twin)


@pytest.mark.filterwarnings("ignore:Mismatch dtype between input and weight")
@pytest.mark.bolt(dtypes=("bfloat16", "float16"))
def test_weights_of_float32(impl, device, dtype, seed):
    """A layer's weights may stay in float32; the dtype of the input comes out."""
    x = inputs.blocks(6, 257, device=device, dtype=dtype, seed=100 * seed + 34)
    weight = weights(x)
    output = impl.run_rmsnorm(257, EPS, weight.float(), x)
    check(output, oracle=reference.rms_norm, args=(x, weight), kwargs={"eps": EPS}, twin=twin)


@pytest.mark.parametrize("distribution", ["normal", *inputs.MANDATORY])
def test_agrees_for_five_seeds(impl, device, dtype, seed, distribution):
    make = inputs.DISTRIBUTIONS[distribution]
    for draw in range(5):
        agrees(impl, make(6, 200, device=device, dtype=dtype, seed=100 * seed + 40 + draw))


@pytest.mark.parametrize("columns", WIDTHS)
def test_agrees_at_width(impl, device, dtype, seed, columns):
    agrees(impl, inputs.blocks(5, columns, device=device, dtype=dtype, seed=100 * seed + 2))


def test_a_row_of_seventy_thousand(impl, device, dtype, seed):
    agrees(impl, inputs.normal(2, 70_001, device=device, dtype=dtype, seed=100 * seed + 35))


def test_thousands_of_rows(impl, device, dtype, seed):
    if impl.interpreted:
        pytest.skip("one program a row: too slow in an interpreter")
    agrees(impl, inputs.blocks(4099, 5, device=device, dtype=dtype, seed=100 * seed + 36))


@pytest.mark.parametrize("shape", [(0, 5), (1,), (7,), (1, 1), (2, 3, 1), (2, 0, 3)], ids=str)
def test_small_and_empty(impl, device, dtype, shape):
    agrees(impl, torch.full(shape, 0.75, device=device, dtype=dtype))


@pytest.mark.parametrize("shape", [(9,), (5, 5), (3, 4, 9), (2, 2, 2, 9), (4, 4, 4)], ids=str)
def test_any_leading_dimensions(impl, device, dtype, seed, shape):
    rows = torch.Size(shape[:-1]).numel()
    x = inputs.row_scale(rows, shape[-1], device=device, dtype=dtype, seed=100 * seed + 37).reshape(shape)
    agrees(impl, x)
    turned = tuple(reversed(range(len(shape))))
    agrees(impl, x.permute(turned).contiguous().permute(turned))


@pytest.mark.parametrize("kind", ["zeros", "strided", "tiny", "huge"])
def test_any_weight(impl, device, dtype, seed, kind):
    x = inputs.blocks(6, 65, device=device, dtype=dtype, seed=100 * seed + 38)
    weight = weights(x, seed=100 * seed + 39)
    kinds = {
        "zeros": 0 * weight,
        "strided": torch.stack([weight, torch.full_like(weight, torch.nan)], -1)[..., 0],
        "tiny": weight / 1024,
        "huge": weight * 1024,
    }
    agrees(impl, x, weight=kinds[kind])


@settings(max_examples=12, deadline=None, print_blob=True)
@given(drawn=strategies.drawn(most_elements=48))
@example(drawn=strategies.Drawn(shape=(2, 3), firsts=(-100.0, 100.0)))
def test_any_tensor(impl, device, dtype, drawn):
    agrees(impl, drawn.tensor(device=device, dtype=dtype))


def test_zeros_stay_zeros(impl, device, dtype):
    x = torch.zeros(3, 65, device=device, dtype=dtype)
    assert torch.equal(impl.run_rmsnorm(65, EPS, weights(x), x), x)


def test_homogeneous_in_the_weight(impl, device, dtype, seed):
    x = inputs.blocks(6, 127, device=device, dtype=dtype, seed=100 * seed + 4)
    weight = weights(x)
    once, twice = (impl.run_rmsnorm(127, EPS, factor * weight, x) for factor in (1, 2))
    assert torch.equal(2 * once, twice)


@pytest.mark.parametrize("factor", [0.25, 64.0])
def test_scale_free_without_eps(impl, device, dtype, seed, factor):
    x = inputs.blocks(6, 127, device=device, dtype=dtype, seed=100 * seed + 5)
    weight = weights(x)
    output = impl.run_rmsnorm(127, 0.0, weight, x * factor)
    check(output, oracle=reference.rms_norm, args=(x, weight), kwargs={"eps": 0.0}, twin=twin)


def test_each_call_answers_its_own_input(impl, device, dtype, seed):
    """No answer, weight or eps is kept: same tensors with new values, and memory used again."""
    first, second = (inputs.blocks(6, 65, device=device, dtype=dtype, seed=100 * seed + n) for n in (50, 51))
    x, weight = first.clone(), weights(first)
    earlier = impl.run_rmsnorm(65, EPS, weight, x)
    given_first = (first, weight.clone())
    x.copy_(second)
    weight.copy_(weights(first, seed=100 * seed + 52))
    agrees(impl, x, weight=weight)
    agrees(impl, x, 0.5, weight)
    check(earlier, oracle=reference.rms_norm, args=given_first, kwargs={"eps": EPS}, twin=twin)


def test_three_runs_are_bit_equal(impl, device, dtype, seed):
    x = inputs.blocks(12, 257, device=device, dtype=dtype, seed=100 * seed + 6)
    repeated(impl.run_rmsnorm, (257, EPS, weights(x), x))


@pytest.mark.parametrize("columns", [1, 127, 257])
def test_stays_inside_its_memory(impl, device, dtype, seed, columns):
    x = fenced(inputs.blocks(5, columns, device=device, dtype=dtype, seed=100 * seed + 7))
    with red_zones():
        agrees(impl, x, weight=fenced(weights(x)))


@pytest.mark.parametrize("shape", SHAPES, ids="{0[0]}x{0[1]}".format)
def test_the_gate_can_fail(device, dtype, shape):
    values = [inputs.DISTRIBUTIONS[name](*shape, device=device, dtype=dtype) for name in inputs.MANDATORY]
    workloads = [(x, weights(x)) for x in values]
    wrong = {
        "no weight": lambda x, weight, *, eps: reference.rms_norm(x, torch.ones_like(weight), eps=eps),
        "sum for mean": lambda x, weight, *, eps: reference.rms_norm(x, weight, eps=eps) / x.shape[-1] ** 0.5,
        "inverse root 1": lambda x, weight, *, eps: x * weight + 0 * eps,
        "without the mean": lambda x, weight, *, eps: reference.layer_norm(x, weight, eps=eps),
        "weight plus one": lambda x, weight, *, eps: reference.rms_norm(x, weight + 1, eps=eps),
    }
    self_test(
        workloads[0],
        also=workloads[1:],
        oracle=reference.rms_norm,
        kwargs={"eps": EPS},
        twin=twin,
        extra=wrong,
    )
