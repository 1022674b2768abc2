"""AdamW: its steps are those of the formula, for every parameter by its own count and settings."""

from __future__ import annotations

import inspect

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_bolt.correctness import inputs, self_test

from .. import reference
from .stepping import (
    SETTINGS,
    agrees,
    give,
    gradients_of,
    new_optimizer,
    parameters_like,
    take_steps,
    tensors,
    values_of,
    version_of,
)

pytestmark = [
    pytest.mark.bolt(operation="get_adamw_cls", dtypes=("float32",)),
    pytest.mark.filterwarnings("ignore"),
]
SHAPES = ((5, 7), (11,), (2, 3, 4), (), (1, 1))


def run(impl, values, gradients, chosen=SETTINGS, rates=None):
    """Take steps from `values`, hold the result to the reference, and return parameters and optimizer."""
    parameters = parameters_like(values)
    optimizer = new_optimizer(impl, parameters, chosen)
    take_steps(optimizer, parameters, gradients, rates)
    wanted = chosen if rates is None else {**chosen, "lr": rates}
    agrees(values_of(parameters), values, gradients, wanted, version_of(impl))
    return parameters, optimizer


def test_is_one_of_the_written_down_versions(impl):
    version_of(impl)


def test_is_an_optimizer(impl, device, dtype):
    cls = impl.get_adamw_cls()
    assert inspect.isclass(cls)
    assert issubclass(cls, torch.optim.Optimizer)
    values = tensors(SHAPES, seed=0, device=device, dtype=dtype)
    optimizer = new_optimizer(impl, (each for each in parameters_like(values)), SETTINGS)
    assert len(optimizer.param_groups[0]["params"]) == len(SHAPES)
    assert optimizer.param_groups[0]["lr"] == SETTINGS["lr"]


@pytest.mark.parametrize("steps", [1, 2, 3, 25])
def test_after_steps(impl, device, dtype, seed, steps):
    place = {"device": device, "dtype": dtype}
    values = tensors(SHAPES, seed=100 * seed + 1, **place)
    run(impl, values, gradients_of(SHAPES, steps, seed=100 * seed + 2, **place))


@pytest.mark.parametrize(
    "changed",
    [
        {"lr": 0.3},
        {"weight_decay": 0.0},
        {"weight_decay": 1.5},
        {"betas": (0.0, 0.9)},
        {"betas": (0.5, 0.5)},
        {"betas": (0.99, 0.3)},
        {"eps": 0.5},
        {"eps": 1e-8},
        {"lr": 0.0},
    ],
    ids=lambda changed: "-".join(f"{name}={value}" for name, value in changed.items()),
)
def test_settings_are_obeyed(impl, device, dtype, seed, changed):
    """A tensor of one number starts where no step brings it to zero: little would be known of it there."""
    place = {"device": device, "dtype": dtype}
    drawn = tensors(SHAPES, seed=100 * seed + 3, **place)
    values = [value + 3 * value.sign() if value.numel() == 1 else value for value in drawn]
    run(impl, values, gradients_of(SHAPES, 4, seed=100 * seed + 4, **place), {**SETTINGS, **changed})


@pytest.mark.parametrize("distribution", ["row_scale", "spike", *inputs.MANDATORY])
def test_gradients_of(impl, device, dtype, seed, distribution):
    place = {"device": device, "dtype": dtype}
    values = tensors(((4, 130),), seed=100 * seed + 5, **place)
    gradients = gradients_of(((4, 130),), 5, seed=100 * seed + 6, distribution=distribution, **place)
    run(impl, values, gradients)


@pytest.mark.parametrize("scale", [1e-6, 1e-3, 1e3])
def test_gradients_of_scale(impl, device, dtype, seed, scale):
    place = {"device": device, "dtype": dtype}
    values = tensors(SHAPES, seed=100 * seed + 7, **place)
    rows = gradients_of(SHAPES, 4, seed=100 * seed + 8, **place)
    run(impl, values, [[scale * each for each in row] for row in rows], {**SETTINGS, "eps": 1e-5})


def test_a_schedule_may_change_the_learning_rate(impl, device, dtype, seed):
    place = {"device": device, "dtype": dtype}
    values = tensors(SHAPES, seed=100 * seed + 9, **place)
    gradients = gradients_of(SHAPES, 6, seed=100 * seed + 10, **place)
    run(impl, values, gradients, rates=[0.0, 0.1, 0.3, 0.02, 0.001, 0.2])


def test_a_scheduler_of_the_framework_may_change_the_learning_rate(impl, device, dtype, seed):
    place = {"device": device, "dtype": dtype}
    values, (row,) = tensors(SHAPES, seed=100 * seed + 11, **place), gradients_of(SHAPES, 1, seed=5, **place)
    parameters = parameters_like(values)
    optimizer = new_optimizer(impl, parameters, SETTINGS)
    scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1 / (step + 1))
    for _ in range(4):
        give(parameters, row)
        optimizer.step()
        scheduler.step()
    rates = [SETTINGS["lr"] / (step + 1) for step in range(4)]
    wanted = {**SETTINGS, "lr": rates}
    agrees(values_of(parameters), values, [row] * 4, wanted, version_of(impl))


def test_groups_have_settings_of_their_own(impl, device, dtype, seed):
    place = {"device": device, "dtype": dtype}
    values = tensors(SHAPES, seed=100 * seed + 12, **place)
    gradients = gradients_of(SHAPES, 5, seed=100 * seed + 13, **place)
    parameters = parameters_like(values)
    second = {"lr": 0.2, "weight_decay": 0.0, "betas": (0.5, 0.8), "eps": 0.1}
    groups = [{"params": parameters[:2]}, {"params": parameters[2:], **second}]
    take_steps(new_optimizer(impl, groups, SETTINGS), parameters, gradients)
    agrees(values_of(parameters), values, gradients, [SETTINGS] * 2 + [second] * 3, version_of(impl))


def test_a_group_may_be_added_later(impl, device, dtype, seed):
    place = {"device": device, "dtype": dtype}
    values = tensors(SHAPES, seed=100 * seed + 14, **place)
    gradients = gradients_of(SHAPES, 5, seed=100 * seed + 15, **place)
    parameters = parameters_like(values)
    optimizer = new_optimizer(impl, parameters[:3], SETTINGS)
    late = [[*row[:3], None, None] for row in gradients[:2]] + gradients[2:]
    take_steps(optimizer, parameters, late[:2])
    optimizer.add_param_group({"params": parameters[3:], "lr": 0.3})
    take_steps(optimizer, parameters, late[2:])
    groups = [SETTINGS] * 3 + [{**SETTINGS, "lr": 0.3}] * 2
    agrees(values_of(parameters), values, late, groups, version_of(impl))


def test_each_parameter_counts_its_own_steps(impl, device, dtype, seed):
    place = {"device": device, "dtype": dtype}
    values = tensors(SHAPES, seed=100 * seed + 16, **place)
    gradients = gradients_of(SHAPES, 6, seed=100 * seed + 17, **place)
    for step, row in enumerate(gradients):
        row[1] = None if step < 3 else row[1]  # appears later
        row[2] = None if step % 2 else row[2]  # comes and goes
        row[0] = None if step == 0 else row[0]
    run(impl, values, gradients)


def test_without_a_gradient_nothing_happens(impl, device, dtype, seed):
    place = {"device": device, "dtype": dtype}
    values = tensors(SHAPES, seed=100 * seed + 18, **place)
    parameters, _ = run(impl, values, [[None] * len(SHAPES)] * 2)
    assert all(torch.equal(now, before) for now, before in zip(parameters, values, strict=True))


def test_a_zero_gradient_only_decays(impl, device, dtype, seed):
    values = tensors(SHAPES, seed=100 * seed + 19, device=device, dtype=dtype)
    zeros = [[torch.zeros_like(value) for value in values]] * 3
    parameters, _ = run(impl, values, zeros)
    kept = (1 - SETTINGS["lr"] * SETTINGS["weight_decay"]) ** 3
    for now, before in zip(parameters, values, strict=True):
        assert torch.allclose(now, before * kept, rtol=1e-5)


def test_zero_gradients_without_decay_change_nothing(impl, device, dtype, seed):
    values = tensors(SHAPES, seed=100 * seed + 20, device=device, dtype=dtype)
    parameters = parameters_like(values)
    optimizer = new_optimizer(impl, parameters, {**SETTINGS, "weight_decay": 0.0})
    take_steps(optimizer, parameters, [[torch.zeros_like(value) for value in values]] * 2)
    assert all(torch.equal(now, before) for now, before in zip(parameters, values, strict=True))


@pytest.mark.bolt(dtypes=("float64", "bfloat16"))
def test_the_dtype_of_a_parameter_stays(impl, device, dtype, seed):
    place = {"device": device, "dtype": dtype}
    values = tensors(SHAPES, seed=100 * seed + 21, **place)
    gradients = gradients_of(SHAPES, 3, seed=100 * seed + 22, **place)
    parameters = parameters_like(values)
    take_steps(new_optimizer(impl, parameters, SETTINGS), parameters, gradients)
    wanted = reference.adamw_steps(
        [value.double() for value in values],
        [[gradient.double() for gradient in row] for row in gradients],
        groups=[SETTINGS] * len(SHAPES),
        version=version_of(impl),
    )
    # Moments may be kept in float32, or in the dtype: each step then rounds a bfloat16 parameter.
    room = 1e-5 if dtype == torch.float64 else 0.03
    for parameter, right in zip(parameters, wanted, strict=True):
        assert parameter.dtype == dtype
        assert torch.allclose(parameter.double(), right, rtol=room, atol=room)


@settings(max_examples=12, deadline=None, print_blob=True, database=None)
@given(
    chosen=st.fixed_dictionaries(
        {
            "lr": st.floats(1e-4, 0.5),
            "weight_decay": st.floats(0, 1),
            "betas": st.tuples(st.floats(0, 0.99), st.floats(0.1, 0.999)),
            "eps": st.sampled_from([1e-8, 1e-4, 0.1]),
        }
    ),
    steps=st.integers(1, 5),
    shape=st.lists(st.integers(1, 6), max_size=3).map(tuple),
    number=st.integers(0, 2**16),
)
def test_any_settings(impl, device, dtype, seed, chosen, steps, shape, number):
    place = {"device": device, "dtype": dtype}
    values = tensors((shape,), seed=1000 * seed + number, **place)
    run(impl, values, gradients_of((shape,), steps, seed=1000 * seed + number, **place), chosen)


@pytest.mark.parametrize("shape", [(12, 257), (5, 64)], ids="{0[0]}x{0[1]}".format)
def test_the_gate_can_fail(device, dtype, shape):
    workloads = [
        (inputs.DISTRIBUTIONS[name](*shape, seed=1, device=device, dtype=dtype),)
        for name in (*inputs.MANDATORY, "normal")
    ]

    def steps(value, **changed):
        # The gradients come from other columns: alone, no column would tell that another is missing.
        rows = [[value.flip(-1)], [value.roll(1, -1)], [value.flip(-1) / 2]]
        return reference.adamw_steps([value], rows, groups=[{**SETTINGS, **changed}])[0]

    wrong = {
        "eps ten times as large": lambda value: steps(value, eps=1e-2),
        "no decay": lambda value: steps(value, weight_decay=0.0),
        "rate one per cent off": lambda value: steps(value, lr=0.0505),
        "betas exchanged": lambda value: steps(value, betas=(0.95, 0.8)),
        "never a step": lambda value: value + 0,
    }
    self_test(workloads[0], also=workloads[1:], oracle=steps, extra=wrong)
