from __future__ import annotations

import pytest
import torch

from pytest_bolt.correctness import compare, inputs


def spread_rows():
    """Return values whose second row is a millionth of the first, in float64 and float32."""
    exact = torch.stack([inputs.normal(1, 64, seed=1)[0], inputs.normal(1, 64, seed=2)[0] * 1e-6]).double()
    return exact, exact.float()


def test_judged_as_a_whole_a_small_row_may_be_off():
    """What is left of large numbers that cancel has their error, not its own."""
    exact, framework = spread_rows()
    off = framework.clone()
    off[1] *= 1.001
    assert not compare(off, reference64=exact, framework=framework).ok
    assert compare(off, reference64=exact, framework=framework, by_row=False).ok


def test_judged_as_a_whole_the_place_of_the_largest_error_is_that_in_the_output():
    exact, framework = spread_rows()
    off = framework.clone()
    off[0, 7] += 1.0
    found = compare(off, reference64=exact, framework=framework, by_row=False)
    assert (found.ok, found.worst) == (False, (0, 7))


@pytest.mark.parametrize("shape", [(0, 5), (3, 0), ()])
def test_judged_as_a_whole_any_shape_will_do(shape):
    values = torch.ones(shape)
    assert compare(values, reference64=values.double(), framework=values, by_row=False).ok
