"""BDH: how fast in its parallel form, and its attention alone."""

from __future__ import annotations

import pytest

from .. import reference
from . import workloads
from .workloads import SCALED

pytestmark = pytest.mark.bolt(operation="run_bdh", dtypes=("float32",))
MODELS = ((2, 32, 32, 128), (1, 64, 64, 256))
ATTENTIONS = ((2, 2, 64, 128), (1, 2, 128, 256))
LAYERS, HEADS = 2, 2


def attention_work(batch, tokens, neurons, width):
    """Return the operations of two products over pairs of earlier tokens, and of the rotation."""
    pairs = tokens * (tokens - 1) // 2
    return HEADS * batch * (pairs * 2 * (neurons + width) + 3 * tokens * neurons)


def work(batch, tokens, width, neurons):
    """Return the floating-point operations of all layers and of the head."""
    block = attention_work(batch, tokens, neurons, width) + 6 * batch * tokens * HEADS * neurons * width
    return LAYERS * block + 2 * batch * tokens * width * workloads.VOCABULARY


@pytest.mark.parametrize("shape", MODELS, ids="{0[0]}x{0[1]}x{0[2]}n{0[3]}".format)
def test_bdh_speed(bolt, impl, device, dtype, shape):
    if impl.interpreted:
        pytest.skip("interpreted here: checked, never timed")
    batch, tokens, width, neurons = shape
    place = {"device": device, "dtype": dtype}
    weights = workloads.model_weights("normal", width=width, **place)
    weights |= workloads.block_weights("normal", heads=HEADS, width=width, neurons=neurons, **place)
    text = workloads.some_tokens(batch, tokens, seed=1, device=device)
    bolt.check(
        impl.run_bdh(weights, text, LAYERS, SCALED),
        oracle=reference.bdh,
        args=(weights, text),
        kwargs={"layers": LAYERS, "scaled": SCALED},
    )
    logits = batch * tokens * workloads.VOCABULARY * dtype.itemsize
    bolt.measure(
        impl.run_bdh,
        args=(weights, text, LAYERS, SCALED),
        bytes=sum(each.nbytes for each in weights.values()) + text.nbytes + logits,
        flops=work(*shape),
    )


@pytest.mark.bolt(operation="run_bdh_attention", dtypes=("float32", "bfloat16"))
@pytest.mark.parametrize(
    "shape", [(2, 2, 64, 128), (1, 2, 128, 256)], ids="{0[0]}x{0[1]}x{0[2]}n{0[3]}".format
)
def test_bdh_attention_speed(bolt, impl, device, dtype, shape):
    if impl.interpreted:
        pytest.skip("interpreted here: checked, never timed")
    x, values = workloads.activations("normal", shape, device=device, dtype=dtype)
    attended = impl.run_bdh_attention(x, values, SCALED)
    bolt.check(attended, oracle=workloads.attention, args=(x, values), kwargs={"scaled": SCALED})
    batch, _, tokens, neurons = shape
    bolt.measure(
        impl.run_bdh_attention,
        args=(x, values, SCALED),
        bytes=x.nbytes + values.nbytes + attended.nbytes,
        flops=attention_work(batch, tokens, neurons, values.shape[-1]),
    )
