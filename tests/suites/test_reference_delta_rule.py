from __future__ import annotations

import math

import pytest
import torch

import reference
from reference.adapters import manual
from suites.gated_delta import decode_args, draw, prefill_args, with_state

HALF_KEPT = math.log(
    math.e ** math.log(2.0) - 1
)  # softplus of it is ln 2: with A_log = 0 half the state is kept


def one(value):
    return torch.tensor([value])


def gates(decay, beta):
    """Gates `A_log, a, dt_bias, b` of one head, their tokens `[1, 1, 1]`."""
    a, b = (torch.full((1, 1, 1), each) for each in (decay, beta))
    return one(0.0), a, one(0.0), b


def test_a_step_by_hand():
    q, k, v = (torch.tensor([[[each]]]) for each in ([2.0, 1.0], [1.0, 0.0], [5.0, 7.0]))
    state = torch.tensor([[[[4.0, 2.0], [0.0, 6.0]]]])
    of_gates = gates(HALF_KEPT, 0.0)
    output, after = reference.gated_delta_decode(q, k, v, state, *of_gates, 1.0)
    # Half the state is [[2, 1], [0, 3]], of which the key reads [2, 0]; half the errors [3, 7] is written.
    assert torch.allclose(after[0, 0], torch.tensor([[3.5, 1.0], [3.5, 3.0]]))
    assert torch.allclose(output[0, 0, 0], torch.tensor([8.0, 10.0]))


def test_the_gates_by_hand():
    log_decay, beta = reference.gated_delta_gates(one(math.log(3.0)), one(0.0), one(0.0), one(math.log(3.0)))
    assert log_decay.item() == pytest.approx(-3 * math.log(2.0))
    assert beta.item() == pytest.approx(0.75)


@pytest.mark.parametrize("scale", [None, 0, 0.0])
def test_the_usual_scale(scale):
    args = decode_args(1, scale=scale)
    usual = reference.gated_delta_decode(*args[:-1], 0.25)
    assert all(torch.equal(*both) for both in zip(reference.gated_delta_decode(*args), usual, strict=True))


def test_no_state_is_zeros():
    args = prefill_args((3, 0, 2))
    fresh = reference.gated_delta_prefill(*with_state(args, None))
    zeros = reference.gated_delta_prefill(*with_state(args, torch.zeros_like(args[3])))
    assert all(torch.equal(*both) for both in zip(fresh, zeros, strict=True))


def test_a_prefill_is_its_steps():
    args = [
        each.double() if torch.is_tensor(each) and each.is_floating_point() else each
        for each in prefill_args((9,))
    ]
    q, k, v, state, rates, a, dt_bias, b, _, scale = args
    output, after = reference.gated_delta_prefill(*args)
    for token in range(9):
        now = [each[token][None, None] for each in (q, k, v, a, b)]
        read, state = reference.gated_delta_decode(*now[:3], state, rates, now[3], dt_bias, now[4], scale)
        assert torch.allclose(read[0, 0], output[token], rtol=0, atol=1e-14)
    assert torch.allclose(after, state, rtol=0, atol=1e-14)


@pytest.mark.parametrize("size", [1, 2, 7, 64])
@pytest.mark.parametrize("kind", ["published", "long", "varied"])
def test_chunks_are_the_recurrence(size, kind):
    args = prefill_args((33, 0, 5), gates=kind, values="blocks")
    wide = [each.double() if torch.is_tensor(each) and each.is_floating_point() else each for each in args]
    chunks = reference.gated_delta_prefill(*wide, form=reference.chunked(size))
    for own, right in zip(chunks, reference.gated_delta_prefill(*wide), strict=True):
        assert torch.allclose(own, right, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("form", [reference.chunked(4), None], ids=["chunks", "recurrence"])
def test_gradients_are_those_of_finite_differences(form):
    args = prefill_args((6, 0, 1), query_heads=1, value_heads=2, width=2, gates="varied")
    leaves = [each.double().requires_grad_() for each in args[:8]]
    chosen = {} if form is None else {"form": form}

    def prefill(*given):
        return reference.gated_delta_prefill(*given, *args[8:], **chosen)

    assert torch.autograd.gradcheck(prefill, leaves)


@pytest.mark.parametrize("form", [reference.chunked(64), None], ids=["chunks", "recurrence"])
def test_gradients_where_all_is_forgotten(form):
    args = prefill_args((40,))
    args[5].fill_(60.0)
    q = args[0].clone().requires_grad_()
    chosen = {} if form is None else {"form": form}
    output, _ = reference.gated_delta_prefill(q, *args[1:], **chosen)
    output.sum().backward()
    assert bool(q.grad.isfinite().all())


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16], ids=str)
def test_dtypes_that_come_out(dtype):
    wide = torch.float64 if dtype == torch.float64 else torch.float32
    decoded = reference.gated_delta_decode(*decode_args(2, dtype=dtype))
    chunked = reference.gated_delta_prefill(*prefill_args((2, 3), dtype=dtype), form=reference.chunked(2))
    for output, after in (decoded, chunked, manual.run_gdn_prefill(*prefill_args((2, 3), dtype=dtype))):
        assert (output.dtype, after.dtype) == (dtype, wide)


@pytest.mark.parametrize(
    ("bounds", "message"),
    [
        ([0, 2], r"cu_seqlens has to rise from 0 to the number of tokens, 3, and is \[0, 2\]"),
        ([1, 3], r"and is \[1, 3\]"),
        ([0, 2, 1, 3], r"and is \[0, 2, 1, 3\]"),
        ([], r"and is \[\]"),
    ],
)
def test_bounds_that_cannot_be(bounds, message):
    args = prefill_args((3,))
    with pytest.raises(ValueError, match=message):
        reference.gated_delta_prefill(*args[:8], torch.tensor(bounds, dtype=torch.int64), None)


def test_arguments_that_cannot_be():
    args = decode_args(1, query_heads=2, value_heads=4)
    with pytest.raises(ValueError, match="4 value heads are no multiple of 3 query heads"):
        reference.gated_delta_decode(*(each[:, :, :1].repeat(1, 1, 3, 1) for each in args[:2]), *args[2:])
    with pytest.raises(ValueError, match="decoding takes one token a sequence, not 2"):
        reference.gated_delta_decode(*(each.repeat(1, 2, 1, 1) for each in args[:3]), *args[3:])


def test_drawn_keys_have_norm_one_and_queries_a_part_along_them():
    q, k, *_ = draw(50, 1)
    assert torch.allclose(k.norm(dim=-1), torch.ones(50, 2))
    assert ((q * k).sum(-1).abs() >= q.norm(dim=-1) / 4).all()


def test_drawn_states_stay_bounded():
    args = prefill_args((300,), gates="long", width=8)
    assert reference.gated_delta_prefill(*args)[1].abs().max() < 20
