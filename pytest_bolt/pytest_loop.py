"""What a bolt run keeps of pytest's own loop: plain tests, stops, usage errors, the command line."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from pytest_bolt.errors import BoltError


def run_plain(session: pytest.Session, items: Sequence[pytest.Item]) -> None:
    """Run tests that measure nothing the way pytest does."""
    for index, item in enumerate(items):
        following = items[index + 1] if index + 1 < len(items) else None
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        stop_if_asked(session)


def stop_if_asked(session: pytest.Session) -> None:
    """Raise what pytest raises where a plugin or an option asked to stop."""
    if session.shouldfail:
        raise session.Failed(session.shouldfail)
    if session.shouldstop:
        raise session.Interrupted(session.shouldstop)


def command_line(config: pytest.Config) -> tuple[str, ...]:
    """Return how pytest was started, in words that start it again."""
    name = Path(sys.argv[0]).name
    program = ("python", "-m", "pytest") if name == "__main__.py" else (name,)
    return (*program, *map(str, config.invocation_params.args))


def resumes(config: pytest.Config) -> bool:
    """Return whether an earlier run's outcomes chose the tests: what is left out is then not missing."""
    return bool(getattr(config.option, "lf", False) or getattr(config.option, "stepwise", False))


@contextmanager
def usage_errors() -> Iterator[None]:
    """Turn a BoltError into pytest's usage error."""
    try:
        yield
    except BoltError as error:
        raise pytest.UsageError(error.render()) from None
