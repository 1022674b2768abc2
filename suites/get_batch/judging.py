"""Which windows a batch holds, and whether their starts are drawn as they should be."""

from __future__ import annotations

import random

import numpy as np
import torch

# A right implementation fails one of these tests less than once in a hundred million runs.
LEAST_PROBABILITY = 1e-9


def sow(seed):
    """Seed every generator that an implementation may draw from; a fresh one of its own stays random."""
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002 - the global generator of the code under test
    torch.manual_seed(seed)


def distinct_tokens(n, dtype=np.int64, seed=0):
    """Return `n` different tokens in random order, the greatest of that dtype among them: `Int[n]`."""
    limit = int(np.iinfo(dtype).max)
    rng = np.random.default_rng(seed)
    tokens = limit - 1 - rng.permutation(min(max(4 * n, 64), limit))[:n]
    tokens[rng.integers(n)] = limit
    return tokens.astype(dtype)


def starts_of(batch, dataset, context_length):
    """Return where each row starts; AssertionError unless rows are windows and targets follow them.

    Arguments:
        batch: inputs and targets, `Int64[B, T]` each.
        dataset: `Int[n]`, all tokens different.
        context_length: T.
    """
    inputs, targets = (each.cpu().numpy() for each in batch)
    place = {int(token): index for index, token in enumerate(dataset)}
    starts = []
    for row, following in zip(inputs, targets, strict=True):
        start = place.get(int(row[0]))
        assert start is not None, f"{int(row[0])} is no token of the data set"
        wanted = [int(token) for token in dataset[start : start + context_length + 1]]
        assert row.tolist() == wanted[:-1], f"the inputs from token {start} on are no window"
        assert following.tolist() == wanted[1:], f"the targets from token {start} on are not shifted by one"
        starts.append(start)
    return starts


def probability(observed):
    """Return how probable so uneven counts are where all are equally likely: Pearson's chi-squared test."""
    counts = np.asarray(observed, dtype=np.float64).reshape(-1)
    mean = counts.mean()
    statistic = float(((counts - mean) ** 2).sum() / mean)
    halves = torch.tensor([(counts.size - 1) / 2, statistic / 2], dtype=torch.float64)
    return float(torch.special.gammaincc(halves[0], halves[1]))


def assert_uniform(starts, choices):
    """Require that each of `choices` starts occurs, as often as every other."""
    counts = np.bincount(starts, minlength=choices)
    assert counts.size == choices, f"a window starts at {counts.size - 1}; the last place is {choices - 1}"
    assert probability(counts) > LEAST_PROBABILITY, f"uneven starts: {counts.tolist()}"


def assert_independent(pairs, choices):
    """Require that every pair of starts of two rows is as frequent as every other."""
    counts = np.bincount([first * choices + second for first, second in pairs], minlength=choices**2)
    assert probability(counts) > LEAST_PROBABILITY, f"rows depend on each other: {counts.tolist()}"
