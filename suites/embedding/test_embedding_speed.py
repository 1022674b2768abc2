"""Embedding: how fast, forward, and forward with backward."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from pytest_bolt.correctness import backward, inputs

from .. import reference

pytestmark = pytest.mark.bolt(operation="run_embedding", dtypes=("float32",))
SHAPES = ((300, 64, 128), (1000, 64, 512))


def workload(shape, **place):
    """Return weights and ids."""
    vocabulary, width, count = shape
    ids = torch.randint(vocabulary, (count,), generator=torch.Generator().manual_seed(0))
    return inputs.normal(vocabulary, width, **place), ids.to(place["device"])


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: "x".join(map(str, shape)))
def test_embedding_speed(bolt, impl, device, dtype, shape):
    """Nothing is computed: each id is read, each row read and written."""
    if impl.interpreted:
        pytest.skip("interpreted here: checked, never timed")
    vocabulary, width, count = shape
    weight, ids = workload(shape, device=device, dtype=dtype)
    args = (vocabulary, width, weight, ids)
    bolt.check(impl.run_embedding(*args), oracle=reference.embedding, args=(weight, ids))
    bolt.measure(impl.run_embedding, args=args, bytes=ids.nbytes + 2 * count * width * weight.itemsize)


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: "x".join(map(str, shape)))
def test_embedding_backward_speed(bolt, impl, device, dtype, shape):
    """Zero the gradient, then read each upstream row and add it to one: 3 times the rows, beside forward."""
    if impl.interpreted:
        pytest.skip("interpreted here: checked, never timed")
    vocabulary, width, count = shape
    weight, ids = workload(shape, device=device, dtype=dtype)
    upstream = inputs.normal(count, width, device=device, dtype=dtype, seed=1)
    args = (weight, ids, upstream)
    step = backward(lambda weight, ids: impl.run_embedding(vocabulary, width, weight, ids))
    found = step(*args)
    if found is None:
        pytest.skip("the adapter copies its weights: the gradient that it computes cannot be read")
    twin = backward(lambda weight, ids: F.embedding(ids, weight))
    bolt.check(found, oracle=backward(reference.embedding), args=args, twin=twin, tier="gradient")
    moved = 2 * ids.nbytes + 5 * upstream.nbytes + weight.nbytes
    bolt.measure(step, args=args, bytes=moved, flops=count * width)
