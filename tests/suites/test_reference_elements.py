from __future__ import annotations

import math

import pytest
import torch
from scipy import special
from torch.nn import functional

import reference
from pytest_bolt.correctness import inputs
from reference.adapters import framework, manual

ADAPTERS = pytest.mark.parametrize("adapter", [framework, manual], ids=["framework", "manual"])


def test_linear_by_hand():
    weight = torch.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    assert reference.linear(torch.tensor([10.0, 1.0]), weight).tolist() == [12.0, 34.0, 56.0]


def test_embedding_by_hand():
    weight = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
    found = reference.embedding(weight, torch.tensor([[1, 0, 1]]))
    assert found.tolist() == [[[3.0, 4.0], [1.0, 2.0], [3.0, 4.0]]]


def test_silu_is_x_times_the_logistic_function():
    x = torch.linspace(-30, 30, 61, dtype=torch.float64)
    assert torch.allclose(
        reference.silu(x), x * torch.from_numpy(special.expit(x.numpy())), rtol=1e-14, atol=0
    )


def test_swiglu_by_hand():
    x = torch.tensor([math.log(3.0)])
    w1, w2, w3 = torch.tensor([[1.0], [-1.0]]), torch.tensor([[1.0, 10.0]]), torch.tensor([[2.0], [4.0]])
    # silu(log 3) = 3/4 log 3, silu(-log 3) = -1/4 log 3
    wanted = math.log(3.0) ** 2 * (0.75 * 2 - 10 * 0.25 * 4)
    assert reference.swiglu(x, w1, w2, w3).item() == pytest.approx(wanted, rel=1e-6)


def test_cross_entropy_by_hand():
    logits = torch.tensor([[0.0, math.log(3.0)], [0.0, 0.0]])
    wanted = (math.log(4.0) + math.log(2.0)) / 2
    assert reference.cross_entropy(logits, torch.tensor([0, 1])).item() == pytest.approx(wanted)


def test_cross_entropy_far_from_zero():
    logits = torch.tensor([[1e6, 1e6 + 1.0]])
    wanted = math.log1p(math.exp(-1.0))
    assert reference.cross_entropy(logits, torch.tensor([1])).item() == pytest.approx(wanted, rel=1e-6)
    assert reference.cross_entropy(-1e6 * torch.eye(2), torch.tensor([0, 1])).item() == 1e6


def test_layer_norm_by_hand():
    x, weight, bias = torch.tensor([1.0, 5.0]), torch.tensor([3.0, 3.0]), torch.tensor([1.0, 2.0])
    assert reference.layer_norm(x, weight, bias, eps=5.0).tolist() == [
        pytest.approx(-1.0),
        pytest.approx(4.0),
    ]
    assert reference.layer_norm(x, eps=5.0).tolist() == [
        pytest.approx(-2.0 / 3.0),
        pytest.approx(2.0 / 3.0),
    ]
    assert reference.layer_norm(x, bias=bias, eps=0.0).tolist() == [0.0, 3.0]


def test_each_agrees_with_the_framework():
    x, w1, w3 = (inputs.normal(5, 8, dtype=torch.float64, seed=seed) for seed in range(3))
    ids = torch.tensor([4, 0, 2, 2, 1])
    close = torch.testing.assert_close
    close(reference.linear(x, w1), functional.linear(x, w1))
    close(reference.embedding(x, ids), functional.embedding(ids, x))
    close(reference.silu(x), functional.silu(x))
    close(
        reference.swiglu(x, w1, w3.T, w3),
        functional.linear(functional.silu(functional.linear(x, w1)) * functional.linear(x, w3), w3.T),
    )
    close(reference.cross_entropy(x, ids), functional.cross_entropy(x, ids))
    close(reference.layer_norm(x, w1[0], w3[0], eps=0.1), functional.layer_norm(x, (8,), w1[0], w3[0], 0.1))


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.float16, torch.bfloat16], ids=str)
def test_the_dtype_of_the_input_comes_out(dtype):
    x, ids = inputs.normal(8, 8, dtype=dtype), torch.arange(8)
    found = (
        reference.linear(x, x),
        reference.embedding(x, ids),
        reference.silu(x),
        reference.swiglu(x, x, x, x),
        reference.cross_entropy(x, ids),
        reference.layer_norm(x, x[0], x[1], eps=1e-5),
    )
    assert {each.dtype for each in found} == {dtype}


@ADAPTERS
def test_adapters_have_the_signatures_of_the_course(adapter):
    x, ids = inputs.normal(5, 8), torch.tensor([[0, 1, 4]])
    weights = inputs.normal(6, 8, seed=1)
    assert adapter.run_linear(d_in=8, d_out=6, weights=weights, in_features=x).shape == (5, 6)
    assert adapter.run_embedding(vocab_size=5, d_model=8, weights=x, token_ids=ids).shape == (1, 3, 8)
    assert adapter.run_silu(in_features=x).shape == x.shape
    gated = adapter.run_swiglu(
        d_model=8, d_ff=6, w1_weight=weights, w2_weight=weights.T, w3_weight=weights, in_features=x
    )
    assert gated.shape == x.shape
    assert adapter.run_cross_entropy(inputs=x, targets=torch.arange(5)).shape == ()
    normal = adapter.run_layernorm(d_model=8, eps=1e-5, weight=None, bias=None, in_features=x)
    assert normal.shape == x.shape
