"""Check that a wheel holds what it should and nothing else."""

from __future__ import annotations

import sys
import zipfile
from pathlib import PurePosixPath

PACKAGES = {"pytest_bolt", "pytest_bolt_suites", "pytest_bolt_reference"}
NEEDED = {
    "pytest_bolt/plugin.py",
    "pytest_bolt/py.typed",
    "pytest_bolt/reports/templates/page.html.j2",
    "pytest_bolt_suites/__init__.py",
    "pytest_bolt_suites/groups.toml",
    "pytest_bolt_reference/__init__.py",
    "pytest_bolt_reference/adapters/fast/rows.c",
}
LITTER = {"__pycache__", ".hypothesis", ".bolt"}


def problems(names: set[str]) -> list[str]:
    """Return what is wrong with a wheel of these file names, one sentence each."""
    top = {name.split("/")[0] for name in names}
    unknown = sorted(name for name in top - PACKAGES if not name.endswith(".dist-info"))
    litter = sorted(name for name in names if LITTER & set(PurePosixPath(name).parts))
    return [
        *(f"unexpected top-level name: {name}" for name in unknown),
        *(f"missing: {name}" for name in sorted(NEEDED - names)),
        *(f"does not belong: {name}" for name in litter),
    ]


def main(path: str) -> str | None:
    """Return the problems of the wheel at `path` as text, None when there are none."""
    with zipfile.ZipFile(path) as archive:
        return "\n".join(problems(set(archive.namelist()))) or None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
