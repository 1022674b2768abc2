from __future__ import annotations

import itertools

import pytest
import torch

import reference
from pytest_bolt.correctness import Incorrect, Misbehaved, inputs, repeated, unmutated, verify


def in_place(x, dim):
    x -= x.amax(dim, keepdim=True)
    return torch.softmax(x, dim)


def test_returns_what_the_function_returns():
    x = inputs.normal(2, 3)
    assert torch.equal(unmutated(torch.softmax, (x, -1)), torch.softmax(x, -1))
    assert torch.equal(unmutated(torch.softmax, (x,), {"dim": 0}), torch.softmax(x, 0))


def test_a_changed_input_is_named():
    with pytest.raises(Misbehaved) as caught:
        unmutated(in_place, (inputs.normal(2, 3), -1))
    assert str(caught.value) == "in_place changed its own input: tensor 0 float32[2, 3] (counted from 0)"


def test_a_write_beside_a_view_counts():
    wide = torch.zeros(4, 6)

    def spills(view):
        wide[0, 5] = 1.0
        return view + 1

    with pytest.raises(Misbehaved, match="spills changed its own input"):
        unmutated(spills, (wide[:, :3],))


def test_nested_and_keyword_inputs_are_watched():
    def clears(*, weights):
        weights["w"].zero_()

    with pytest.raises(Misbehaved, match="clears changed"):
        unmutated(clears, (), {"weights": {"w": torch.ones(2)}})


def test_a_changed_shape_counts():
    with pytest.raises(Misbehaved):
        unmutated(lambda x: x.resize_(4), (torch.ones(2, 2),))


def test_a_mutated_input_does_not_make_a_wrong_answer_right():
    def doubles_its_input(x, dim):
        x.mul_(2)
        return torch.softmax(x, dim)

    with pytest.raises(Misbehaved):
        verify(doubles_its_input, (inputs.normal(3, 40), -1), oracle=reference.softmax)


def test_verify_rejects_and_accepts():
    x = inputs.normal(3, 40)
    assert verify(torch.softmax, (x, -1), oracle=reference.softmax).ok
    with pytest.raises(Incorrect, match="exceeded"):
        verify(torch.log_softmax, (x, -1), oracle=reference.softmax)


def test_verify_takes_the_oracle_arguments_in_another_order():
    x, w = inputs.normal(3, 40), torch.ones(40)
    rms = lambda w, x: reference.rms_norm(x, w, eps=0.5)  # noqa: E731 - one line says it
    assert verify(rms, (w, x), oracle=reference.rms_norm, oracle_args=(x, w), kwargs={"eps": 0.5}).ok
    with pytest.raises(Incorrect):
        verify(rms, (w, x), oracle=reference.rms_norm, oracle_args=(x, w), kwargs={"eps": 0.25})


def test_repeated_accepts_what_repeats_itself():
    x = inputs.nonfinite(5, 40)
    assert repeated(torch.softmax, (x, -1)).shape == x.shape
    assert repeated(lambda x: (x.sum(), x.to(torch.bfloat16), "text"), (x,))[2] == "text"


def test_repeated_names_the_run_that_differs():
    calls = itertools.count()

    def drifts(x):
        return x + (1e-7 if next(calls) == 2 else 0)

    with pytest.raises(Misbehaved) as caught:
        repeated(drifts, (torch.ones(3),))
    assert str(caught.value) == "drifts is not deterministic: run 3 of 3 differs from the first"


@pytest.mark.parametrize(
    "give", [lambda x: x, lambda x: x[1:], lambda x: (x + 1, x.t())], ids=["same", "part", "second"]
)
def test_memory_of_an_input_is_no_output(give):
    with pytest.raises(Misbehaved, match=r"returned the memory of its own input: output \d is tensor 0"):
        unmutated(give, (inputs.normal(2, 3),))


def test_an_empty_output_shares_nothing():
    assert unmutated(lambda x: x[:0], (inputs.normal(2, 3),)).shape == (0, 3)


def test_what_a_function_raises_names_the_call():
    def fails(x, dim, *, scale):
        raise ValueError("no")

    with pytest.raises(ValueError, match="no") as caught:
        unmutated(fails, (inputs.normal(2, 3).t(), -1), {"scale": [1.0] * 6})
    assert caught.value.__notes__ == [
        "raised by fails(float32[3, 2] with strides [1, 3], -1, scale=[1.0, 1.0, 1.0, 1.0, 2 more])"
    ]


def test_a_rejected_output_names_the_call():
    with pytest.raises(Incorrect) as caught:
        verify(lambda x, dim: x + 1, (inputs.normal(2, 3), -1), oracle=reference.softmax)
    assert caught.value.__notes__ == ["returned by <lambda>(float32[2, 3], -1)"]
