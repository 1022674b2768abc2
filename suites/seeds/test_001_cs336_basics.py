"""Journal 001: what overflows in a naive softmax, and why RMSNorm needs float32 inside."""

from __future__ import annotations

import pytest
import torch

from pytest_bolt.correctness import inputs

from .. import reference

pytestmark = pytest.mark.claim(style="worklog")

OVERFLOW = "001 A naive softmax overflows"
UPCAST = "001 RMSNorm needs float32 inside"
DTYPES = {
    "float32": torch.float32,
    "bfloat16": torch.bfloat16,
    "float16": torch.float16,
    "float64": torch.float64,
}


def naive(x):
    """Return `exp(x) / sum exp(x)`, as it was first written."""
    exponentials = x.exp()
    return exponentials / exponentials.sum(-1, keepdim=True)


def values(dtype=torch.float32):
    """Return rows between 0 and 1, as the journal's test had."""
    return torch.rand(5, 5, generator=torch.Generator().manual_seed(0)).to(dtype)


def share_of_nan(x):
    """Return the share of elements that are not a number."""
    return x.isnan().double().mean().item()


@pytest.mark.claim(OVERFLOW, "at x + 100 it returns NaN only", expect="nan_share >= 1", published="all NaN")
@pytest.mark.parametrize("dtype", DTYPES)
def test_nan_at_100(claim, dtype):
    claim.found("nan_share", share_of_nan(naive(values(DTYPES[dtype]) + 100)), better="higher")


@pytest.mark.claim(
    OVERFLOW,
    "the reason is that exp overflows: a shift down is harmless",
    expect="nan_share <= 0",
    role="attribution",
)
def test_a_shift_down(claim):
    claim.found("nan_share", share_of_nan(naive(values() - 200)))


@pytest.mark.claim(OVERFLOW, "no shift below 88 fails in float32", expect="first_failing_shift >= 88")
def test_the_first_shift_that_fails(claim):
    x = values()
    failing = next(shift for shift in range(1000) if naive(x + shift).isnan().any())
    claim.found("first_failing_shift", failing, better="higher")


@pytest.mark.claim(
    OVERFLOW, "subtracting the maximum gives the same probabilities", expect="largest_error <= 1e-6"
)
def test_the_stable_form(claim):
    x = values()
    claim.found(
        "largest_error", (reference.softmax(x + 100, -1) - torch.softmax(x.double(), -1)).abs().max().item()
    )


def not_widened(x, weight, eps=1e-5):
    """Return RMSNorm in the dtype of `x` throughout."""
    return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + eps) * weight


def error(output, x, weight):
    """Return the root mean square of the relative error against float64."""
    exact = reference.rms_norm(x.double(), weight.double(), eps=1e-5)
    return ((output.double() - exact).square().mean() / exact.square().mean()).sqrt().item()


@pytest.mark.claim(
    UPCAST, "in bfloat16 the error is at least twice as large without it", expect="error_ratio >= 2"
)
def test_bfloat16(claim):
    ratios = []
    for seed in range(5):
        x = inputs.blocks(32, 512, dtype=torch.bfloat16, seed=seed)
        weight = torch.ones(512, dtype=torch.bfloat16)
        ratios.append(
            error(not_widened(x, weight), x, weight)
            / error(reference.rms_norm(x, weight, eps=1e-5), x, weight)
        )
    claim.found("error_ratio", ratios)


@pytest.mark.claim(
    UPCAST,
    "in float16 the squares of values from 256 on overflow and the output is 0",
    expect="zero_share >= 1",
)
def test_float16(claim):
    x = (inputs.normal(32, 512, seed=1) * 300).half()
    claim.found(
        "zero_share", (not_widened(x, torch.ones(512).half()) == 0).double().mean().item(), better="higher"
    )
