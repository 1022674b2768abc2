"""Libraries that only some runs need: missing ones are named before anything is measured."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module

from pytest_bolt.errors import BoltError

_REPORT = ("vl_convert", "markdown_it", "nh3")


def require_report(wanted: str, modules: Sequence[str] = _REPORT) -> None:
    """Import what figures and pages are made with, so that nothing can be missing after the run.

    Arguments:
        wanted: what was asked for, as typed.
        modules: what it needs.

    Raises:
        BoltError: with the command that installs it.
    """
    for name in modules:
        try:
            import_module(name)
        except ImportError as error:
            raise BoltError(
                f"{wanted} needs a library that is not installed, or does not load",
                seen={"library": name, "error": error},
                advice="pip install pytest-bolt[report]",
            ) from error
