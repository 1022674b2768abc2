"""Cross-entropy: the mean over all leading dimensions, and stable for logits of any size."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pytest_bolt.correctness import check, fenced, inputs, red_zones, repeated, self_test, verify

from .. import reference
from .targets import middling_targets, some_targets

pytestmark = pytest.mark.bolt(operation="run_cross_entropy", dtypes=("float32", "float64"))
SHAPES = ((64, 50), (33, 257), (16, 4096))
KINDS = (
    "normal",
    "spike",
    "row_scale",
    "row_offset",
    "constant_rows",
    "denormals",
    "transposed",
    "strided",
    "sliced",
)


def twin(logits, targets):
    """Return the framework's own cross-entropy."""
    return F.cross_entropy(logits.reshape(-1, logits.shape[-1]), targets.reshape(-1))


def agrees(impl, logits, targets):
    """Compute the loss and hold it to the reference."""
    args = (logits, targets)
    return verify(impl.run_cross_entropy, args, oracle=reference.cross_entropy, twin=twin)


@pytest.mark.parametrize("distribution", [*inputs.MANDATORY, *KINDS])
def test_agrees_on(impl, device, dtype, seed, distribution):
    make = inputs.DISTRIBUTIONS[distribution]
    logits = make(64, 57, device=device, dtype=dtype, seed=100 * seed + 1)
    agrees(impl, logits, some_targets(logits, 100 * seed + 2))


@pytest.mark.parametrize(
    "leading", [(), (1,), (7,), (4, 7), (7, 7), (3, 1), (1, 5), (2, 3, 4), (3, 7, 7)], ids=str
)
def test_any_leading_dimensions(impl, device, dtype, seed, leading):
    rows = torch.Size(leading).numel()
    logits = inputs.blocks(rows, 7, device=device, dtype=dtype, seed=100 * seed + 3).reshape(*leading, 7)
    agrees(impl, logits, middling_targets(logits))


@pytest.mark.parametrize("columns", [1, *inputs.SIZES, 50_257])
def test_any_vocabulary(impl, device, dtype, seed, columns):
    """The first and the last token are among the targets."""
    logits = inputs.blocks(6, columns, device=device, dtype=dtype, seed=100 * seed + 5)
    targets = some_targets(logits, 100 * seed + 6)
    targets[0], targets[-1] = 0, columns - 1
    agrees(impl, logits, targets)


@pytest.mark.parametrize("target", [0, 1, 4, 5, 9])
def test_each_target_counts(impl, device, dtype, seed, target):
    logits = inputs.normal(1, 10, device=device, dtype=dtype, seed=100 * seed + 7)
    agrees(impl, logits, torch.tensor([target], device=device))
    agrees(impl, logits.expand(5, 10), torch.full((5,), target, device=device))


@pytest.mark.parametrize("size", [100.0, 1e4, 1e6])
@pytest.mark.parametrize("sign", [-1, 1], ids=["all-below", "all-above"])
def test_huge_logits(impl, device, dtype, seed, size, sign):
    """Exponentials of these overflow, or all vanish, in float64 too from the second size on."""
    logits = sign * inputs.normal(33, 200, device=device, dtype=dtype, seed=100 * seed + 8).abs() * size
    agrees(impl, logits, some_targets(logits, 100 * seed + 9))


@pytest.mark.parametrize("distance", [10.0, 30.0, 100.0, 1e4])
def test_an_improbable_target_costs_its_whole_distance(impl, device, dtype, distance):
    """No probability is clamped, and none is lifted by a small constant."""
    logits = torch.zeros(3, 12, device=device, dtype=dtype)
    logits[:, 5] = -distance
    agrees(impl, logits, torch.full((3,), 5, device=device))


@pytest.mark.parametrize("margin", [2.0, 6.0])
def test_a_probable_target_costs_little(impl, device, dtype, margin):
    logits = torch.zeros(3, 12, device=device, dtype=dtype)
    logits[:, 5] = margin
    agrees(impl, logits, torch.full((3,), 5, device=device))


@pytest.mark.parametrize("count", [2, 12, 1000])
def test_equal_logits_cost_the_logarithm_of_their_number(impl, device, dtype, count):
    logits = torch.full((4, count), 0.5, device=device, dtype=dtype)
    loss = impl.run_cross_entropy(logits, torch.arange(4, device=device) % count)
    assert loss.item() == pytest.approx(torch.tensor(count, dtype=torch.float64).log().item(), rel=1e-6)


@pytest.mark.parametrize("shift", [-64.0, 64.0, 4096.0])
def test_a_shift_changes_nothing(impl, device, dtype, seed, shift):
    """Each row by another amount; multiples of 1/64 so that the shift itself does not round."""
    drawn = inputs.normal(65, 20, device=device, dtype=dtype, seed=100 * seed + 10)
    logits = drawn.mul(64).round().clamp(-256, 256) / 64
    amounts = shift * (torch.arange(65, device=device, dtype=dtype).reshape(-1, 1) % 3 - 1)
    targets = some_targets(logits, 100 * seed + 11)
    shifted = impl.run_cross_entropy(logits + amounts, targets).double()
    wanted = reference.cross_entropy(logits.double(), targets)
    # The largest logit may be added back at the end: that rounds as a number of the shift's size does.
    room = torch.finfo(dtype).eps * (4 * wanted + abs(shift)) + 1e-14
    assert abs((shifted - wanted).item()) <= room.item()


def test_the_order_of_rows_changes_nothing(impl, device, dtype, seed):
    logits = inputs.blocks(30, 20, device=device, dtype=dtype, seed=100 * seed + 12)
    targets = some_targets(logits, 100 * seed + 13)
    order = torch.randperm(30, generator=torch.Generator().manual_seed(seed)).to(device)
    output = impl.run_cross_entropy(logits[order], targets[order])
    check(output, oracle=reference.cross_entropy, args=(logits, targets), twin=twin)


def test_rows_twice_cost_the_same(impl, device, dtype, seed):
    """A mean, not a sum; over whatever leading dimensions."""
    logits = inputs.normal(8, 20, device=device, dtype=dtype, seed=100 * seed + 14)
    targets = some_targets(logits, 100 * seed + 15)
    output = impl.run_cross_entropy(logits.expand(3, 8, 20), targets.expand(3, 8))
    check(output, oracle=reference.cross_entropy, args=(logits, targets), twin=twin)


@pytest.mark.parametrize("place", [(0, 0), (3, 4)], ids=["target", "other"])
def test_nan_is_not_hidden(impl, device, dtype, seed, place):
    logits = inputs.normal(6, 9, device=device, dtype=dtype, seed=100 * seed + 16)
    logits[place] = torch.nan
    assert impl.run_cross_entropy(logits, torch.zeros(6, dtype=torch.int64, device=device)).isnan().item()


@settings(max_examples=12, deadline=None, print_blob=True)
@given(
    leading=st.lists(st.integers(1, 5), max_size=3),
    columns=st.integers(1, 20),
    scale=st.sampled_from([0.01, 1.0, 30.0]),
    seed=st.integers(0, 2**16),
)
@example(leading=[3, 3], columns=3, scale=30.0, seed=0)
def test_any_sizes(impl, device, dtype, leading, columns, scale, seed):
    rows = torch.Size(leading).numel()
    drawn = inputs.normal(rows, columns, device=device, dtype=dtype, seed=seed) * scale
    logits = drawn.reshape(*leading, columns)
    # A loss near zero has no digits of its own: the least likely token is the target.
    agrees(impl, logits, logits.argmin(-1))


def test_each_call_answers_its_own_input(impl, device, dtype, seed):
    first, second = (inputs.blocks(9, 20, device=device, dtype=dtype, seed=100 * seed + n) for n in (17, 18))
    targets = some_targets(first, 100 * seed + 19)
    logits, before = first.clone(), targets.clone()
    earlier = impl.run_cross_entropy(logits, targets)
    logits.copy_(second)
    targets.copy_(targets.flip(0))
    agrees(impl, logits, targets)
    check(earlier, oracle=reference.cross_entropy, args=(first, before), twin=twin)


def test_three_runs_are_bit_equal(impl, device, dtype, seed):
    logits = inputs.blocks(40, 257, device=device, dtype=dtype, seed=100 * seed + 20)
    repeated(impl.run_cross_entropy, (logits, some_targets(logits)))


def test_stays_inside_its_memory(impl, device, dtype, seed):
    logits = fenced(inputs.blocks(5, 127, device=device, dtype=dtype, seed=100 * seed + 21))
    with red_zones():
        agrees(impl, logits, some_targets(logits))


@pytest.mark.parametrize("shape", SHAPES, ids="{0[0]}x{0[1]}".format)
def test_the_gate_can_fail(device, dtype, shape):
    values = [
        inputs.DISTRIBUTIONS[name](*shape, device=device, dtype=dtype)
        for name in ("normal", *inputs.MANDATORY)
    ]
    mean = reference.cross_entropy
    wrong = {
        "sum": lambda logits, targets: mean(logits, targets) * len(targets),
        "in bits": lambda logits, targets: mean(logits, targets) / 0.6931471805599453,
        "labels smoothed": lambda logits, targets: F.cross_entropy(logits, targets, label_smoothing=0.01),
        "probabilities as logits": lambda logits, targets: mean(logits.softmax(-1), targets),
        "least likely target": lambda logits, _: mean(logits, logits.argmin(-1)),
        "last row missing": lambda logits, targets: mean(logits[:-1], targets[:-1]),
        "last token missing": lambda logits, targets: mean(logits[:, :-1], targets.clamp(max=shape[1] - 2)),
    }
    first, *more = [(logits, some_targets(logits, 1)) for logits in values]
    self_test(first, also=more, oracle=mean, twin=twin, extra=wrong)
