"""The fixtures `impl`, `device` and `dtype`: one value of the matrix each."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.fixture(scope="module")
def impl(request: pytest.FixtureRequest) -> Any:
    """The implementation under test: its functions are attributes, such as `impl.run_softmax`."""
    return request.param


@pytest.fixture(scope="module")
def device(request: pytest.FixtureRequest) -> Any:
    """The `torch.device` to test on."""
    return request.param


@pytest.fixture(scope="module")
def dtype(request: pytest.FixtureRequest) -> Any:
    """The `torch.dtype` to test in."""
    return request.param
