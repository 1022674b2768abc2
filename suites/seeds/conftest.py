"""Experiments take minutes: they run where their outcome is wanted, not with the tests of the operations."""

from __future__ import annotations

import pytest


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a claim in a run that would not judge it."""
    option = item.config.option
    judged = option.bolt_journal is not None or option.bolt_baseline is not None
    if not judged and not item.config.pluginmanager.hasplugin("bolt-worker"):
        pytest.skip("an experiment: --bolt-journal runs and judges it")
