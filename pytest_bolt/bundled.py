"""Where the suites that ship with pytest-bolt are, and which go together."""

from __future__ import annotations

import importlib.util
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pytest_bolt.settings import unknown

_INSTALLED = "pytest_bolt_suites"
_ALL = "all"


def suite_arguments(names: Iterable[str], *, dtype: bool = True) -> list[str]:
    """Return the pytest arguments that select shipped suites.

    Arguments:
        names: of suites (`softmax`), of groups of them (`cs336`), or `all`; each may be a list with commas.
        dtype: whether a group may choose the dtypes: not where they are chosen already.

    Raises BoltError for an unknown name.
    """
    home = _home()
    groups = _groups(home)
    known = _suites(home)
    chosen: dict[str, None] = {}
    dtypes: dict[str, None] = {}
    for name in (part.strip() for text in names for part in text.split(",")):
        if name not in {_ALL, *known, *groups}:
            raise unknown("suite", name, [_ALL, *groups, *known])
        group = groups.get(name, {"suites": [] if name == _ALL else [name]})
        chosen |= dict.fromkeys(str(home / suite) for suite in group["suites"])
        chosen |= {str(home): None} if name == _ALL else {}
        dtypes |= {group.get("dtype", ""): None}
    only = next(iter(dtypes)) if len(dtypes) == 1 else ""
    return [*([f"--bolt-dtype={only}"] if dtype and only else []), *chosen]


def _suites(home: Path) -> list[str]:
    return sorted(path.name for path in home.iterdir() if (path / "__init__.py").exists())


def _groups(home: Path) -> dict[str, dict[str, Any]]:
    found = tomllib.loads((home / "groups.toml").read_text())
    return {name: found[name] for name in sorted(found)}


def _home() -> Path:
    """Return the folder of the suites: installed under a name of their own, or beside this package."""
    spec = importlib.util.find_spec(_INSTALLED)
    if spec is not None and spec.origin is not None:
        return Path(spec.origin).parent
    return Path(__file__).parent.parent / "suites"
