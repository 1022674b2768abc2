"""Embedding: the very rows that the ids name, for any ids and memory layouts."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_bolt.correctness import (
    check,
    fenced,
    inputs,
    red_zones,
    repeated,
    self_test,
    unmutated,
    verify_gradients,
)

from .. import reference

# The course's code is float32: a layer that loads its weights has no other dtype.
pytestmark = pytest.mark.bolt(operation="run_embedding", dtypes=("float32",))
SHAPES = ((50, 16, 12), (300, 64, 128))
KINDS = (
    "normal",
    "nonfinite",
    "denormals",
    "row_scale",
    "transposed",
    "strided",
    "sliced",
    *inputs.MANDATORY,
)


def some_ids(vocabulary, shape, device, seed=0):
    """Return ids of `shape`, drawn uniformly with repetitions."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(vocabulary, shape, generator=generator).to(device)


def agrees(impl, weight, ids):
    """Look up and require the rows bit for bit: nothing is computed."""
    vocabulary, width = weight.shape
    args = (vocabulary, width, weight, ids)
    pair = (weight, ids)
    found, wanted = unmutated(impl.run_embedding, args), weight[ids]
    check(found, oracle=reference.embedding, args=pair)
    torch.testing.assert_close(found, wanted, rtol=0, atol=0, equal_nan=True)


@pytest.mark.parametrize("shape", [(1,), (7,), (3, 5), (5, 3), (2, 3, 4), (0,), (2, 0)], ids=str)
def test_any_shape_of_ids(impl, device, dtype, seed, shape):
    weight = inputs.normal(11, 6, device=device, dtype=dtype, seed=100 * seed + 1)
    agrees(impl, weight, some_ids(11, shape, device, seed=100 * seed + 2))


@pytest.mark.parametrize("place", [0, 3, 10])
def test_an_id_without_dimensions(impl, device, dtype, seed, place):
    """It names one row, which here, as indexing in the framework does, may come as a view."""
    weight = inputs.normal(11, 6, device=device, dtype=dtype, seed=100 * seed + 1)
    found = impl.run_embedding(11, 6, weight, torch.tensor(place, device=device))
    assert torch.equal(found, weight[place])


@pytest.mark.parametrize("distribution", KINDS)
def test_rows_come_unchanged_from(impl, device, dtype, seed, distribution):
    weight = inputs.DISTRIBUTIONS[distribution](31, 65, device=device, dtype=dtype, seed=100 * seed + 3)
    agrees(impl, weight, some_ids(31, (4, 9), device, seed=100 * seed + 4))


@pytest.mark.parametrize(
    ("vocabulary", "width"), [(1, 1), (1, 5), (5, 1), (8, 8), (257, 3), (1000, 127), (70_001, 2)], ids=str
)
def test_every_end_of_the_vocabulary(impl, device, dtype, seed, vocabulary, width):
    """The first rows, the last ones, and those beside powers of two; 70,001 is past 16 bits."""
    weight = inputs.normal(vocabulary, width, device=device, dtype=dtype, seed=100 * seed + 5)
    ends = {0, 1, vocabulary - 2, vocabulary - 1}
    beside = {2**power + step for power in range(7, 17) for step in (-1, 0, 1)}
    ids = sorted(place for place in ends | beside if 0 <= place < vocabulary)
    agrees(impl, weight, torch.tensor(ids, device=device))


def test_the_whole_vocabulary_backwards(impl, device, dtype, seed):
    weight = inputs.normal(33, 9, device=device, dtype=dtype, seed=100 * seed + 6)
    agrees(impl, weight, torch.arange(33, device=device).flip(0))


def test_ids_need_not_be_dense(impl, device, dtype, seed):
    weight = inputs.normal(33, 9, device=device, dtype=dtype, seed=100 * seed + 7)
    ids = some_ids(33, (4, 6), device, seed=100 * seed + 8)
    agrees(impl, weight, ids.t())
    agrees(impl, weight, ids[:, ::2])
    agrees(impl, weight, ids[:1].expand(3, 6))


@settings(max_examples=12, deadline=None, print_blob=True)
@given(
    vocabulary=st.integers(1, 40),
    width=st.integers(1, 20),
    shape=st.lists(st.integers(0, 5), min_size=1, max_size=3),
    seed=st.integers(0, 2**16),
)
def test_any_sizes(impl, device, dtype, vocabulary, width, shape, seed):
    weight = inputs.normal(vocabulary, width, device=device, dtype=dtype, seed=seed)
    agrees(impl, weight, some_ids(vocabulary, tuple(shape), device, seed))


def test_each_call_reads_the_weights_that_it_is_given(impl, device, dtype, seed):
    weight = inputs.normal(11, 6, device=device, dtype=dtype, seed=100 * seed + 9)
    ids = some_ids(11, (5,), device, seed=100 * seed + 10)
    earlier, wanted = impl.run_embedding(11, 6, weight, ids), weight[ids]
    weight.neg_()
    ids.copy_(ids.flip(0))
    agrees(impl, weight, ids)
    assert torch.equal(earlier, wanted)


def test_the_result_is_memory_of_its_own(impl, device, dtype, seed):
    """Whoever writes into the result, as a residual stream does, must not write into the weights."""
    weight = inputs.normal(11, 6, device=device, dtype=dtype, seed=100 * seed + 11)
    before = weight.clone()
    for ids in (torch.tensor([3]), torch.arange(11)):
        impl.run_embedding(11, 6, weight, ids.to(device)).detach().zero_()
    assert torch.equal(weight, before)


def test_three_runs_are_bit_equal(impl, device, dtype, seed):
    weight = inputs.normal(31, 65, device=device, dtype=dtype, seed=100 * seed + 12)
    repeated(impl.run_embedding, (31, 65, weight, some_ids(31, (40,), device, seed)))


def test_stays_inside_its_memory(impl, device, dtype, seed):
    weight = fenced(inputs.normal(31, 65, device=device, dtype=dtype, seed=100 * seed + 13))
    with red_zones():
        agrees(impl, weight, some_ids(31, (40,), device, seed))


@pytest.mark.parametrize("shape", [(1,), (7,), (40,), (4, 30)], ids=str)
def test_gradient_of_the_weights(impl, device, dtype, seed, shape):
    """A row that several ids name gets the sum of their gradients, the first row too."""
    weight = inputs.normal(9, 17, device=device, dtype=dtype, seed=100 * seed + 14)
    ids = some_ids(9, shape, device, seed=100 * seed + 15)
    ids.reshape(-1)[:3] = 0
    args, pair = (9, 17, weight, ids), (weight, ids)
    verify_gradients(impl.run_embedding, args, oracle=reference.embedding, oracle_args=pair, seed=100 * seed)


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: "x".join(map(str, shape)))
def test_the_gate_can_fail(device, dtype, shape):
    vocabulary, width, count = shape
    ids = some_ids(vocabulary, (count,), device)
    first, *more = [
        (inputs.DISTRIBUTIONS[name](vocabulary, width, device=device, dtype=dtype), ids)
        for name in inputs.MANDATORY
    ]
    wrong = {
        "the row after": lambda weight, ids: weight[(ids + 1) % len(weight)],
        "scaled": lambda weight, ids: weight[ids] * weight.shape[1] ** 0.5,
        "ids sorted": lambda weight, ids: weight[ids.sort().values],
    }
    self_test(first, also=more, oracle=reference.embedding, axis=0, extra=wrong)
