from __future__ import annotations

import pytest
import torch

from pytest_bolt.correctness import Incorrect, Misbehaved, inputs, verify_gradients


def product(x, weight):
    return (x * weight).square()


class WrongBackward(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, weight):
        ctx.save_for_backward(x, weight)
        return (x * weight).square()

    @staticmethod
    def backward(ctx, upstream):
        x, weight = ctx.saved_tensors
        shared = 2 * x * weight * upstream
        return shared * weight, (shared * x)[:1].sum(0)  # the first row only


@pytest.fixture
def args():
    return inputs.normal(5, 7, seed=1), inputs.normal(1, 7, seed=2)[0]


def test_right_gradients_agree(args):
    assert verify_gradients(product, args, oracle=product).ok


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_any_dtype(args, dtype):
    assert verify_gradients(product, [each.to(dtype) for each in args], oracle=product).ok


def test_one_wrong_gradient_is_named(args):
    with pytest.raises(Incorrect, match=r"output 1 float32\[7\]") as caught:
        verify_gradients(WrongBackward.apply, args, oracle=product)
    assert caught.value.__notes__ == [
        "gradients of apply(float32[5, 7], float32[7]) for float32[5, 7], float32[7]"
    ]


def test_a_gradient_that_is_cut_off(args):
    with pytest.raises(Incorrect, match=r"no gradient reaches input \[7\]"):
        verify_gradients(lambda x, weight: product(x, weight.detach()), args, oracle=product)
    with pytest.raises(Incorrect, match=r"no gradient reaches input \[5, 7\], \[7\]"):
        verify_gradients(lambda x, weight: product(x, weight).detach(), args, oracle=product)


def test_inputs_that_take_no_part_have_no_gradient(args):
    assert verify_gradients(lambda x, weight: x + 0, args, oracle=lambda x, weight: x * 1).ok


def test_another_order_of_arguments_and_nesting(args):
    x, weight = args
    found = verify_gradients(
        lambda weights, width, x: product(x, weights["w"]) * width,
        ({"w": weight}, 3, x),
        oracle=lambda x, weight, *, width: product(x, weight) * width,
        oracle_args=(x, weight),
        kwargs={"width": 3},
    )
    assert found.ok


def test_an_input_that_changes_is_found(args):
    def changes(x, weight):
        result = product(x, weight)
        with torch.no_grad():
            x += 1
        return result

    with pytest.raises(Misbehaved, match="changed its own input"):
        verify_gradients(changes, args, oracle=product)


class NoisySmallRow(torch.autograd.Function):
    """A gradient whose small second row is off by a last digit of the others."""

    @staticmethod
    def forward(ctx, x, scale):
        ctx.save_for_backward(scale)
        return x * scale

    @staticmethod
    def backward(ctx, upstream):
        (scale,) = ctx.saved_tensors
        return upstream * scale + 1e-7 * (scale < 1), None


def test_a_gradient_may_be_judged_as_a_whole():
    x, scale = inputs.normal(3, 7, seed=1), torch.tensor([[1.0], [1e-6], [1.0]])

    def noisy(x):
        return NoisySmallRow.apply(x, scale)

    def wanted(x):
        return x * scale

    with pytest.raises(Incorrect):
        verify_gradients(noisy, (x,), oracle=wanted)
    verify_gradients(noisy, (x,), oracle=wanted, by_row=False)
    with pytest.raises(Incorrect):
        verify_gradients(lambda x: 2 * wanted(x), (x,), oracle=wanted, by_row=False)
