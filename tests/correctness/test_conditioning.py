"""What an answer may be off by is also what inputs a few units away would give, and no more."""

from __future__ import annotations

import pytest
import torch

from pytest_bolt.correctness import Incorrect, check, verify_gradients
from pytest_bolt.correctness.conditioning import nudges


def centred(x):
    """Return the rows of `x` less their mean: far from zero, little is left of what was known."""
    return x - x.mean(-1, keepdim=True)


def far_from_zero(dtype=torch.float32):
    drawn = torch.randn(4, 64, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    return (drawn + 1000).to(dtype)


def in_float64(x):
    return centred(x.double()).to(x.dtype)


def one_unit_off(x):
    return centred(x) + 1000 * torch.finfo(x.dtype).eps


def test_an_exact_twin_does_not_reject_what_the_inputs_hardly_determine():
    x = far_from_zero()
    check(one_unit_off(x), oracle=centred, args=(x,), twin=in_float64)


@pytest.mark.parametrize("units", [100, 1e5])
def test_more_than_that_is_rejected(units):
    x = far_from_zero()
    with pytest.raises(Incorrect):
        check(
            centred(x) + units * 1000 * torch.finfo(x.dtype).eps, oracle=centred, args=(x,), twin=in_float64
        )


def test_gradients_likewise():
    x = far_from_zero()

    def square(x):
        return in_float64(x).square()

    def lossy(x):
        return (centred(x) + 1000 * torch.finfo(x.dtype).eps).square()

    verify_gradients(lossy, (x,), oracle=lambda x: centred(x).square(), twin=square)
    with pytest.raises(Incorrect):
        verify_gradients(
            lambda x: (centred(x) + 1e-2).square(), (x,), oracle=lambda x: centred(x).square(), twin=square
        )


def test_the_twin_is_asked_again_only_before_a_rejection():
    calls = []

    def twin(x):
        calls.append(x)
        return torch.softmax(x, -1)

    x = torch.randn(4, 64)
    kwargs = {"oracle": lambda x: torch.softmax(x, -1), "args": (x,), "twin": twin}
    check(torch.softmax(x, -1), **kwargs)
    assert len(calls) == 1
    with pytest.raises(Incorrect):
        check(torch.zeros_like(x), **kwargs)
    assert len(calls) == 6
    calls.clear()
    with pytest.raises(Incorrect):
        check(torch.full_like(x, torch.nan), **kwargs)
    assert len(calls) == 1


def test_where_the_formula_jumps_what_lies_beside_is_no_measure():
    table = torch.randn(16, 8)
    places = torch.tensor([0.0, 3.0, 5.0, 15.0])

    def look_up(places, table):
        return table[places.long()]

    check(look_up(places, table), oracle=look_up, args=(places, table))
    for wrong in (look_up(places - 0.5, table), look_up(places, table.roll(1, 0))):
        with pytest.raises(Incorrect):
            check(wrong, oracle=look_up, args=(places, table))


def test_a_twin_that_refuses_other_inputs_is_not_asked():
    def halves(x):
        if not torch.equal(2 * x, (2 * x).round()):
            raise ValueError("not halves")
        return x

    x = torch.tensor([0.5, 1.0, 2.5])
    with pytest.raises(Incorrect):
        check(x + 0.5, oracle=halves, args=(x,))


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_narrow_dtypes_have_no_such_allowance(dtype):
    assert not list(nudges((far_from_zero(dtype), far_from_zero(dtype))))
    assert not list(nudges((torch.arange(3), "a", None)))


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_beside_a_wide_input_a_narrow_one_is_off_by_units_of_float32(dtype):
    narrow, wide = torch.ones(9, dtype=dtype), torch.ones(3, dtype=torch.float64)
    for nudge in nudges((narrow, wide)):
        first, second = nudge((narrow, wide))
        assert (first.dtype, second.dtype) == (torch.float32, torch.float64)
        assert torch.equal((first - 1).abs(), torch.full((9,), 4 * torch.finfo(torch.float32).eps))


def test_nudges_are_the_same_each_time_and_four_units():
    x = far_from_zero(torch.float64)
    (first, second), (again, _) = ([nudge((x, x))[0] for nudge in nudges((x,))][:2] for _ in range(2))
    assert torch.equal(first, again)
    assert not torch.equal(first, second)
    off = (first / x - 1).abs() / torch.finfo(x.dtype).eps
    assert off.min() >= 3
    assert off.max() <= 5
    assert ((first > x).float().mean() - 0.5).abs() < 0.2


def test_whole_numbers_and_zeros_stay():
    given = {"at": torch.arange(4), "mask": torch.tensor([True, False]), "x": torch.zeros(3)}
    for nudge in nudges(given):
        changed = nudge(given)
        assert all(torch.equal(changed[name], given[name]) for name in given)


def test_a_twin_that_rounds_luckily_does_not_reject_what_rounds_otherwise():
    x = torch.ones(1, 4, dtype=torch.bfloat16)
    below = 1 - torch.finfo(torch.bfloat16).eps / 2

    def nearly_one(x):
        return x * (1 - 1e-4)

    assert torch.equal(nearly_one(x), x)
    one_off = torch.tensor([[below, 1, 1, 1]], dtype=torch.bfloat16)
    check(one_off, oracle=nearly_one, args=(x,))
    with pytest.raises(Incorrect):
        check(torch.full_like(x, below), oracle=nearly_one, args=(x,))


def test_copies_stay_exact():
    x = torch.randn(1, 9, generator=torch.Generator().manual_seed(0)).to(torch.bfloat16)
    off = x.clone()
    off[0, :3] *= 1 + torch.finfo(torch.bfloat16).eps
    check(x.clone(), oracle=torch.clone, args=(x,))
    with pytest.raises(Incorrect):
        check(off, oracle=torch.clone, args=(x,))


def test_beside_a_narrow_input_a_wide_output_is_as_well_known_as_its_conditioning():
    x = far_from_zero()
    narrow = torch.ones(4, 64, dtype=torch.bfloat16)

    def both(x, y):
        return in_float64(x) * y.to(x.dtype), y * 1

    def oracle(x, y):
        return centred(x) * y, y * 1

    off = (one_unit_off(x), narrow.clone())
    check(off, oracle=oracle, args=(x, narrow), twin=both)
    with pytest.raises(Incorrect):
        check((one_unit_off(x) + 1, narrow.clone()), oracle=oracle, args=(x, narrow), twin=both)
    with pytest.raises(Incorrect):
        check((off[0], narrow * 1.02), oracle=oracle, args=(x, narrow), twin=both)
