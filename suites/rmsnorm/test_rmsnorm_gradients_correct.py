"""RMSNorm: the gradients of its input and its weight."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from pytest_bolt.correctness import fenced, inputs, red_zones, verify_gradients

from .. import reference

pytestmark = pytest.mark.bolt(operation="run_rmsnorm", dtypes=("float32", "bfloat16"))
EPS = 1e-5


def twin(x, weight, *, eps):
    """Return the framework's own RMSNorm."""
    return F.rms_norm(x, (x.shape[-1],), weight, eps)


def agrees(impl, x, eps=EPS, seed=0):
    """Differentiate RMSNorm of `x` and hold both gradients to the reference's."""
    weight = 1 + inputs.normal(1, x.shape[-1], device=x.device, dtype=x.dtype, seed=seed + 60)[0] / 2
    given_args = (x.shape[-1], eps, weight, x)
    named = {"eps": eps}
    pair = (x, weight)
    return verify_gradients(
        impl.run_rmsnorm,
        given_args,
        oracle=reference.rms_norm,
        oracle_args=pair,
        kwargs=named,
        twin=twin,
        seed=seed,
    )


@pytest.mark.parametrize("distribution", ["normal", *inputs.MANDATORY, "row_scale"])
def test_gradients_agree_on(impl, device, dtype, seed, distribution):
    make = inputs.DISTRIBUTIONS[distribution]
    agrees(impl, make(12, 257, device=device, dtype=dtype, seed=100 * seed + 61), seed=100 * seed)


@pytest.mark.parametrize("eps", [1e-3, 0.5])
def test_gradients_obey_eps(impl, device, dtype, seed, eps):
    x = inputs.normal(6, 127, device=device, dtype=dtype, seed=100 * seed + 62) / 8
    agrees(impl, x, eps, seed=100 * seed + 1)


@pytest.mark.parametrize("shape", [(9,), (1, 9), (2, 3, 9), (2, 2, 3, 9)], ids=str)
def test_gradients_of_any_leading_dimensions(impl, device, dtype, seed, shape):
    rows = torch.Size(shape[:-1]).numel()
    x = inputs.normal(rows, shape[-1], device=device, dtype=dtype, seed=100 * seed + 63)
    agrees(impl, x.reshape(shape), seed=100 * seed + 2)


@pytest.mark.parametrize("columns", [31, 128, 1000, 5000])
def test_gradients_at_width(impl, device, dtype, seed, columns):
    x = inputs.blocks(3, columns, device=device, dtype=dtype, seed=100 * seed + 64)
    agrees(impl, x, seed=100 * seed + 3)


def test_gradients_of_many_rows(impl, device, dtype, seed):
    agrees(impl, inputs.blocks(35, 40, device=device, dtype=dtype, seed=100 * seed + 65), seed=100 * seed + 4)


def test_gradients_of_a_strided_view(impl, device, dtype, seed):
    x = inputs.strided(6, 65, device=device, dtype=dtype, seed=100 * seed + 66)
    agrees(impl, x, seed=100 * seed + 5)


def test_a_row_pulls_at_right_angles_to_itself(impl, device, dtype, seed):
    """Without eps the length of a row does not matter, so no gradient points along it."""
    x = inputs.normal(6, 65, device=device, dtype=dtype, seed=100 * seed + 67)
    leaf = x.clone().requires_grad_()
    output = impl.run_rmsnorm(65, 0.0, torch.ones_like(x[0]), leaf)
    upstream = inputs.normal(6, 65, device=device, dtype=dtype, seed=100 * seed + 68)
    (gradient,) = torch.autograd.grad(output, leaf, upstream)
    along = (gradient.double() * x.double()).sum(-1).abs()
    sizes = gradient.double().norm(dim=-1) * x.double().norm(dim=-1)
    assert bool((along <= 4 * torch.finfo(dtype).eps * sizes).all())


@pytest.mark.bolt(dtypes=("float32",))
def test_gradients_stay_inside_their_memory(impl, device, dtype, seed):
    x = fenced(inputs.blocks(5, 127, device=device, dtype=dtype, seed=100 * seed + 69))
    with red_zones():
        agrees(impl, x, seed=100 * seed + 6)
