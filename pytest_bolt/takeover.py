"""Put our `benchmark` fixture in the place of pytest-benchmark's, whose options and marker stay."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_bolt.bench import Benchmark
from pytest_bolt.fixtures import LOCKSTEP

_PEERS = ("benchmark", "pytest_benchmark.plugin")  # installed, or loaded by hand with `-p`
_OURS = "bolt-benchmark"


class BenchmarkFixtures:
    """The fixtures that pytest-benchmark would have offered."""

    @pytest.fixture
    def benchmark(self, request: pytest.FixtureRequest) -> Any:
        """Measure one function, in step with the other tree."""
        fixture = Benchmark(request.node, request.config.stash.get(LOCKSTEP, None))
        yield fixture
        fixture.undo()

    @pytest.fixture
    def benchmark_weave(self, benchmark: Benchmark) -> Any:
        """Measure a function where it is called."""
        return benchmark.weave

    def pytest_configure(self, config: pytest.Config) -> None:
        """Keep pytest-benchmark's marker known."""
        config.addinivalue_line("markers", "benchmark: mark a test with custom benchmark settings.")


def take_over(config: pytest.Config) -> None:
    """Unregister pytest-benchmark, whose options are parsed already, and register our fixtures."""
    manager = config.pluginmanager
    for name in _PEERS:
        if (peer := manager.get_plugin(name)) is not None:
            manager.unregister(peer, name)
    manager.register(BenchmarkFixtures(), _OURS)
