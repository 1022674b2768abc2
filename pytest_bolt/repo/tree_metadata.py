"""Distribution metadata that lies in the other tree: version numbers and entry points, no code."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from importlib.machinery import ModuleSpec
    from importlib.metadata import Distribution, DistributionFinder


class LegacyMetadata:
    """Find the `*.egg-info` of an old editable install (`setup.py develop`), which lies in the tree itself.

    With its folder no longer on `sys.path`, the project would count as not installed.
    """

    def __init__(self, folders: Iterable[str]) -> None:
        self._folders = [folder for folder in folders if _has_metadata(folder)]

    def find_spec(self, *_: object) -> ModuleSpec | None:
        """Find no module."""
        return None

    def find_distributions(self, context: DistributionFinder.Context) -> Iterable[Distribution]:
        """Find the distributions that the other tree describes."""
        if not self._folders:
            return ()
        from importlib.metadata import (  # (slow to import, rarely needed)
            DistributionFinder,
            MetadataPathFinder,
        )

        inner = DistributionFinder.Context(name=context.name, path=self._folders)
        return MetadataPathFinder.find_distributions(inner)


def _has_metadata(folder: str) -> bool:
    try:
        return any(name.endswith(".egg-info") for name in os.listdir(folder))
    except OSError:
        return False
