"""Where the suites that ship with pytest-bolt are."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable
from pathlib import Path

from pytest_bolt.settings import unknown

_INSTALLED = "pytest_bolt_suites"


def suite_arguments(names: Iterable[str]) -> list[str]:
    """Return the pytest arguments that select shipped suites: `all`, or `softmax` and its like.

    Raises BoltError for an unknown name.
    """
    home = _home()
    known = sorted(path.name for path in home.iterdir() if (path / "__init__.py").exists())
    chosen = []
    for name in (part.strip() for text in names for part in text.split(",")):
        if name not in {"all", *known}:
            raise unknown("suite", name, ["all", *known])
        chosen.append(str(home if name == "all" else home / name))
    return chosen


def _home() -> Path:
    """Return the folder of the suites: installed under a name of their own, or beside this package."""
    spec = importlib.util.find_spec(_INSTALLED)
    if spec is not None and spec.origin is not None:
        return Path(spec.origin).parent
    return Path(__file__).parent.parent / "suites"
