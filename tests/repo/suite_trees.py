"""Two small trees, and what of one belongs to its suite."""

from __future__ import annotations

from pathlib import Path

from pytest_bolt.repo.overlay import Suite, suite_files


def make(root: Path, *names: str, text: str = "") -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def names(paths) -> set[str]:
    return {path.as_posix() for path in paths}


def select(head: Path, *collected: str, config: str | None = None, testpaths=()) -> Suite:
    return suite_files(
        head,
        [head / name for name in collected],
        config_file=head / config if config else None,
        testpaths=testpaths,
    )
