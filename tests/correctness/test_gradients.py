from __future__ import annotations

import pytest
import torch
from torch import nn

from pytest_bolt.correctness import Incorrect, backward, inputs, verify_gradients


def product(x, weight):
    return x @ weight.T


def verified(fn, dtype=torch.float32):
    x, weight = inputs.normal(4, 8, dtype=dtype), inputs.normal(3, 8, dtype=dtype, seed=1)
    return verify_gradients(fn, (x, weight), oracle=product)


def test_right_gradients_are_accepted():
    assert verified(product).ok


@pytest.mark.parametrize(
    "fn",
    [
        lambda x, weight: (2 * x - x.detach()) @ weight.T,
        lambda x, weight: x @ (2 * weight - weight.detach()).T,
    ],
    ids=["input", "weight"],
)
def test_a_wrong_gradient_is_rejected(fn):
    with pytest.raises(Incorrect, match="disagrees"):
        verified(fn)


def test_a_missing_gradient_names_the_input():
    with pytest.raises(Incorrect, match=r"no gradient reaches input \[3, 8\]$"):
        verified(lambda x, weight: x @ weight.detach().T)


def test_no_graph_at_all_names_every_input():
    with pytest.raises(Incorrect, match=r"no gradient reaches input \[4, 8\], \[3, 8\]$"):
        verified(lambda x, weight: (x @ weight.T).detach())


def loaded(weight, dtype=torch.float32):
    module = nn.Linear(weight.shape[1], weight.shape[0], bias=False, dtype=dtype)
    module.load_state_dict({"weight": weight})
    return module


def test_a_module_that_copies_its_weight_is_accepted():
    assert verified(lambda x, weight: loaded(weight)(x)).ok


def test_the_copy_may_be_of_a_wider_dtype():
    def in_float32(x, weight):
        return loaded(weight)(x.float()).to(x.dtype)

    assert verified(in_float32, torch.bfloat16).ok


def test_the_gradient_of_a_copy_is_judged_too():
    with pytest.raises(Incorrect, match="disagrees"):
        verified(lambda x, weight: x @ (2 * (own := loaded(weight).weight) - own.detach()).T)


def test_a_parameter_of_other_values_stands_for_nothing():
    with pytest.raises(Incorrect, match="no gradient reaches"):
        verified(lambda x, weight: loaded(2 * weight)(x) / 2)


def test_one_step_back_gives_the_gradient_of_the_first_argument():
    x, weight, upstream = inputs.normal(4, 8), inputs.normal(3, 8, seed=1), inputs.normal(4, 3, seed=2)
    assert torch.allclose(backward(product)(x, weight, upstream), upstream @ weight)
    assert backward(lambda x, weight: x.detach() @ weight.T)(x, weight, upstream) is None
    assert not x.requires_grad
