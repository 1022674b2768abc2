"""AdamW as an object: what it remembers, saves and returns."""

from __future__ import annotations

import copy
import io

import pytest
import torch

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
SHAPES = ((5, 7), (11,), (2, 3, 4))


def begin(seed, device, dtype, *, steps=6):
    """Return start values and gradients, the second parameter's from the third step on."""
    values = tensors(SHAPES, seed=100 * seed + 31, device=device, dtype=dtype)
    gradients = gradients_of(SHAPES, steps, seed=100 * seed + 32, device=device, dtype=dtype)
    for row in gradients[:2]:
        row[1] = None
    return values, gradients


def through_a_file(state):
    """Return a state as it comes back from a file."""
    file = io.BytesIO()
    torch.save(state, file)
    file.seek(0)
    return torch.load(file, weights_only=False)


@pytest.mark.parametrize("pause", [1, 2, 4])
def test_goes_on_from_a_saved_state(impl, device, dtype, seed, pause):
    values, gradients = begin(seed, device, dtype)
    first = parameters_like(values)
    optimizer = new_optimizer(impl, first, SETTINGS)
    take_steps(optimizer, first, gradients[:pause])
    second = parameters_like(first)
    other = new_optimizer(impl, second, {**SETTINGS, "lr": 9.0, "eps": 5.0})
    other.load_state_dict(through_a_file(optimizer.state_dict()))
    take_steps(optimizer, first, gradients[pause:])
    take_steps(other, second, gradients[pause:])
    agrees(values_of(first), values, gradients, SETTINGS, version_of(impl))
    assert all(torch.equal(one, two) for one, two in zip(first, second, strict=True))


def test_loading_replaces_what_was_remembered(impl, device, dtype, seed):
    values, gradients = begin(seed, device, dtype)
    parameters = parameters_like(values)
    optimizer = new_optimizer(impl, parameters, SETTINGS)
    fresh = copy.deepcopy(optimizer.state_dict())
    take_steps(optimizer, parameters, gradients[:3])
    with torch.no_grad():
        for parameter, value in zip(parameters, values, strict=True):
            parameter.copy_(value)
    optimizer.load_state_dict(fresh)
    take_steps(optimizer, parameters, gradients)
    agrees(values_of(parameters), values, gradients, SETTINGS, version_of(impl))


def test_the_state_holds_two_moments_a_parameter(impl, device, dtype, seed):
    values, gradients = begin(seed, device, dtype)
    parameters = parameters_like(values)
    optimizer = new_optimizer(impl, parameters, SETTINGS)
    take_steps(optimizer, parameters, gradients)
    saved = optimizer.state_dict()["state"]
    assert sorted(saved) == [0, 1, 2]
    for place, shape in enumerate(SHAPES):
        tensor = [each for each in saved[place].values() if isinstance(each, torch.Tensor)]
        moments = [each for each in tensor if each.shape == shape]
        assert len(moments) >= 2, f"the state of parameter {place} lacks a moment"
        assert not any(each.requires_grad for each in moments)


def test_two_optimizers_share_nothing(impl, device, dtype, seed):
    values, gradients = begin(seed, device, dtype)
    first, second = parameters_like(values), parameters_like(values)
    optimizers = [new_optimizer(impl, each, SETTINGS) for each in (first, second)]
    for row in gradients:
        take_steps(optimizers[0], first, [row])
        take_steps(optimizers[1], second, [row])
    agrees(values_of(first), values, gradients, SETTINGS, version_of(impl))
    assert all(torch.equal(one, two) for one, two in zip(first, second, strict=True))


def test_parameters_are_changed_in_place(impl, device, dtype, seed):
    values, gradients = begin(seed, device, dtype)
    parameters = parameters_like(values)
    addresses = [parameter.data_ptr() for parameter in parameters]
    take_steps(new_optimizer(impl, parameters, SETTINGS), parameters, gradients)
    assert [parameter.data_ptr() for parameter in parameters] == addresses
    assert all(parameter.requires_grad and parameter.is_leaf for parameter in parameters)


def test_gradients_are_left_alone(impl, device, dtype, seed):
    values, gradients = begin(seed, device, dtype)
    parameters = parameters_like(values)
    optimizer = new_optimizer(impl, parameters, SETTINGS)
    for row in gradients[2:]:
        give(parameters, row)
        optimizer.step()
        assert all(torch.equal(each.grad, grad) for each, grad in zip(parameters, row, strict=True))


def test_a_closure_is_called_and_its_loss_returned(impl, device, dtype):
    parameter = torch.nn.Parameter(torch.tensor([2.0, -1.0], device=device, dtype=dtype))
    optimizer = new_optimizer(impl, [parameter], SETTINGS)
    calls = []

    def closure():
        calls.append(torch.is_grad_enabled())
        optimizer.zero_grad()
        loss = parameter.square().sum()
        if loss.requires_grad:
            loss.backward()
        return loss

    before = parameter.detach().clone()
    loss = optimizer.step(closure)
    assert len(calls) == 1
    assert float(loss) == 5.0
    if calls[0]:
        output = (parameter.detach().clone(),)
        agrees(output, [before], [[2 * before]], SETTINGS, version_of(impl))


def test_without_a_closure_nothing_is_returned(impl, device, dtype):
    parameter = torch.nn.Parameter(torch.ones(2, device=device, dtype=dtype))
    parameter.grad = torch.ones_like(parameter)
    assert new_optimizer(impl, [parameter], SETTINGS).step() is None


def test_zero_grad_and_training_lower_a_loss(impl, device, dtype, seed):
    torch.manual_seed(seed)
    model = torch.nn.Linear(6, 3).to(device=device, dtype=dtype)
    x, y = tensors(((16, 6), (16, 3)), seed=100 * seed + 33, device=device, dtype=dtype)
    optimizer = new_optimizer(impl, model.parameters(), {**SETTINGS, "weight_decay": 0.0, "eps": 1e-8})
    losses = []
    for _ in range(40):
        optimizer.zero_grad()
        loss = (model(x) - y).square().mean()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.9 * losses[0]


def test_three_runs_are_bit_equal(impl, device, dtype, seed):
    values, gradients = begin(seed, device, dtype)
    results = []
    for _ in range(3):
        parameters = parameters_like(values)
        take_steps(new_optimizer(impl, parameters, SETTINGS), parameters, gradients)
        results.append(values_of(parameters))
    for again in results[1:]:
        assert all(torch.equal(one, two) for one, two in zip(results[0], again, strict=True))
