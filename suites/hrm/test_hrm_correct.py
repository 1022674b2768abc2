"""The hierarchical loop: which steps run, in which order, and which of them have a gradient."""

from __future__ import annotations

import pytest
import torch

from pytest_bolt.correctness import check, inputs, verify, verify_gradients

from .. import reference
from ..bdh import workloads
from ..bdh.workloads import RAW, SCALED

pytestmark = pytest.mark.bolt(operation="run_hrm_loop", dtypes=("float32",))
with_bdh = pytest.mark.bolt(operation="run_bdh_hrm", dtypes=("float32",))
CYCLES = ((1, 1), (1, 3), (2, 1), (3, 2), (2, 4))
each_cycles = pytest.mark.parametrize("cycles", CYCLES, ids="h{0[0]}l{0[1]}".format)


class Steps:
    """A low and a high step that differ, and note their calls: name, whether in a graph, and arguments."""

    def __init__(self):
        self.calls = []

    def low(self, z, injection):
        """Return a state that both arguments bear on."""
        self.calls.append(("low", torch.is_grad_enabled(), z.detach().clone(), injection.detach().clone()))
        return torch.tanh(0.5 * z + injection)

    def high(self, z, injection):
        """Return another."""
        self.calls.append(("high", torch.is_grad_enabled(), z.detach().clone(), injection.detach().clone()))
        return torch.sin(0.75 * z - 0.5 * injection)


def states(seed, device, dtype):
    """Return the low state, the high state and the input of a loop."""
    return tuple(inputs.normal(5, 7, seed=10 * seed + n, device=device, dtype=dtype) for n in range(3))


def plain_loop(z_low, z_high, x, *, cycles):
    """Return the reference's states."""
    steps = Steps()
    h, l = cycles  # noqa: E741 - as the paper calls them
    return reference.hrm_loop(steps.low, steps.high, z_low, z_high, x, h_cycles=h, l_cycles=l)


def run(impl, cycles, *, steps=None):
    """Return the implementation's loop as a function of the three tensors."""
    seen = steps or Steps()
    return lambda z_low, z_high, x: impl.run_hrm_loop(seen.low, seen.high, z_low, z_high, x, *cycles)


def order(cycles):
    """Return the names of the steps in the order of the paper."""
    h_cycles, l_cycles = cycles
    return (["low"] * l_cycles + ["high"]) * h_cycles


@each_cycles
def test_the_order_of_steps(impl, device, dtype, seed, cycles):
    steps = Steps()
    run(impl, cycles, steps=steps)(*states(100 * seed + 1, device, dtype))
    assert [call[0] for call in steps.calls] == order(cycles)


def test_three_cycles_of_two_are_nine_calls(impl, device, dtype, seed):
    steps = Steps()
    run(impl, (3, 2), steps=steps)(*states(100 * seed + 2, device, dtype))
    assert len(steps.calls) == 9


@each_cycles
def test_only_the_last_step_of_each_is_in_the_graph(impl, device, dtype, seed, cycles):
    steps = Steps()
    run(impl, cycles, steps=steps)(*states(100 * seed + 3, device, dtype))
    assert [call[1] for call in steps.calls] == [False] * (len(steps.calls) - 2) + [True, True]


@each_cycles
def test_agrees(impl, device, dtype, seed, cycles):
    given = states(100 * seed + 4, device, dtype)
    verify(run(impl, cycles), given, oracle=plain_loop, kwargs={"cycles": cycles})


@pytest.mark.bolt(dtypes=("float64", "bfloat16"))
def test_the_dtype_of_the_states_stays(impl, device, dtype, seed):
    given = states(100 * seed + 5, device, dtype)
    verify(run(impl, (3, 2)), given, oracle=plain_loop, kwargs={"cycles": (3, 2)})


def test_what_each_step_is_given(impl, device, dtype, seed):
    """A low step: its state, and the high state plus the input; a high step: its state and the low one."""
    z_low, z_high, x = states(100 * seed + 6, device, dtype)
    steps = Steps()
    run(impl, (3, 2), steps=steps)(z_low, z_high, x)
    for name, _, z, injection in steps.calls:
        assert torch.equal(z, z_low if name == "low" else z_high)
        assert torch.allclose(injection, z_high + x if name == "low" else z_low, rtol=1e-6, atol=1e-6)
        if name == "low":
            z_low = torch.tanh(0.5 * z + injection)
        else:
            z_high = torch.sin(0.75 * z - 0.5 * injection)


@each_cycles
def test_gradients(impl, device, dtype, seed, cycles):
    given = states(100 * seed + 7, device, dtype)
    verify_gradients(
        run(impl, cycles), given, oracle=plain_loop, kwargs={"cycles": cycles}, seed=100 * seed + 8
    )


@pytest.mark.parametrize(
    ("cycles", "reached"),
    [((3, 2), ["x"]), ((2, 1), ["x"]), ((1, 2), ["z_high", "x"]), ((1, 1), ["z_low", "z_high", "x"])],
    ids=["h3l2", "h2l1", "h1l2", "h1l1"],
)
def test_which_inputs_a_gradient_reaches(impl, device, dtype, seed, cycles, reached):
    given = [each.requires_grad_() for each in states(100 * seed + 9, device, dtype)]
    _, z_high = run(impl, cycles)(*given)
    z_high.sum().backward()
    names = ("z_low", "z_high", "x")
    assert [name for name, each in zip(names, given, strict=True) if each.grad is not None] == reached


def test_gradient_mode_is_left_as_it_was(impl, device, dtype, seed):
    given = states(100 * seed + 10, device, dtype)
    run(impl, (2, 2))(*given)
    assert torch.is_grad_enabled()
    steps = Steps()
    with torch.no_grad():
        run(impl, (2, 2), steps=steps)(*given)
        assert not torch.is_grad_enabled()
    assert not any(call[1] for call in steps.calls)


@pytest.mark.parametrize("cycles", [(0, 1), (1, 0), (-1, 2)], ids=str)
def test_too_few_cycles_are_refused(impl, device, dtype, seed, cycles):
    with pytest.raises(ValueError, match="1"):
        run(impl, cycles)(*states(seed, device, dtype))


def hrm_weights(distribution, seed, *, spread=None, **place):
    """Return the weights of BDH-HRM."""
    outer = workloads.model_weights(distribution, seed=4 * seed, spread=spread, **place)
    blocks = {
        name: workloads.block_weights(distribution, seed=4 * seed + n, spread=spread, **place)
        for n, name in enumerate(("low", "high"), 1)
    }
    drawn = workloads.matrices("normal", (2, workloads.WIDTH), seed=4 * seed + 3, **place)
    first = dict(zip(("initial_low", "initial_high"), (each.clone() for each in drawn), strict=True))
    return {"embedding": outer["embedding"], "head": outer["head"], **first, **blocks}


def model_agrees(impl, weights, tokens, cycles, *, scaled):
    """Run BDH-HRM and hold its logits to the reference."""
    kwargs = {"h_cycles": cycles[0], "l_cycles": cycles[1], "scaled": scaled}
    return verify(
        impl.run_bdh_hrm,
        (weights, tokens, *cycles, scaled),
        oracle=reference.bdh_hrm,
        oracle_args=(weights, tokens),
        kwargs=kwargs,
    )


@with_bdh
@pytest.mark.bolt(dtypes=("float32", "float64"))
@pytest.mark.parametrize("cycles", [(1, 1), (2, 1), (3, 2)], ids="h{0[0]}l{0[1]}".format)
def test_bdh_inside_agrees(impl, device, dtype, seed, cycles):
    tokens = workloads.some_tokens(2, 8, seed=100 * seed + 11, device=device)
    weights = hrm_weights("normal", 100 * seed + 12, device=device, dtype=dtype)
    model_agrees(impl, weights, tokens, cycles, scaled=RAW)


@with_bdh
@pytest.mark.parametrize("distribution", inputs.MANDATORY)
def test_bdh_inside_agrees_on(impl, device, dtype, seed, distribution):
    tokens = workloads.some_tokens(2, 8, seed=100 * seed + 13, device=device)
    weights = hrm_weights(distribution, 100 * seed + 14, device=device, dtype=dtype)
    model_agrees(impl, weights, tokens, (2, 2), scaled=SCALED)


@with_bdh
@pytest.mark.parametrize("scaled", [RAW, SCALED], ids=["raw", "scaled"])
def test_bdh_inside_with_the_small_weights_of_a_new_model(impl, device, dtype, seed, scaled):
    tokens = workloads.some_tokens(1, 9, seed=100 * seed + 15, device=device)
    weights = hrm_weights("normal", 100 * seed + 16, spread=0.02, device=device, dtype=dtype)
    model_agrees(impl, weights, tokens, (3, 2), scaled=scaled)


@with_bdh
def test_bdh_inside_sees_no_later_token(impl, device, dtype, seed):
    weights = hrm_weights("normal", 100 * seed + 17, device=device, dtype=dtype)
    tokens = workloads.some_tokens(2, 9, seed=100 * seed + 18, device=device)
    changed = tokens.clone()
    changed[:, 5:] = (tokens[:, 5:] + 3) % workloads.VOCABULARY
    output = impl.run_bdh_hrm(weights, changed, 2, 2, SCALED)[:, :5].clone()
    kwargs = {"h_cycles": 2, "l_cycles": 2, "scaled": SCALED}
    check(output, oracle=reference.bdh_hrm, args=(weights, tokens[:, :5]), kwargs=kwargs)


@with_bdh
@pytest.mark.parametrize("cycles", [(1, 1), (1, 2), (3, 2)], ids="h{0[0]}l{0[1]}".format)
def test_gradients_with_bdh_inside(impl, device, dtype, seed, cycles):
    weights = hrm_weights("normal", 100 * seed + 19, device=device, dtype=dtype)
    tokens = workloads.some_tokens(2, 7, seed=100 * seed + 20, device=device)
    verify_gradients(
        impl.run_bdh_hrm,
        (weights, tokens, *cycles, SCALED),
        oracle=reference.bdh_hrm,
        oracle_args=(weights, tokens),
        kwargs={"h_cycles": cycles[0], "l_cycles": cycles[1], "scaled": SCALED},
        seed=100 * seed + 21,
        by_row=False,
    )
