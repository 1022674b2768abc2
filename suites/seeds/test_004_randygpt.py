"""Journal 004: randyGPT, version by version."""

from __future__ import annotations

import math

import pytest
import torch

from .. import reference
from .material import random_tokens, step_of, text, tokenizers

pytestmark = pytest.mark.claim(style="changelog")

COUNTS = "004 Parameters of each version"
CHECKPOINT = "004 Size of a checkpoint"
RANK_ONE = "004 Weight gradients as one matrix product"
CONTEXT = "004 Four times the context"
GRADIENTS = "004 Gradients of keys and values at the current position only"
HEAP = "004 Byte pairs with a heap"
SPEED = "004 Milliseconds an iteration"
CHARACTERS = 67  # of the journal's text, with its two special tokens
VERSIONS = {
    "v0.1": ("~10K", 10_000, {"vocabulary": CHARACTERS, "context": 64, "width": 32, "heads": 4, "layers": 1}),
    "v0.2": (
        "~800K",
        811_776,
        {"vocabulary": CHARACTERS, "context": 64, "width": 128, "heads": 8, "layers": 4},
    ),
    "v0.6": (
        "~1.2M",
        1_204_992,
        {"vocabulary": CHARACTERS, "context": 64, "width": 128, "heads": 8, "layers": 6},
    ),
    "v0.8": (
        "~4.77M",
        4_769_280,
        {"vocabulary": CHARACTERS, "context": 64, "width": 256, "heads": 8, "layers": 6},
    ),
    "v0.9": (
        "~4.82M",
        4_818_432,
        {"vocabulary": CHARACTERS, "context": 256, "width": 256, "heads": 8, "layers": 6},
    ),
}


@pytest.mark.claim(
    COUNTS, "the matrix of versions has the number of parameters", expect=("excess >= 0", "excess <= 0")
)
@pytest.mark.parametrize("version", VERSIONS)
def test_parameters(claim, version):
    _, stated, size = VERSIONS[version]
    claim.found("excess", reference.GPTSize(**size).parameters - stated)


@pytest.mark.claim(
    COUNTS,
    "preset S has 0.85 and M 2.75 million",
    expect=("excess >= 0", "excess <= 0"),
    published="~0.85M, ~2.75M",
)
@pytest.mark.parametrize(("name", "stated"), [("S", 849_152), ("M", 2_748_288)])
def test_presets(claim, name, stated):
    claim.found("excess", reference.preset(name, vocabulary=117).parameters - stated)


@pytest.mark.claim(
    CHECKPOINT,
    "that of 1.2 million parameters has about 14 MB",
    expect=("size >= 13.5 MB", "size <= 14.5 MB"),
    published="~14 MB",
)
def test_checkpoint(claim):
    size = reference.GPTSize(**VERSIONS["v0.6"][2])
    weights = reference.initial_weights(size, seed=0)
    zeros = [torch.zeros_like(each) for each in reference.in_order(weights)]
    written = reference.saved(
        reference.Checkpoint(weights=weights, first=zeros, second=zeros, iteration=0, step=0, best_loss=0.0)
    )
    claim.found("size", len(written), "B")


def rank_one_updates(d, x):
    """Return `d^T x`, a rank-one update a position."""
    gradient = torch.zeros(d.shape[1], x.shape[1])
    for position in range(len(d)):
        gradient.addr_(d[position], x[position])
    return gradient


@pytest.mark.claim(
    RANK_ONE,
    "one product in place of 64 rank-one updates is 2.2 times as fast",
    expect="speedup >= 2.2x",
    published="2.2x",
)
@pytest.mark.bolt(baseline="64 rank-one updates")
@pytest.mark.parametrize("width", [128, 256])
def test_one_product(bolt, width):
    d, x = (
        torch.randn(64, 4 * width if n else width, generator=torch.Generator().manual_seed(n))
        for n in range(2)
    )
    bolt.versus(lambda d, x: d.T @ x, rank_one_updates, args=(d, x))


def gpt_step(tokens, batch):
    """Return a training step of 4,096 tokens."""
    size = reference.GPTSize(vocabulary=CHARACTERS, context=256, width=128, heads=4, layers=2)
    return step_of(reference.RandyGPT(size), random_tokens(CHARACTERS, batch, tokens + 1))


@pytest.mark.claim(
    CONTEXT,
    "attention, quadratic in T, makes the most of the longer step",
    expect="time >= 2x base",
    role="attribution",
    published="434 to 1912 ms",
)
@pytest.mark.bolt(baseline="T=64 with as many tokens a step")
def test_the_same_tokens(bolt):
    """The control: as many tokens a step, only the context differs. The journal doubled the tokens."""
    bolt.versus(gpt_step(256, 8), gpt_step(64, 32))


def current_position_only(q, k, v):
    """Return causal attention; a key and a value get a gradient from the query of their position only."""
    own = torch.eye(q.shape[-2], dtype=torch.bool)
    scores = torch.where(own, q @ k.mT, q @ k.detach().mT) / math.sqrt(q.shape[-1])
    later = torch.ones_like(own).triu(1)
    chances = torch.softmax(scores.masked_fill(later, -math.inf), -1)
    return (chances * own) @ v + (chances * ~own) @ v.detach()


@pytest.mark.claim(
    GRADIENTS,
    "they are correct for autoregressive models",
    expect="relative_error <= 0.01",
    published="correct",
)
@pytest.mark.parametrize("name", ["wk", "wv"])
def test_gradients(claim, name):
    size = reference.GPTSize(vocabulary=CHARACTERS, context=64, width=64, heads=4, layers=2)
    place = 3 + ["wq", "wk", "wv", "wo", "fc1", "fc2"].index(name)
    errors = []
    for seed in range(5):
        weights = reference.initial_weights(size, seed=seed)
        tokens = random_tokens(CHARACTERS, 4, 65, seed=seed)
        given = weights, tokens[:, :-1], tokens[:, 1:]
        right = reference.loss_and_gradients(*given, heads=4)[1 + place]
        wrong = reference.loss_and_gradients(*given, heads=4, attention=current_position_only)[1 + place]
        errors.append(((wrong - right).norm() / right.norm()).item())
    claim.found("relative_error", errors)


@pytest.mark.claim(
    HEAP,
    "training with a heap is many times as fast as counting anew",
    expect="speedup >= 3x",
    published="O(n + merges log n)",
)
@pytest.mark.bolt(baseline="all pairs counted anew for each merge")
@pytest.mark.parametrize("merges", [50, 100, 200])
def test_heap(bolt, merges):
    content = text.plays_or_generated(most=10_000).content
    bolt.versus(tokenizers.train_with_a_heap, tokenizers.train_naively, args=(content, 256 + merges))


@pytest.mark.claim(HEAP, "it finds the same merges", expect="different_merges <= 0")
def test_the_same_merges(claim):
    content = text.plays_or_generated(most=20_000).content
    quick, slow = (
        train(content, 356).merges for train in (tokenizers.train_with_a_heap, tokenizers.train_naively)
    )
    claim.found("different_merges", sum(a != b for a, b in zip(quick, slow, strict=True)))


@pytest.mark.claim(
    SPEED,
    "v0.9.1 is slower than v0.7.1",
    expect="tokens_a_second_ratio <= 0.98",
    published="1835 and 964 ms an iteration",
)
def test_normalised_by_work(claim):
    """An iteration of v0.7.1 has 128 x 64 tokens, one of v0.9.1 64 x 256."""
    claim.found("tokens_a_second_ratio", (64 * 256 / 1835) / (128 * 64 / 964), better="higher")


@pytest.mark.claim(
    SPEED,
    "both have as many tokens an iteration",
    expect=("ratio >= 1", "ratio <= 1"),
    published="128 x 64 = 64 x 256 = 8,192",
)
def test_tokens_an_iteration(claim):
    claim.found("ratio", (64 * 256) / (128 * 64))
