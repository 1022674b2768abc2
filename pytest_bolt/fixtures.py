"""The `bolt` fixture, which every pytest run imports: what it is made of is imported when asked for."""

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
