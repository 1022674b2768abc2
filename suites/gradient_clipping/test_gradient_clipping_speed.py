"""Gradient clipping: how fast, where the norm is too large and where it is not."""

from __future__ import annotations

import itertools
import operator

import pytest
import torch

from pytest_bolt.correctness import inputs

from .. import reference

pytestmark = pytest.mark.bolt(operation="run_gradient_clipping", dtypes=("float32",))
MODELS = {"64x64x16": (64, 64, 16), "512x256x8": (512, 256, 8), "1000x1000x1": (1000, 1000, 1)}
SHRINKS = 1 - 1e-5


def twin(grads, max_norm):
    """Return the gradients as the framework clips them: over a million elements its norm has an error too."""
    parameters = [torch.nn.Parameter(torch.zeros_like(grad)) for grad in grads]
    for parameter, grad in zip(parameters, grads, strict=True):
        parameter.grad = grad
    torch.nn.utils.clip_grad_norm_(parameters, max_norm)
    return tuple(parameter.grad for parameter in parameters)


@pytest.mark.parametrize("clips", [True, False], ids=["clipped", "small"])
@pytest.mark.parametrize("name", MODELS)
def test_gradient_clipping_speed(bolt, impl, device, dtype, name, clips):
    rows, columns, count = MODELS[name]
    grads = [inputs.normal(rows, columns, seed=seed, device=device, dtype=dtype) for seed in range(count)]
    parameters = [torch.nn.Parameter(torch.zeros_like(grad)) for grad in grads]
    for parameter, grad in zip(parameters, grads, strict=True):
        parameter.grad = grad.clone()
    max_norm = 1.0 if clips else 1e9
    impl.run_gradient_clipping(parameters, max_norm)
    output = tuple(parameter.grad for parameter in parameters)
    bolt.check(output, oracle=reference.clipped, args=(grads, max_norm), twin=twin)
    elements = rows * columns * count

    norms = itertools.accumulate(itertools.repeat(SHRINKS if clips else 1.0), operator.mul, initial=max_norm)

    def again():
        """Clip a little below what the last call has left, so that every call has the same work to do."""
        impl.run_gradient_clipping(parameters, next(norms))

    # One pass reads every gradient; where the norm is too large a second reads and writes it.
    bolt.measure(again, bytes=grads[0].nbytes * count * (3 if clips else 1), flops=elements * (2 + clips))
