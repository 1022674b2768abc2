"""SwiGLU: right for any widths, equal ones too, where the values alone tell the weights apart."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_bolt.correctness import (
    check,
    fenced,
    inputs,
    red_zones,
    repeated,
    self_test,
    verify,
    verify_gradients,
)

from .. import reference

# The course's code is float32: a layer that loads its weights has no other dtype.
pytestmark = pytest.mark.bolt(operation="run_swiglu", dtypes=("float32",))
SHAPES = ((12, 65, 96), (32, 64, 64), (16, 128, 344))
WIDTHS = ((1, 1), (1, 5), (5, 1), (8, 8), (31, 64), (64, 31), (64, 172), (127, 127))
KINDS = ("normal", "row_scale", "row_offset", "constant_rows", "transposed", "strided", "sliced")


def twin(x, w1, w2, w3):
    """Return the layer built of the framework's operations."""
    return F.linear(F.silu(F.linear(x, w1)) * F.linear(x, w3), w2)


def weights(width, inner, *, seed=11, scale=1.0, **place):
    """Return w1, w2 and w3 whose rows have a length of about 1."""
    shapes = ((inner, width), (width, inner), (inner, width))
    return tuple(
        inputs.normal(*shape, seed=3 * seed + n, **place) * scale / shape[1] ** 0.5
        for n, shape in enumerate(shapes)
    )


def agrees(impl, x, matrices):
    """Run the layer and hold the result to the reference."""
    w1, w2, w3 = matrices
    args = (w1.shape[1], w1.shape[0], w1, w2, w3, x)
    own = (x, w1, w2, w3)
    return verify(impl.run_swiglu, args, oracle=reference.swiglu, oracle_args=own, twin=twin)


@pytest.mark.parametrize("distribution", [*inputs.MANDATORY, *KINDS])
@pytest.mark.parametrize("inner", [33, 96], ids=["square", "wider"])
def test_agrees_on(impl, device, dtype, seed, distribution, inner):
    make = inputs.DISTRIBUTIONS[distribution]
    x = make(12, 33, device=device, dtype=dtype, seed=100 * seed + 1)
    agrees(impl, x, weights(33, inner, seed=100 * seed + 2, device=device, dtype=dtype))


@pytest.mark.parametrize("scale", [0.01, 1.0, 100.0], ids=["nearly-linear", "bent", "saturated"])
@pytest.mark.parametrize("which", [0, 1, 2], ids=["w1", "w2", "w3"])
def test_the_scale_of_each_weight(impl, device, dtype, seed, scale, which):
    x = inputs.normal(6, 24, device=device, dtype=dtype, seed=100 * seed + 3)
    matrices = list(weights(24, 24, seed=100 * seed + 4, device=device, dtype=dtype))
    matrices[which] = matrices[which] * scale
    agrees(impl, x, matrices)


@pytest.mark.parametrize(("width", "inner"), WIDTHS, ids=str)
def test_agrees_at_widths(impl, device, dtype, seed, width, inner):
    x = inputs.blocks(5, width, device=device, dtype=dtype, seed=100 * seed + 5)
    agrees(impl, x, weights(width, inner, seed=100 * seed + 6, device=device, dtype=dtype))


@pytest.mark.parametrize("leading", [(), (1,), (0,), (9,), (4, 9), (9, 9), (2, 3, 4)], ids=str)
def test_any_leading_dimensions(impl, device, dtype, seed, leading):
    rows = torch.Size(leading).numel()
    x = inputs.blocks(rows, 9, device=device, dtype=dtype, seed=100 * seed + 7).reshape(*leading, 9)
    agrees(impl, x, weights(9, 14, seed=100 * seed + 8, device=device, dtype=dtype))


def test_weights_need_not_be_dense(impl, device, dtype, seed):
    x = inputs.blocks(5, 24, device=device, dtype=dtype, seed=100 * seed + 9)
    matrices = weights(24, 24, seed=100 * seed + 10, device=device, dtype=dtype)
    agrees(impl, x, tuple(matrix.t() for matrix in matrices))
    agrees(impl, x, tuple(torch.stack([matrix, 0 * matrix], -1)[..., 0] for matrix in matrices))


@settings(max_examples=12, deadline=None, print_blob=True)
@given(width=st.integers(1, 24), inner=st.integers(1, 24), rows=st.integers(1, 9), seed=st.integers(0, 2**16))
def test_any_sizes(impl, device, dtype, width, inner, rows, seed):
    x = inputs.normal(rows, width, device=device, dtype=dtype, seed=seed)
    agrees(impl, x, weights(width, inner, seed=seed, device=device, dtype=dtype))


def test_zeros_stay_zeros(impl, device, dtype, seed):
    """Without biases nothing comes of nothing: neither of a zero input nor behind a closed gate."""
    w1, w2, w3 = weights(9, 14, seed=100 * seed + 12, device=device, dtype=dtype)
    x = inputs.normal(4, 9, device=device, dtype=dtype, seed=100 * seed + 13)
    zeros = torch.zeros_like(x)
    assert torch.equal(impl.run_swiglu(9, 14, w1, w2, w3, zeros), zeros)
    for closed in ((0 * w1, w2, w3), (w1, 0 * w2, w3), (w1, w2, 0 * w3)):
        assert torch.equal(impl.run_swiglu(9, 14, *closed, x).abs(), zeros)


def test_linear_in_the_outer_weights(impl, device, dtype, seed):
    w1, w2, w3 = weights(9, 14, seed=100 * seed + 14, device=device, dtype=dtype)
    x = inputs.normal(4, 9, device=device, dtype=dtype, seed=100 * seed + 15)
    once = impl.run_swiglu(9, 14, w1, w2, w3, x)
    assert torch.equal(impl.run_swiglu(9, 14, w1, 4 * w2, w3, x), 4 * once)
    assert torch.equal(impl.run_swiglu(9, 14, w1, w2, -4 * w3, x), -4 * once)


def test_each_call_answers_its_own_input(impl, device, dtype, seed):
    first, second = (inputs.blocks(6, 24, device=device, dtype=dtype, seed=100 * seed + n) for n in (16, 17))
    matrices = weights(24, 24, seed=100 * seed + 18, device=device, dtype=dtype)
    before = (first, *(matrix.clone() for matrix in matrices))
    x = first.clone()
    earlier = impl.run_swiglu(24, 24, *matrices, x)
    x.copy_(second)
    for matrix in matrices:
        matrix.mul_(-1.5)
    agrees(impl, x, matrices)
    check(earlier, oracle=reference.swiglu, args=before, twin=twin)


def test_three_runs_are_bit_equal(impl, device, dtype, seed):
    x = inputs.blocks(12, 64, device=device, dtype=dtype, seed=100 * seed + 19)
    repeated(impl.run_swiglu, (64, 31, *weights(64, 31, device=device, dtype=dtype), x))


def test_stays_inside_its_memory(impl, device, dtype, seed):
    x = fenced(inputs.blocks(5, 31, device=device, dtype=dtype, seed=100 * seed + 20))
    with red_zones():
        agrees(impl, x, tuple(map(fenced, weights(31, 17, device=device, dtype=dtype))))


@pytest.mark.parametrize("distribution", ["normal", *inputs.MANDATORY])
@pytest.mark.parametrize("shape", [(24,), (5, 24), (2, 3, 24)], ids=str)
def test_gradients_agree_on(impl, device, dtype, seed, distribution, shape):
    rows = torch.Size(shape[:-1]).numel()
    make = inputs.DISTRIBUTIONS[distribution]
    x = make(rows, 24, device=device, dtype=dtype, seed=100 * seed + 21).reshape(shape)
    matrices = weights(24, 17, seed=100 * seed + 22, device=device, dtype=dtype)
    verify_gradients(
        impl.run_swiglu,
        (24, 17, *matrices, x),
        oracle=reference.swiglu,
        oracle_args=(x, *matrices),
        twin=twin,
        seed=100 * seed,
    )


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: "x".join(map(str, shape)))
def test_the_gate_can_fail(device, dtype, shape):
    rows, width, inner = shape
    matrices = weights(width, inner, device=device, dtype=dtype)
    values = [
        inputs.DISTRIBUTIONS[name](rows, width, device=device, dtype=dtype) for name in inputs.MANDATORY
    ]

    def with_gate(gate):
        return lambda x, w1, w2, w3: (gate(x @ w1.T) * (x @ w3.T)) @ w2.T

    wrong = {
        "GELU": with_gate(F.gelu),
        "ReLU": with_gate(torch.relu),
        "sigmoid": with_gate(torch.sigmoid),
        "w1 and w3 exchanged": lambda x, w1, w2, w3: reference.swiglu(x, w3, w2, w1),
        "no second branch": lambda x, w1, w2, _: reference.silu(x @ w1.T) @ w2.T,
        "added": lambda x, w1, w2, w3: (reference.silu(x @ w1.T) + x @ w3.T) @ w2.T,
    }
    first, *more = [(x, *matrices) for x in values]
    self_test(first, also=more, oracle=reference.swiglu, twin=twin, extra=wrong)
