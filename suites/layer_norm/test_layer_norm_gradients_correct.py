"""Layer norm: the gradients of its input, weight and bias."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from pytest_bolt.correctness import inputs, verify_gradients

from .. import reference

pytestmark = pytest.mark.bolt(operation="run_layernorm", dtypes=("float32", "bfloat16"))
EPS = 1e-5
WITH = {"both": (True, True), "weight": (True, False), "bias": (False, True), "neither": (False, False)}


def twin(x, weight, bias, *, eps):
    """Return the framework's own layer norm."""
    return F.layer_norm(x, (x.shape[-1],), weight, bias, eps)


def agrees(impl, x, eps=EPS, seed=0, given_affine=(True, True)):
    """Differentiate layer norm of `x` and hold all gradients to the reference's."""
    drawn = inputs.normal(2, x.shape[-1], device=x.device, dtype=x.dtype, seed=seed + 60)
    weight = 1 + drawn[0] / 2 if given_affine[0] else None
    bias = drawn[1].clone() if given_affine[1] else None
    return verify_gradients(
        impl.run_layernorm,
        (x.shape[-1], eps, weight, bias, x),
        oracle=reference.layer_norm,
        oracle_args=(x, weight, bias),
        kwargs={"eps": eps},
        twin=twin,
        seed=seed,
    )


@pytest.mark.parametrize("distribution", ["normal", *inputs.MANDATORY, "row_scale"])
def test_gradients_agree_on(impl, device, dtype, seed, distribution):
    make = inputs.DISTRIBUTIONS[distribution]
    agrees(impl, make(12, 257, device=device, dtype=dtype, seed=100 * seed + 61), seed=100 * seed)


@pytest.mark.parametrize("given_affine", WITH.values(), ids=WITH)
def test_gradients_with_and_without_weight_and_bias(impl, device, dtype, seed, given_affine):
    x = inputs.blocks(6, 65, device=device, dtype=dtype, seed=100 * seed + 62)
    agrees(impl, x, seed=100 * seed + 1, given_affine=given_affine)


@pytest.mark.parametrize("eps", [1e-3, 0.5])
def test_gradients_obey_eps(impl, device, dtype, seed, eps):
    x = inputs.normal(6, 127, device=device, dtype=dtype, seed=100 * seed + 63) / 8
    agrees(impl, x, eps, seed=100 * seed + 2)


@pytest.mark.parametrize("shape", [(9,), (1, 9), (2, 3, 9), (2, 2, 3, 9)], ids=str)
def test_gradients_of_any_leading_dimensions(impl, device, dtype, seed, shape):
    rows = torch.Size(shape[:-1]).numel()
    x = inputs.normal(rows, shape[-1], device=device, dtype=dtype, seed=100 * seed + 64)
    agrees(impl, x.reshape(shape), seed=100 * seed + 3)


@pytest.mark.parametrize("columns", [31, 128, 1000, 5000])
def test_gradients_at_width(impl, device, dtype, seed, columns):
    x = inputs.blocks(3, columns, device=device, dtype=dtype, seed=100 * seed + 65)
    agrees(impl, x, seed=100 * seed + 4)


def test_gradients_of_a_strided_view(impl, device, dtype, seed):
    x = inputs.strided(6, 65, device=device, dtype=dtype, seed=100 * seed + 66)
    agrees(impl, x, seed=100 * seed + 5)


def test_the_input_gradient_of_a_row_sums_to_zero(impl, device, dtype, seed):
    """A shift of the row changes nothing."""
    x = inputs.normal(6, 65, device=device, dtype=dtype, seed=100 * seed + 67).requires_grad_()
    upstream = inputs.normal(6, 65, device=device, dtype=dtype, seed=100 * seed + 68)
    (gradient,) = torch.autograd.grad(impl.run_layernorm(65, EPS, None, None, x), x, upstream)
    total = gradient.double().sum(-1).abs()
    assert bool((total <= 8 * torch.finfo(dtype).eps * gradient.double().abs().sum(-1)).all())
