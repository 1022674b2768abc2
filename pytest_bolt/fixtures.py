"""The fixtures, which every pytest run imports: what they are made of is imported when asked for.

`impl`, `device`, `dtype` and `seed` are one value of the matrix each.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pytest_bolt.measuring.lockstep import Lockstep

LOCKSTEP: pytest.StashKey[Lockstep] = pytest.StashKey()


@pytest.fixture
def bolt(request: pytest.FixtureRequest) -> Any:
    """Check and measure one function; a superset of pytest-benchmark's `benchmark`."""
    from pytest_bolt.bench import Bolt

    fixture = Bolt(request.node, request.config.stash.get(LOCKSTEP, None))
    yield fixture
    fixture.undo()


@pytest.fixture
def claim(request: pytest.FixtureRequest) -> Any:
    """What a test of a claim found: `claim.found("nan_share", 0.0)`."""
    from pytest_bolt.claims import Claim

    return Claim(request.node)


@pytest.fixture(scope="module")
def impl(request: pytest.FixtureRequest) -> Any:
    """The implementation under test: its functions are attributes, such as `impl.run_softmax`."""
    lockstep = request.config.stash.get(LOCKSTEP, None)
    if lockstep is None or not lockstep.baseline:
        return request.param
    from pytest_bolt.baseline_adapters import stand_in

    return stand_in(lockstep.baseline, request.param, request.module.__package__ or "")


@pytest.fixture(scope="module")
def seed(request: pytest.FixtureRequest) -> int:
    """The seed of this test's inputs: 0, or each of `--bolt-seeds`."""
    return int(getattr(request, "param", 0))


@pytest.fixture(scope="module")
def device(request: pytest.FixtureRequest) -> Any:
    """The `torch.device` to test on."""
    return request.param


@pytest.fixture(scope="module")
def dtype(request: pytest.FixtureRequest) -> Any:
    """The `torch.dtype` to test in."""
    return request.param
