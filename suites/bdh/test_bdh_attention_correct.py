"""BDH's attention: pairs turned by the position, query equal to key, the token itself not seen."""

from __future__ import annotations

import pytest
import torch
from hypothesis import example, given, settings
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
from . import workloads
from .workloads import RAW, SCALED

pytestmark = pytest.mark.bolt(operation="run_bdh_attention")
with_rope = pytest.mark.bolt(operation="run_bdh_rope")
both_scales = pytest.mark.parametrize("scaled", [False, True], ids=["raw", "scaled"])
THETA = 2.0**16
SHAPE = (2, 2, 19, 24)


def agrees(impl, tensors, *, scaled):
    """Attend and hold the result to the reference."""
    return verify(
        impl.run_bdh_attention,
        (*tensors, scaled),
        oracle=workloads.attention,
        oracle_args=tensors,
        kwargs={"scaled": scaled},
    )


def turns(impl, x, *, position=0, theta=THETA):
    """Rotate and hold the result to the reference."""
    kwargs = {"position": position, "theta": theta}
    return verify(
        impl.run_bdh_rope, (x, position, theta), oracle=workloads.rope, oracle_args=(x,), kwargs=kwargs
    )


@both_scales
def test_the_first_token_sees_nothing(impl, device, dtype, seed, scaled):
    tensors = workloads.activations("normal", SHAPE, seed=100 * seed + 1, device=device, dtype=dtype)
    attended = impl.run_bdh_attention(*tensors, scaled)
    assert not attended[:, :, 0].any()
    assert attended[:, :, 1:].any()


@with_rope
def test_position_zero_is_not_turned(impl, device, dtype, seed):
    x = inputs.normal(3, 24, seed=100 * seed + 2, device=device, dtype=dtype)
    assert torch.equal(impl.run_bdh_rope(x, 0, THETA)[0], x[0])


@pytest.mark.parametrize("distribution", workloads.DISTRIBUTIONS)
def test_agrees_on(impl, device, dtype, seed, distribution):
    place = {"device": device, "dtype": dtype, "seed": 100 * seed + 3}
    for scaled in (RAW, SCALED):
        agrees(impl, workloads.activations(distribution, SHAPE, **place), scaled=scaled)


@with_rope
@pytest.mark.parametrize("position", [0, 1, 500])
@pytest.mark.parametrize("distribution", ["normal", *inputs.MANDATORY, "strided"])
def test_rotation_agrees_on(impl, device, dtype, seed, distribution, position):
    x = inputs.DISTRIBUTIONS[distribution](21, 24, seed=100 * seed + 4, device=device, dtype=dtype)
    turns(impl, x, position=position)


@with_rope
@pytest.mark.parametrize("theta", [10.0, 10_000.0, 2.0**16])
@pytest.mark.parametrize("shape", [(1, 2), (7, 6), (2, 3, 5, 32), (0, 4)], ids=str)
def test_rotation_of_any_shape(impl, device, dtype, seed, shape, theta):
    turns(
        impl,
        workloads.matrices("normal", shape, seed=100 * seed + 5, device=device, dtype=dtype),
        theta=theta,
    )


@with_rope
def test_rotation_keeps_the_length_of_a_pair(impl, device, dtype, seed):
    x = inputs.blocks(40, 24, seed=100 * seed + 6, device=device, dtype=dtype)
    before, after = (
        y.double().unflatten(-1, (12, 2)).norm(dim=-1) for y in (x, impl.run_bdh_rope(x, 3, THETA))
    )
    assert bool(((before - after).abs() <= 2 * torch.finfo(dtype).eps * before + 1e-6).all())


@with_rope
@pytest.mark.bolt(operation="run_bdh_rope", dtypes=("float32", "float64"))
@pytest.mark.parametrize("shift", [1, 64])
def test_products_depend_on_the_distance_alone(impl, device, dtype, seed, shift):
    x, y = (inputs.normal(9, 24, seed=100 * seed + k, device=device, dtype=dtype) for k in (7, 8))
    here, there = (
        impl.run_bdh_rope(x, start, THETA).double() @ impl.run_bdh_rope(y, start, THETA).double().T
        for start in (0, shift)
    )
    unlike = impl.run_bdh_rope(x, shift, THETA).double() @ impl.run_bdh_rope(y, 0, THETA).double().T
    assert (here - there).abs().max() <= 1e-4
    assert (here - unlike).abs().max() > 1e-2


@both_scales
def test_scores_lie_below_the_diagonal(impl, device, dtype, seed, scaled):
    """Values that are the identity show the scores themselves."""
    x, _ = workloads.activations("normal", (1, 2, 12, 24), seed=100 * seed + 9, device=device, dtype=dtype)
    identity = torch.eye(12, device=device, dtype=dtype)[None]
    scores = impl.run_bdh_attention(x, identity, scaled)
    assert not scores.triu().any()
    check(
        scores,
        oracle=workloads.attention,
        args=(x, identity),
        kwargs={"scaled": scaled},
    )


@pytest.mark.parametrize(("neurons", "root"), [(4, 2), (64, 8)])
def test_scaling_divides_by_the_root_of_the_neurons(impl, device, dtype, seed, neurons, root):
    shape = (2, 2, 9, neurons)
    tensors = workloads.activations("blocks", shape, seed=100 * seed + 10, device=device, dtype=dtype)
    grown = impl.run_bdh_attention(*tensors, SCALED) * root
    check(
        grown,
        oracle=workloads.attention,
        args=tensors,
        kwargs={"scaled": False},
    )


def test_linear_in_the_values_and_square_in_the_activations(impl, device, dtype, seed):
    x, v = workloads.activations("blocks", SHAPE, seed=100 * seed + 11, device=device, dtype=dtype)
    kwargs = {"scaled": True}
    check(
        impl.run_bdh_attention(x, 4 * v, SCALED) / 4,
        oracle=workloads.attention,
        args=(x, v),
        kwargs=kwargs,
    )
    check(
        impl.run_bdh_attention(4 * x, v, SCALED) / 16,
        oracle=workloads.attention,
        args=(x, v),
        kwargs=kwargs,
    )


def test_negative_activations_are_as_good_as_any(impl, device, dtype, seed):
    x = workloads.matrices("blocks", SHAPE, seed=100 * seed + 12, device=device, dtype=dtype)
    v = workloads.matrices("normal", (2, 19, 5), seed=100 * seed + 13, device=device, dtype=dtype)
    agrees(impl, (x, v), scaled=False)


def test_later_tokens_are_not_seen(impl, device, dtype, seed):
    x, v = workloads.activations("blocks", SHAPE, seed=100 * seed + 14, device=device, dtype=dtype)
    later_x, later_v = workloads.activations(
        "blocks", SHAPE, seed=100 * seed + 15, device=device, dtype=dtype
    )
    seen = torch.arange(SHAPE[2], device=device).reshape(-1, 1) < 11
    mixed = torch.where(seen, x, later_x), torch.where(seen, v, later_v)
    output = impl.run_bdh_attention(*mixed, RAW)[:, :, :11].clone()
    first = x[:, :, :11], v[:, :11]
    check(
        output,
        oracle=workloads.attention,
        args=first,
        kwargs={"scaled": False},
    )


def test_the_token_itself_is_not_seen(impl, device, dtype, seed):
    x, v = workloads.activations("normal", SHAPE, seed=100 * seed + 16, device=device, dtype=dtype)
    changed = v.clone()
    changed[:, -1] += 7
    before, after = (impl.run_bdh_attention(x, each, RAW)[:, :, -1] for each in (v, changed))
    assert torch.equal(before, after)


def test_heads_and_samples_are_independent(impl, device, dtype, seed):
    x, v = workloads.activations("blocks", (3, 4, 9, 16), seed=100 * seed + 17, device=device, dtype=dtype)
    output = impl.run_bdh_attention(x.flip(1).roll(1, 0), v.roll(1, 0), RAW).flip(1).roll(-1, 0).contiguous()
    check(
        output,
        oracle=workloads.attention,
        args=(x, v),
        kwargs={"scaled": False},
    )


@settings(max_examples=8, deadline=None, print_blob=True)
@given(
    sizes=st.tuples(st.integers(1, 3), st.integers(1, 3), st.integers(0, 20), st.integers(1, 20)),
    drawn=st.integers(0, 2**16),
    scaled=st.booleans(),
)
@example(sizes=(1, 1, 1, 1), drawn=0, scaled=True)
def test_any_shape(impl, device, dtype, sizes, drawn, scaled):
    shape = (*sizes[:3], 2 * sizes[3])
    agrees(
        impl, workloads.activations("normal", shape, seed=drawn, device=device, dtype=dtype), scaled=scaled
    )


@both_scales
def test_gradients(impl, device, dtype, seed, scaled):
    tensors = workloads.activations("blocks", (2, 2, 9, 16), seed=100 * seed + 18, device=device, dtype=dtype)
    verify_gradients(
        impl.run_bdh_attention,
        (*tensors, scaled),
        oracle=workloads.attention,
        oracle_args=tensors,
        kwargs={"scaled": scaled},
        seed=100 * seed + 19,
    )


def test_three_runs_are_bit_equal(impl, device, dtype, seed):
    tensors = workloads.activations("blocks", SHAPE, seed=100 * seed + 20, device=device, dtype=dtype)
    repeated(impl.run_bdh_attention, (*tensors, SCALED))


def test_stays_inside_its_memory(impl, device, dtype, seed):
    tensors = workloads.activations("blocks", SHAPE, seed=100 * seed + 21, device=device, dtype=dtype)
    with red_zones():
        agrees(impl, tuple(fenced(each) for each in tensors), scaled=True)


@both_scales
def test_the_gate_can_fail(device, dtype, scaled):
    drawn = [workloads.activations(name, SHAPE, device=device, dtype=dtype) for name in inputs.MANDATORY]

    def self_seen(x, values, *, scaled):
        own = x.square().sum(-1, keepdim=True) * values.unsqueeze(-3)
        return workloads.attention(x, values, scaled=scaled) + own

    def unturned(x, values, *, scaled):
        scores = (x @ x.mT).tril(-1) * (x.shape[-1] ** -0.5 if scaled else 1)
        return scores @ values.unsqueeze(-3)

    def other_scale(x, values, *, scaled):
        return workloads.attention(x, values, scaled=not scaled)

    wrong = {fn.__name__: fn for fn in (self_seen, unturned, other_scale)}
    kwargs = {"scaled": scaled}
    self_test(drawn[0], also=drawn[1:], oracle=workloads.attention, kwargs=kwargs, extra=wrong)


def test_the_reference_is_the_formula_written_out(device):
    """The oracle itself, once, against a loop over pairs of tokens."""
    x, v = workloads.activations("normal", (1, 1, 5, 4), device=device, dtype=torch.float64)
    turned = torch.stack([workloads.rope(x[0, 0, t][None], position=t, theta=THETA)[0] for t in range(5)])
    wanted = [sum(((turned[t] @ turned[s]) * v[0, s] for s in range(t)), 0 * v[0, 0]) for t in range(5)]
    found = reference.linear_attention(x, v, reference.rotation_tables(5, 4, like=x), scaled=False)
    assert torch.allclose(found[0, 0], torch.stack(wanted), rtol=1e-12, atol=1e-12)
