"""randyGPT: how fast are loss and gradients, and a step of the optimiser."""

from __future__ import annotations

import pytest

from .. import reference
from . import workloads

SHAPES = ((2, 32, 32, 4), (1, 64, 64, 4))
LAYERS = 2


def work(batch, tokens, width, heads):
    """Return the operations of a forward and a backward pass: three times 2 a weight, and attention."""
    del heads
    matrices = 12 * LAYERS * width**2 + workloads.VOCABULARY * width
    pairs = tokens * (tokens + 1) // 2
    return 3 * batch * (2 * tokens * matrices + LAYERS * 4 * pairs * width)


@pytest.mark.bolt(operation="run_randygpt_gradients", dtypes=("float32",))
@pytest.mark.parametrize("shape", SHAPES, ids="{0[0]}x{0[1]}x{0[2]}h{0[3]}".format)
def test_randygpt_gradients_speed(bolt, impl, device, dtype, shape):
    if impl.interpreted:
        pytest.skip("interpreted here: checked, never timed")
    batch, tokens, width, heads = shape
    weights = workloads.weights(
        "normal", width=width, layers=LAYERS, context=tokens, device=device, dtype=dtype
    )
    text, targets = (workloads.some_tokens(batch, tokens, seed=n, device=device) for n in (1, 2))
    given = weights, text, targets
    bolt.check(
        impl.run_randygpt_gradients(*given, heads),
        oracle=reference.loss_and_gradients,
        args=given,
        kwargs={"heads": heads},
        tier="gradient",
    )
    size = sum(each.nbytes for each in reference.in_order(weights))
    bolt.measure(
        impl.run_randygpt_gradients,
        args=(*given, heads),
        bytes=2 * size + text.nbytes + targets.nbytes,
        flops=work(*shape),
    )


@pytest.mark.bolt(operation="run_randygpt_adamw", dtypes=("float32",))
@pytest.mark.parametrize("width", [32, 64])
def test_randygpt_adamw_speed(bolt, impl, device, dtype, width):
    if impl.interpreted:
        pytest.skip("interpreted here: checked, never timed")
    drawn = [
        reference.in_order(workloads.weights("normal", width=width, seed=n, device=device, dtype=dtype))
        for n in range(4)
    ]
    drawn[3] = [each.square() for each in drawn[3]]
    numbers = {"step": 3, "rate": 1e-3, "clip": 1.0}
    after = impl.run_randygpt_adamw(*drawn, *numbers.values())
    bolt.check(after, oracle=reference.adamw, args=drawn, kwargs=numbers, tier="relaxed")
    count = sum(each.numel() for each in drawn[0])
    bolt.measure(
        impl.run_randygpt_adamw,
        args=(*drawn, *numbers.values()),
        bytes=7 * count * dtype.itemsize,
        flops=16 * count,
    )
