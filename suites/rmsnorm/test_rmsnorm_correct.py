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
SHAPES = ((12, 257), (64, 512), (256, 1024), (64, 4096))
WIDTHS = (*inputs.SIZES, 5000)
EPS = 1e-5


def twin(x, weight, *, eps):
    """Return the framework's own RMSNorm."""
    return F.rms_norm(x, (x.shape[-1],), weight, eps)


def weights(x, seed=11):
    """Return weights N(1, 1/4) that fit the last dimension of `x`."""
    return 1 + inputs.normal(1, x.shape[-1], device=x.device, dtype=x.dtype, seed=seed)[0] / 2


def agrees(impl, x, eps=EPS):
    """Normalise `x` and hold the result to the reference."""
    weight = weights(x)
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
def test_agrees_on(impl, device, dtype, distribution):
    if impl.interpreted and dtype == torch.bfloat16 and distribution == "denormals":
        pytest.skip("Triton's interpreter misreads subnormal bfloat16")
    agrees(impl, inputs.DISTRIBUTIONS[distribution](12, 257, device=device, dtype=dtype, seed=1))


@pytest.mark.parametrize("distribution", ["normal", *inputs.MANDATORY])
def test_agrees_for_five_seeds(impl, device, dtype, distribution):
    for seed in range(5):
        agrees(impl, inputs.DISTRIBUTIONS[distribution](6, 200, device=device, dtype=dtype, seed=seed))


@pytest.mark.parametrize("columns", WIDTHS)
def test_agrees_at_width(impl, device, dtype, columns):
    agrees(impl, inputs.blocks(5, columns, device=device, dtype=dtype, seed=2))


@pytest.mark.parametrize("shape", [(0, 5), (1,), (7,), (1, 1), (2, 3, 1), (2, 2, 2, 9)], ids=str)
def test_any_leading_dimensions(impl, device, dtype, shape):
    agrees(impl, torch.full(shape, 0.75, device=device, dtype=dtype))


@pytest.mark.parametrize("eps", [1e-8, 1e-3, 0.5, 10.0])
def test_eps_is_obeyed(impl, device, dtype, eps):
    agrees(impl, inputs.normal(6, 127, device=device, dtype=dtype, seed=3) / 8, eps)


@settings(max_examples=12, deadline=None, print_blob=True)
@given(drawn=strategies.drawn(most_elements=96))
@example(drawn=strategies.Drawn(shape=(2, 3), firsts=(-100.0, 100.0)))
def test_any_tensor(impl, device, dtype, drawn):
    agrees(impl, drawn.tensor(device=device, dtype=dtype))


def test_zeros_stay_zeros(impl, device, dtype):
    x = torch.zeros(3, 65, device=device, dtype=dtype)
    assert torch.equal(impl.run_rmsnorm(65, EPS, weights(x), x), x)


def test_homogeneous_in_the_weight(impl, device, dtype):
    x = inputs.blocks(6, 127, device=device, dtype=dtype, seed=4)
    weight = weights(x)
    once, twice = (impl.run_rmsnorm(127, EPS, factor * weight, x) for factor in (1, 2))
    assert torch.equal(2 * once, twice)


@pytest.mark.parametrize("factor", [0.25, 64.0])
def test_scale_free_without_eps(impl, device, dtype, factor):
    x = inputs.blocks(6, 127, device=device, dtype=dtype, seed=5)
    weight = weights(x)
    output = impl.run_rmsnorm(127, 0.0, weight, x * factor)
    check(output, oracle=reference.rms_norm, args=(x, weight), kwargs={"eps": 0.0}, twin=twin)


def test_three_runs_are_bit_equal(impl, device, dtype):
    x = inputs.blocks(12, 257, device=device, dtype=dtype, seed=6)
    repeated(impl.run_rmsnorm, (257, EPS, weights(x), x))


@pytest.mark.parametrize("columns", [1, 127, 257])
def test_stays_inside_its_memory(impl, device, dtype, columns):
    x = fenced(inputs.blocks(5, columns, device=device, dtype=dtype, seed=7))
    with red_zones():
        agrees(impl, x)


@pytest.mark.parametrize("shape", SHAPES, ids="{0[0]}x{0[1]}".format)
def test_the_gate_can_fail(device, dtype, shape):
    values = [inputs.DISTRIBUTIONS[name](*shape, device=device, dtype=dtype) for name in inputs.MANDATORY]
    workloads = [(x, weights(x)) for x in values]
    wrong = {
        "no weight": lambda x, weight, *, eps: reference.rms_norm(x, torch.ones_like(weight), eps=eps),
        "sum for mean": lambda x, weight, *, eps: reference.rms_norm(x, weight, eps=eps) / x.shape[-1] ** 0.5,
        "inverse root 1": lambda x, weight, *, eps: x * weight + 0 * eps,
    }
    self_test(
        workloads[0],
        also=workloads[1:],
        oracle=reference.rms_norm,
        kwargs={"eps": EPS},
        twin=twin,
        extra=wrong,
    )
