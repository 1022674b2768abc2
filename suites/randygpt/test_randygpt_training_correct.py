"""randyGPT: what trains it - schedule, optimiser, first weights - and its checkpoints."""

from __future__ import annotations

import math
import struct

import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pytest_bolt.correctness import inputs, repeated, verify

from .. import reference
from . import workloads

schedule = pytest.mark.bolt(operation="run_randygpt_lr")
optimiser = pytest.mark.bolt(operation="run_randygpt_adamw", dtypes=("float32", "float64"))
start = pytest.mark.bolt(operation="run_randygpt_init")
saving = pytest.mark.bolt(operation="run_randygpt_save")
loading = pytest.mark.bolt(operation="run_randygpt_load")
PEAK, FLOOR = 3e-5, 3e-6
SHAPES = ((5, 7), (3,), (1, 1), (2, 3, 4))
SIZE = {"vocabulary": 11, "context": 6, "width": 8, "layers": 2}


@schedule
@pytest.mark.parametrize(
    ("step", "wanted"),
    [
        (0, PEAK / 10),
        (1, PEAK * 0.109),
        (50, PEAK * 0.55),
        (99, PEAK * 0.991),
        (100, PEAK),
        (599, PEAK),
        (600, PEAK),
        (700, FLOOR + (PEAK - FLOOR) * (0.5 + math.sqrt(0.125))),
        (800, (PEAK + FLOOR) / 2),
        (1000, FLOOR),
        (1700, FLOOR),
    ],
)
def test_learning_rate_by_hand(impl, step, wanted):
    assert impl.run_randygpt_lr(step, 1000, PEAK, FLOOR) == pytest.approx(wanted, rel=1e-9)


@schedule
@settings(max_examples=60, deadline=None, print_blob=True)
@given(step=st.integers(0, 4000), steps=st.integers(1, 3000), share=st.floats(0, 1))
@example(step=100, steps=1, share=0.1)
@example(step=100, steps=100, share=0.5)
@example(step=120, steps=166, share=0.0)
@example(step=120, steps=200, share=0.0)
def test_learning_rate_anywhere(impl, step, steps, share):
    wanted = reference.learning_rate(step, steps=steps, peak=0.5, floor=share * 0.5)
    assert impl.run_randygpt_lr(step, steps, 0.5, share * 0.5) == pytest.approx(wanted, rel=1e-9, abs=1e-12)


@schedule
def test_learning_rate_rises_stays_and_falls(impl):
    rates = [impl.run_randygpt_lr(step, 500, 1.0, 0.1) for step in range(501)]
    assert rates[:101] == sorted(rates[:101])
    assert rates[100:] == sorted(rates[100:], reverse=True)
    assert len(set(rates[100:301])) == 1


def moments(seed, **place):
    """Return parameters, gradients, first and second moments of several shapes."""
    drawn = [
        [inputs.normal(1, math.prod(s), seed=4 * seed + n, **place).reshape(s) for s in SHAPES]
        for n in range(4)
    ]
    parameters, gradients, first, second = drawn
    return parameters, gradients, [each / 10 for each in first], [each.square() / 100 for each in second]


def steps(impl, given_moments, *, step=3, rate=1e-2, clip=1.0):
    """Make one step of the optimiser and hold it to the reference."""
    return verify(
        impl.run_randygpt_adamw,
        (*given_moments, step, rate, clip),
        oracle=reference.adamw,
        oracle_args=given_moments,
        kwargs={"step": step, "rate": rate, "clip": clip},
        tier="relaxed",  # a root and a quotient one after the other: the order of factors moves an ulp or two
    )


@optimiser
@pytest.mark.parametrize("step", [1, 2, 10, 5000])
def test_optimiser_agrees_at_step(impl, device, dtype, seed, step):
    steps(impl, moments(100 * seed + 1, device=device, dtype=dtype), step=step)


@optimiser
@pytest.mark.parametrize("clip", [0.05, 1.0, 1e9])
def test_every_element_of_a_gradient_is_cut(impl, device, dtype, seed, clip):
    steps(impl, moments(100 * seed + 2, device=device, dtype=dtype), clip=clip)


@optimiser
@pytest.mark.parametrize("rate", [0.0, 1e-4, 1.0])
def test_optimiser_agrees_at_rate(impl, device, dtype, seed, rate):
    steps(impl, moments(100 * seed + 3, device=device, dtype=dtype), rate=rate)


@optimiser
def test_small_gradients_are_divided_by_no_less_than_eps(impl, device, dtype, seed):
    parameters, gradients, first, second = moments(100 * seed + 4, device=device, dtype=dtype)
    small = [each * 1e-8 for each in gradients]
    none = [torch.zeros_like(each) for each in first]
    steps(impl, ([each / 100 for each in parameters], small, none, none), step=1)
    del second


@optimiser
def test_without_gradient_it_only_decays(impl, device, dtype, seed):
    parameters, *_ = moments(100 * seed + 5, device=device, dtype=dtype)
    none = [torch.zeros_like(each) for each in parameters]
    after = impl.run_randygpt_adamw(parameters, none, none, none, 1, 0.5, 1.0)
    for before, moved in zip(parameters, after, strict=False):
        assert torch.allclose(moved, before * (1 - 0.5 * 0.01), rtol=1e-6, atol=0)
    assert not any(each.any() for each in after[len(parameters) :])


@optimiser
def test_optimiser_repeats_itself(impl, device, dtype, seed):
    repeated(impl.run_randygpt_adamw, (*moments(seed, device=device, dtype=dtype), 2, 1e-3, 1.0))


def begin(impl, seed, **size):
    """Return first weights of a model that is large enough to see their spread."""
    return impl.run_randygpt_init(
        *{**SIZE, "vocabulary": 60, "width": 48, "layers": 3, **size}.values(), seed
    )


@start
def test_first_weights_have_the_shapes_of_the_model(impl, seed):
    weights = begin(impl, seed)
    size = reference.GPTSize(vocabulary=60, context=6, width=48, heads=1, layers=3)
    models = reference.in_order(reference.initial_weights(size, seed=0, device="meta"))
    found = reference.in_order(weights)
    assert [each.shape for each in found] == [each.shape for each in models]
    assert {each.dtype for each in found} == {torch.float32}
    assert sum(each.numel() for each in found) == size.parameters


@start
@pytest.mark.parametrize("layers", [1, 3, 6])
def test_first_weights_have_their_spread(impl, seed, layers):
    weights = begin(impl, 100 * seed + 6, layers=layers, context=64)
    small = 0.02 / math.sqrt(2 * layers)
    spreads = {"wte": 0.02, "wpe": 0.01, "lm_head": 0.02}
    inner = {"wq": 0.02, "wk": 0.02, "wv": 0.02, "wo": small, "fc1": 0.02, "fc2": small}
    drawn = [(weights[name], spread) for name, spread in spreads.items()]
    drawn += [(layer[name], spread) for layer in weights["layers"] for name, spread in inner.items()]
    for values, spread in drawn:
        unit, count = values.double() / spread, values.numel()
        assert abs(unit.mean().item()) < 6 / math.sqrt(count)
        assert abs(unit.square().mean().item() - 1) < 6 * math.sqrt(2 / count)
        assert abs(unit.pow(4).mean().item() - 3) < 6 * math.sqrt(96 / count)


@start
def test_first_weights_depend_on_the_seed_alone(impl, seed):
    first, again, other = (reference.in_order(begin(impl, each)) for each in (seed, seed, seed + 1))
    assert all(torch.equal(a, b) for a, b in zip(first, again, strict=True))
    assert not any(torch.equal(a, b) for a, b in zip(first, other, strict=True))
    flat = [tuple(each.flatten()[:8].mul(1 / each.std()).mul(1e3).round().tolist()) for each in first]
    assert len(set(flat)) == len(flat)


def some_checkpoint(seed):
    """Return what a checkpoint holds, for a model of `SIZE`."""
    weights = workloads.weights("normal", width=8, context=6, seed=seed)
    weights["wte"], weights["lm_head"] = weights["wte"][:11].clone(), weights["lm_head"][:11].clone()
    first, second = ([each * scale for each in reference.in_order(weights)] for scale in (0.5, -3.0))
    return weights, first, second, 929, 930, 2.375


@saving
def test_a_checkpoint_has_24_bytes_and_12_a_parameter(impl, seed):
    data = impl.run_randygpt_save(*some_checkpoint(seed))
    count = reference.GPTSize(heads=1, **SIZE).parameters
    assert len(data) == 24 + 12 * count
    assert data[:8] == b"RGPT0003"


@saving
def test_what_a_checkpoint_holds_and_where(impl, seed):
    weights, first, second, *numbers = some_checkpoint(100 * seed + 7)
    data = impl.run_randygpt_save(weights, first, second, *numbers)
    assert struct.unpack_from("<IIfI", data, 8) == (929, 930, 2.375, 11)
    wanted = torch.cat([each.flatten() for each in (*reference.in_order(weights), *first, *second)])
    assert torch.equal(torch.frombuffer(bytearray(data[24:]), dtype=torch.float32), wanted)


@loading
def test_a_checkpoint_comes_back(impl, seed):
    weights, first, second, *numbers = some_checkpoint(100 * seed + 8)
    checkpoint = reference.Checkpoint(
        weights=weights, first=first, second=second, iteration=929, step=930, best_loss=2.375
    )
    data = reference.saved(checkpoint)
    found, *found_moments, iteration, step, best = impl.run_randygpt_load(data, *SIZE.values())
    assert [iteration, step, best] == numbers
    came = reference.in_order(found), *found_moments
    pairs = zip(came, (reference.in_order(weights), first, second), strict=True)
    for got, wanted in pairs:
        assert all(torch.equal(a, b) for a, b in zip(got, wanted, strict=True))


@loading
@pytest.mark.parametrize("harm", ["magic", "short", "long", "vocabulary"])
def test_a_checkpoint_of_another_model_is_refused(impl, seed, harm):
    weights, first, second, *_ = some_checkpoint(seed)
    checkpoint = reference.Checkpoint(
        weights=weights, first=first, second=second, iteration=1, step=1, best_loss=1.0
    )
    data = reference.saved(checkpoint)
    harmed = {
        "magic": b"RGPT0002" + data[8:],
        "short": data[:-4],
        "long": data + bytes(4),
        "vocabulary": data[:20] + struct.pack("<I", 12) + data[24:],
    }
    with pytest.raises(ValueError, match=r"."):
        impl.run_randygpt_load(harmed[harm], *SIZE.values())
