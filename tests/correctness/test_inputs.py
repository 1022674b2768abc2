from __future__ import annotations

import pytest
import torch

from pytest_bolt.correctness import inputs
from pytest_bolt.correctness.strategies import Drawn

EVERY = pytest.mark.parametrize("name", inputs.DISTRIBUTIONS)


@EVERY
@pytest.mark.parametrize("shape", [(4, 130), (1, 1), (3, 0), (0, 3), (2, 1)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
def test_shape_and_dtype(name, shape, dtype):
    x = inputs.DISTRIBUTIONS[name](*shape, dtype=dtype)
    assert (tuple(x.shape), x.dtype, x.device.type) == (shape, dtype, "cpu")


@EVERY
def test_the_seed_decides(name):
    make = inputs.DISTRIBUTIONS[name]
    first, same, other = (make(10, 70, seed=seed).nan_to_num(nan=9.0) for seed in (1, 1, 2))
    assert torch.equal(first, same)
    assert not torch.equal(first, other)


def test_the_global_random_state_is_left_alone():
    torch.manual_seed(0)
    before = torch.get_rng_state()
    for make in inputs.DISTRIBUTIONS.values():
        make(3, 5)
    assert torch.equal(before, torch.get_rng_state())


def test_the_mandatory_ones_exist():
    assert set(inputs.MANDATORY) <= set(inputs.DISTRIBUTIONS)


def test_only_nonfinite_holds_what_is_not_finite():
    for name, make in inputs.DISTRIBUTIONS.items():
        assert bool(make(10, 70).isfinite().all()) == (name != "nonfinite")
    x = inputs.nonfinite(10, 70)
    assert x.isposinf().any()
    assert x.isnan().any()
    assert bool((x[3] == float("-inf")).all())


def test_blocks_differ_in_scale_and_offset():
    blocks = inputs.blocks(1, 640).reshape(10, 64)
    assert blocks.std(-1).max() > 3 * blocks.std(-1).min()
    assert blocks.mean(-1).std() > 0.5


def test_rows_differ_where_they_should():
    scale = inputs.row_scale(64, 100).std(-1)
    assert scale.max() / scale.min() > 1e4
    assert inputs.row_offset(64, 100).mean(-1).std() > 10
    assert bool((inputs.constant_rows(8, 9).std(-1) == 0).all())
    spike = inputs.spike(8, 500).abs()
    assert bool((spike.amax(-1) > 10 * spike.quantile(0.99, -1)).any())


def test_denormals_are_below_the_smallest_normal_number():
    x = inputs.denormals(4, 50)
    assert 0 < x.abs().max() < torch.finfo(torch.float32).tiny


def test_views_are_not_contiguous_and_lie_in_nan():
    for name in ("transposed", "strided", "sliced"):
        x = inputs.DISTRIBUTIONS[name](6, 70, seed=5)
        assert not x.is_contiguous()
        assert torch.equal(x, inputs.blocks(6, 70, seed=5))
    assert inputs.strided(2, 3).as_strided((6,), (1,))[1].isnan()
    assert inputs.sliced(2, 3).as_strided((4,), (1,))[3].isnan()


@pytest.mark.parametrize("layout", ["contiguous", "reversed", "gaps"])
def test_a_drawn_tensor_is_made_again_by_what_it_prints(layout):
    drawn = Drawn(shape=(2, 3, 4), layout=layout, scale=30.0, firsts=(1.0, -2.0), seed=7)
    again = eval(repr(drawn))
    x, y = (each.tensor(device="cpu", dtype=torch.bfloat16) for each in (drawn, again))
    assert torch.equal(x, y)
    assert x.reshape(-1)[:2].tolist() == [1.0, -2.0]
    assert x.is_contiguous() == (layout == "contiguous")


def test_more_first_values_than_elements_are_cut():
    assert Drawn(shape=(1,), firsts=(1.0, 2.0)).tensor(device="cpu", dtype=torch.float32).tolist() == [1.0]
