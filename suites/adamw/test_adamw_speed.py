"""AdamW: how fast a step is."""

from __future__ import annotations

import pytest

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

pytestmark = pytest.mark.bolt(operation="get_adamw_cls", dtypes=("float32",))
MODELS = {"16 of 64x64": (64, 64, 16), "8 of 256x256": (256, 256, 8), "1 of 1000x1000": (1000, 1000, 1)}
OPERATIONS_PER_ELEMENT = 14  # two averages of 3 and 4, the root, its eps, the step's 3, the decay's 2


@pytest.mark.parametrize("name", MODELS)
def test_adamw_speed(bolt, impl, device, dtype, name):
    rows, columns, count = MODELS[name]
    shapes = ((rows, columns),) * count
    values = tensors(shapes, seed=1, device=device, dtype=dtype)
    gradients = gradients_of(shapes, 1, seed=2, device=device, dtype=dtype)
    parameters = parameters_like(values)
    optimizer = new_optimizer(impl, parameters, SETTINGS)
    take_steps(optimizer, parameters, gradients)
    agrees(values_of(parameters), values, gradients, SETTINGS, version_of(impl))
    give(parameters, gradients[0])
    elements = rows * columns * count
    # Reads gradient, parameter and both moments, and writes the last three.
    bolt.measure(
        optimizer.step, bytes=7 * elements * values[0].itemsize, flops=OPERATIONS_PER_ELEMENT * elements
    )
