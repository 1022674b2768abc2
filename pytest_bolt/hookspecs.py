"""Hooks that pytest-bolt calls; implement them in a conftest.py or plugin."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_bolt.core.comparison import Comparison
    from pytest_bolt.core.record import Summary


@pytest.hookspec
def pytest_bolt_verdict(config: pytest.Config, comparison: Comparison) -> None:
    """Be told of each benchmark's verdict as it falls."""


@pytest.hookspec
def pytest_bolt_recorded(config: pytest.Config, summary: Summary) -> None:
    """Be told of the whole run once it is stored."""
