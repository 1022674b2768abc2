"""What lies in a cache of worktrees."""

from __future__ import annotations

from pathlib import Path

DAY = 24 * 3600.0


def slots_of(cache: Path) -> list[Path]:
    return sorted(cache.glob("worktrees/*/*"))


def files_of(tree: Path) -> set[str]:
    return {str(path.relative_to(tree)) for path in tree.rglob("*") if path.is_file()} - {".git"}
