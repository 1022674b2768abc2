"""Journal 000: fused attention in a transformer's training step."""

from __future__ import annotations

import pytest
import torch

from .. import reference
from .material import random_tokens, saved_bytes

pytestmark = pytest.mark.claim(style="paper")

WIDTH, HEADS, LAYERS, VOCABULARY, BATCH = 128, 4, 4, 256, 4
STEP = "000 Fused attention: the training step"
RATE = "000 Fused attention: tokens a second"
MEMORY = "000 Fused attention: memory"
HALF = "000 Fused attention in bfloat16"


def drawn(generator, *shape, spread=0.02):
    """Return N(0, spread^2)."""
    return torch.randn(*shape, generator=generator) * spread


def layer(seed):
    """Return the weights of one layer."""
    generator = torch.Generator().manual_seed(seed)
    matrices = {name: drawn(generator, WIDTH, WIDTH) for name in ("wq", "wk", "wv", "wo")}
    wide = {"w1": drawn(generator, 4 * WIDTH, WIDTH), "w2": drawn(generator, WIDTH, 4 * WIDTH)}
    norms = {
        f"norm{n}_{kind}": torch.full((WIDTH,), float(kind == "weight"))
        for n in (1, 2)
        for kind in ("weight", "bias")
    }
    return {**matrices, **wide, **norms}


def step(attention, tokens):
    """Return a function that makes one training step with a form of attention."""
    embedding = drawn(torch.Generator().manual_seed(99), VOCABULARY, WIDTH)
    layers = [layer(seed) for seed in range(LAYERS)]
    text = random_tokens(VOCABULARY, BATCH, tokens + 1)

    def one_step():
        return reference.training_step(embedding, layers, text, heads=HEADS, rate=0.1, attention=attention)

    return one_step


@pytest.mark.claim(
    STEP,
    "fused attention takes 4.5 % off a training step on a CPU",
    expect="time <= 0.955x base",
    published="-4.5 %",
)
@pytest.mark.bolt(baseline="attention of all heads in two matrix products")
@pytest.mark.parametrize("tokens", [64, 256])
def test_the_step_takes_less_time(bolt, tokens):
    bolt.versus(step(reference.attention_fused, tokens), step(reference.attention_batched, tokens))


@pytest.mark.claim(
    STEP,
    "the loss stays the same to four digits",
    expect="loss_difference <= 0.00005",
    published="2.6811 and 2.6811",
)
def test_the_loss_stays(claim):
    """Ten steps of plain descent from one start, each form with its own weights."""
    fused, manual = (
        after_ten_steps(form) for form in (reference.attention_fused, reference.attention_batched)
    )
    claim.found("loss_difference", abs(fused - manual))


def after_ten_steps(attention):
    """Return the loss of the tenth step."""
    embedding = drawn(torch.Generator().manual_seed(99), VOCABULARY, WIDTH)
    layers, losses = [layer(seed) for seed in range(LAYERS)], []
    for number in range(10):
        tokens = random_tokens(VOCABULARY, BATCH, 65, seed=number)
        step = reference.training_step(embedding, layers, tokens, heads=HEADS, rate=0.5, attention=attention)
        loss, embedding, *moved = step
        rest = iter(moved)
        layers = [{name: next(rest) for name in sorted(each)} for each in layers]
        losses.append(float(loss))
    return losses[-1]


@pytest.mark.claim(
    RATE,
    "fused attention trains at least a tenth more tokens a second",
    expect="speedup >= 1.1x",
    published="850 to 1250 tokens/s",
)
@pytest.mark.bolt(baseline="a Python loop over heads")
def test_more_tokens_a_second(bolt):
    bolt.versus(step(reference.attention_fused, 256), step(reference.attention_by_head, 256))


@pytest.mark.claim(
    RATE, "the reason is the Python-level loop over heads", expect="time <= 0.95x base", role="attribution"
)
@pytest.mark.bolt(baseline="a Python loop over heads")
def test_the_loop_is_the_reason(bolt):
    """The control: the same products, all heads at once, and no loop."""
    bolt.versus(step(reference.attention_batched, 256), step(reference.attention_by_head, 256))


def kept(attention, tokens):
    """Return the bytes that one layer's attention keeps for the backward pass, with its projections."""
    weights = {name: each.requires_grad_() for name, each in layer(0).items()}
    x = drawn(torch.Generator().manual_seed(1), BATCH, tokens, WIDTH)
    return saved_bytes(lambda: reference.transformer_layer(weights, x, heads=HEADS, attention=attention))


@pytest.mark.claim(
    MEMORY,
    "fused attention needs 15 % less memory in the forward pass",
    expect="kept_ratio <= 0.85",
    published="-15 %",
)
@pytest.mark.parametrize("tokens", [64, 256])
def test_less_memory(claim, tokens):
    claim.found(
        "kept_ratio", kept(reference.attention_fused, tokens) / kept(reference.attention_batched, tokens)
    )


@pytest.mark.claim(
    MEMORY,
    "fused attention changes nothing in memory",
    expect=("kept_ratio >= 0.99", "kept_ratio <= 1.01"),
    published="0 %",
)
def test_the_same_memory(claim):
    claim.found("kept_ratio", kept(reference.attention_fused, 256) / kept(reference.attention_batched, 256))


def both_ways(attention, tokens):
    """Return a function that attends in bfloat16, forward and backward."""
    generator = torch.Generator().manual_seed(2)
    q, k, v = (
        drawn(generator, BATCH, tokens, WIDTH, spread=1.0).bfloat16().requires_grad_() for _ in range(3)
    )
    upstream = drawn(generator, BATCH, tokens, WIDTH, spread=1.0).bfloat16()

    def there_and_back():
        return torch.autograd.grad(attention(q, k, v, HEADS), (q, k, v), upstream)

    return there_and_back


@pytest.mark.claim(HALF, "fused attention is no slower in bfloat16 either", expect="time <= 1x base")
@pytest.mark.bolt(baseline="attention of all heads in two matrix products, bfloat16")
@pytest.mark.parametrize("tokens", [64, 256])
def test_fused_in_half_precision(bolt, tokens):
    bolt.versus(both_ways(reference.attention_fused, tokens), both_ways(reference.attention_batched, tokens))
