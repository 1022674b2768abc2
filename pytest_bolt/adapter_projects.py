"""The project that an adapter file belongs to: importable, and known by name, without being installed.

Course repositories ask for the version of their own package while they are imported, and their adapters
import that package from the folder above.
"""

from __future__ import annotations

import atexit
import importlib.metadata
import sys
import tomllib
from pathlib import Path

from pytest_bolt.scratch import Scratch

_PROJECT_FILE = "pyproject.toml"
_UNKNOWN_VERSION = "0"
_PUNCTUATION = str.maketrans("", "", "-_.+")  # what a name or a version may hold beside letters and digits


def make_importable(adapter: Path) -> None:
    """Put an adapter's folder, its project's and that one's `src` behind everything that is importable.

    So no file there can take the place of an installed module. Where the project is not installed, its name
    and version are known to `importlib.metadata` from now on, here and in processes that are started.
    """
    root = project_root(adapter)
    places = [adapter.parent, *([root, root / "src"] if root is not None else [])]
    _add([place for place in places if place.is_dir()])
    declared = _declared(root) if root is not None else None
    if declared is not None and not _is_known(declared[0]):
        _announce(*declared)


def project_root(adapter: Path) -> Path | None:
    """Return the nearest folder above with a pyproject.toml, None where a repository ends without one."""
    for folder in adapter.parents:
        if (folder / _PROJECT_FILE).is_file():
            return folder
        if (folder / ".git").exists():
            return None
    return None


def _add(places: list[Path]) -> None:
    sys.path += [str(place) for place in places if str(place) not in sys.path]


def _is_known(name: str) -> bool:
    try:
        importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


def _announce(name: str, version: str) -> None:
    """Write what an installed project has to say of itself into a folder of its own on the path.

    A folder, and no hook of this process: a submission that starts others hands its path on to them.
    """
    lent = Scratch("metadata")
    atexit.register(lent.remove)
    info = lent.folder / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    _add([lent.folder])
    importlib.invalidate_caches()


def _declared(root: Path) -> tuple[str, str] | None:
    """Return name and version of a project, None where its file cannot be read or says no plain name."""
    try:
        project = tomllib.loads((root / _PROJECT_FILE).read_text(encoding="utf-8")).get("project", {})
    except (OSError, ValueError):
        return None
    name = project.get("name") if isinstance(project, dict) else None
    if not isinstance(name, str) or not name.translate(_PUNCTUATION).isalnum():
        return None
    version = project.get("version")
    plain = isinstance(version, str) and version.translate(_PUNCTUATION).isalnum()
    return name, version if plain else _UNKNOWN_VERSION
