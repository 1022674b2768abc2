"""Training steps with given gradients, and which written-down AdamW a class is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
import torch

from pytest_bolt.correctness import check, inputs

from .. import reference

SETTINGS: dict[str, Any] = {"lr": 0.05, "weight_decay": 0.1, "betas": (0.8, 0.95), "eps": 1e-3}
PROBE: dict[str, Any] = {"lr": 0.5, "weight_decay": 0.4, "betas": (0.6, 0.9), "eps": 0.7}


def new_optimizer(impl, params, settings):
    """Return an optimizer of the class under test; its arguments are given by name."""
    return impl.get_adamw_cls()(params, **settings)


def tensors(shapes, *, seed, distribution="normal", **place):
    """Return one tensor a shape."""
    draw = inputs.DISTRIBUTIONS[distribution]
    rows = [
        draw(1, max(1, torch.Size(shape).numel()), seed=seed + i, **place) for i, shape in enumerate(shapes)
    ]
    return [row.reshape(shape) for row, shape in zip(rows, shapes, strict=True)]


def gradients_of(shapes, steps, *, seed, distribution="normal", **place):
    """Return for each step one gradient a shape."""
    place["distribution"] = distribution
    return [tensors(shapes, seed=seed + 1000 * (step + 1), **place) for step in range(steps)]


def parameters_like(values):
    """Return parameters that start at these values."""
    return [torch.nn.Parameter(value.clone()) for value in values]


def give(parameters, gradients):
    """Put a copy of each gradient, or None, where the optimizer looks for it."""
    for parameter, gradient in zip(parameters, gradients, strict=True):
        parameter.grad = None if gradient is None else gradient.clone()


def take_steps(optimizer, parameters, gradients, rates=None):
    """Step once for each row of gradients; `rates` sets the first group's learning rate before each."""
    for step, row in enumerate(gradients):
        if rates is not None:
            optimizer.param_groups[0]["lr"] = rates[step]
        give(parameters, row)
        optimizer.step()


def values_of(parameters):
    """Return what the parameters hold now."""
    return tuple(parameter.detach().clone() for parameter in parameters)


def _probed(take):
    values = [torch.tensor([1.0, -2.0, 0.5], dtype=torch.float64)]
    rows = [[torch.tensor(row, dtype=torch.float64)] for row in ([0.3, 1.0, -2.0], [0.1, -1.0, 0.4])]
    return take(values, rows)[0]


def version_of(impl):
    """Return which written-down version the class is; the test fails where it is none, or a mixture."""

    def own(values, rows):
        parameters = parameters_like(values)
        take_steps(new_optimizer(impl, parameters, PROBE), parameters, rows)
        return values_of(parameters)

    got = _probed(own)
    for version in reference.VERSIONS:

        def written(values, rows, version=version):
            return reference.adamw_steps(values, rows, groups=[PROBE], version=version)

        if torch.allclose(got, _probed(written), rtol=1e-5, atol=1e-6):
            return version
    pytest.fail(f"two steps with large settings are those of no written-down AdamW: {got.tolist()}")


def agrees(output, values, gradients, groups, version):
    """Hold parameters after some steps to the reference in float64.

    Arguments:
        output: the parameters now.
        values: the parameters before.
        gradients: of each step and parameter, or None.
        groups: the settings of each parameter, or those of all.
    """
    each = groups if isinstance(groups, Sequence) else [groups] * len(values)
    kwargs = {"groups": list(each), "version": version}
    return check(tuple(output), oracle=reference.adamw_steps, args=(values, gradients), kwargs=kwargs)
