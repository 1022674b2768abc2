"""Journal 004: what randyGPT's losses say of context, data and schedules."""

from __future__ import annotations

import functools
import math
from collections import Counter

import pytest

from .. import reference
from .material import plays, trained

pytestmark = pytest.mark.claim(style="changelog")

OVERFIT = "004 T=64 overfits, T=256 does not"
CEILING = "004 2.37 nats is the ceiling of the data"
FRAGMENTS = "004 A schedule in fragments is unfair"
STEPS = 240
SIZE = {"context": 64, "width": 64, "heads": 4, "layers": 2}


def rate(step, *, steps, peak=3e-3):
    """Return the journal's learning rate."""
    return reference.learning_rate(step, steps=steps, peak=peak, floor=peak / 10)


SPLIT = "90 % to train on, the rest to validate on"


@functools.cache
def shakespeare():
    """Return what models are trained and validated on, what it is, and how many characters there are."""
    return plays(400_000)


def say_material(claim):
    """Say what the models of a claim were trained on."""
    claim.used(text=shakespeare()[2], split=SPLIT)


def loss_of(seed, *, context, batch, steps, schedule=None):
    """Return the validation loss of a small model after training."""
    *parts, _, vocabulary = shakespeare()
    model = reference.RandyGPT(
        reference.GPTSize(**{**SIZE, "context": context, "vocabulary": vocabulary}), seed=seed
    )
    chosen = schedule or functools.partial(rate, steps=steps)
    return trained(model, parts, seed, rate=chosen, steps=steps, batch=batch, context=context, windows=10)


@pytest.mark.claim(
    OVERFIT,
    "T=256 ends at a lower validation loss, 2.3716 against 2.38 nats",
    expect="loss_difference <= -0.008",
    published="10.6 and 10.8",
)
def test_longer_context(claim):
    """Four seeds, as many tokens a step, ten validation windows as in the journal."""
    say_material(claim)
    differences = [
        loss_of(seed, context=256, batch=4, steps=150) - loss_of(seed, context=64, batch=16, steps=150)
        for seed in range(4)
    ]
    claim.found("loss_difference", differences)


def trigram_loss(first, rest, vocabulary):
    """Return the loss of a model that counts: trigrams, bigrams and single characters, mixed, in nats."""
    counts: list[Counter[tuple[int, ...]]] = [Counter(), Counter(), Counter()]
    before: list[Counter[tuple[int, ...]]] = [Counter(), Counter(), Counter()]
    letters = first.tolist()
    for place in range(2, len(letters)):
        for order in range(3):
            context = tuple(letters[place - order : place])
            counts[order][*context, letters[place]] += 1
            before[order][context] += 1
    total, held = 0.0, rest.tolist()
    for place in range(2, len(held)):
        chance = 1.0 / vocabulary
        for order in range(3):
            context = tuple(held[place - order : place])
            seen = before[order][context]
            # Witten-Bell: a context hands on as much as it has seen once, bounded by how often it was seen.
            weight = seen / (seen + 5.0)
            chance = (
                weight * (counts[order][*context, held[place]] / seen if seen else 0.0)
                + (1 - weight) * chance
            )
        total -= math.log(chance)
    return total / (len(held) - 2)


@pytest.mark.claim(
    CEILING,
    "no model does better on this text",
    expect="loss >= 2.3716",
    published="2.3716 nats, perplexity 10.6",
)
def test_a_model_that_counts(claim):
    """A trigram model of a megabyte of plays is no neural network at all."""
    first, rest, source, vocabulary = plays(1_000_000)
    claim.used(text=source, split=SPLIT)
    claim.found("loss", trigram_loss(first, rest, vocabulary))


@pytest.mark.claim(
    CEILING, "a small network does not go below it either", expect="loss >= 2.3716", published="2.3716 nats"
)
def test_a_small_network(claim):
    say_material(claim)
    claim.found("loss", [loss_of(seed, context=64, batch=32, steps=300) for seed in range(3)])


def in_fragments(step, *, steps, count):
    """Return the learning rate of a run in parts, each of which has a schedule of its own."""
    length = steps // count
    part = min(step // length, count - 1)
    return rate(step, steps=(part + 1) * length)


@pytest.mark.claim(
    FRAGMENTS,
    "four parts end at a higher loss than one run",
    expect="loss_difference >= 0.005",
    published="not a fair comparison",
)
def test_four_fragments(claim):
    say_material(claim)
    fragmented(claim, 4)


@pytest.mark.claim(
    FRAGMENTS,
    "two parts do as well",
    expect="loss_difference >= 0.005",
    published="500, then 1000 iterations",
)
def test_two_fragments(claim):
    say_material(claim)
    fragmented(claim, 2)


def fragmented(claim, count):
    """Record by how much a run in parts ends above one in a piece, four seeds."""
    schedule = functools.partial(in_fragments, steps=STEPS, count=count)
    run = functools.partial(loss_of, context=64, batch=8, steps=STEPS)
    claim.found("loss_difference", [run(seed, schedule=schedule) - in_a_piece(seed) for seed in range(4)])


@functools.cache
def in_a_piece(seed):
    """Return the loss of a run with one schedule."""
    return loss_of(seed, context=64, batch=8, steps=STEPS)
