"""Lay the head's suite over the base's library, so that both sides run the same benchmarks."""

from __future__ import annotations

import filecmp
import os
import shutil
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pytest_bolt.repo.state import RUN_OUTPUT
from pytest_bolt.repo.suite_folders import suite_folders

_SKIPPED = RUN_OUTPUT | {".git", ".hg", ".venv", "venv", ".tox", ".nox", "node_modules"}
# pytest prefers these to the file that the head may be configured by.
_PYTEST_FILES = ("pytest.toml", ".pytest.toml", "pytest.ini", ".pytest.ini")
_COPIED_BYTES = 32 * 2**20  # a larger data file is linked, not copied
_CODE_SUFFIXES = frozenset({".py", ".pyi", ".so", ".pyd"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """What the head lends to the base: `files`, and `folders` that are replaced as a whole.

    All paths are relative to the suite's root.
    """

    files: tuple[Path, ...]
    folders: tuple[Path, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlay:
    """How the base's own suite differed from the head's; paths relative to the suite's root."""

    added: tuple[Path, ...] = ()
    replaced: tuple[Path, ...] = ()
    removed: tuple[Path, ...] = ()

    @property
    def changed(self) -> bool:
        """Return whether the base's own suite differed at all."""
        return bool(self.added or self.replaced or self.removed)


def suite_root(top: Path, rootdir: Path, files: Iterable[Path]) -> Path:
    """Return the folder from which the suite's files are named in both trees.

    It is pytest's root directory, or `top`, the head's top folder, where that directory lies elsewhere or
    holds a part of the head's files only, as with `-c ci/pytest.ini`.
    """
    inside = [file for file in files if _inside(top, file)]
    return rootdir if _inside(top, rootdir) and all(_inside(rootdir, file) for file in inside) else top


def suite_files(
    root: Path, collected: Iterable[Path], *, config_file: Path | None, testpaths: Iterable[str]
) -> Suite:
    """Return what belongs to the suite in the head, as seen from its root (see `suite_root`).

    Every collected file, each `conftest.py` between it and the root, the configuration file, and all
    files of the suite folders (see `suite_folders`), also those that git ignores: test data is often
    downloaded. Caches and virtual environments are left out.
    """
    files = [path for path in collected if _inside(root, path)]
    folders = suite_folders(root, files, testpaths)
    chosen = {_relative(root, path) for path in files}
    chain = {parent for path in chosen for parent in path.parents}
    chosen |= {folder / "conftest.py" for folder in chain if (root / folder / "conftest.py").is_file()}
    if config_file is not None and _inside(root, config_file):
        chosen.add(_relative(root, config_file))
    for folder in folders:
        chosen.update(_walk(root, folder))
    return Suite(files=tuple(sorted(chosen)), folders=folders)


def apply(base_root: Path, head_root: Path, suite: Suite) -> Overlay:
    """Make the suite in the base the head's, file for file, and return what that changed.

    Suite files that the head does not have are removed, so that a deleted benchmark is not collected.
    Symbolic links stay links; an absolute one into the head is pointed at the base.
    """
    removed = [path for path in _stale(base_root, head_root, suite) if _remove(base_root / path)]
    added: list[Path] = []
    replaced: list[Path] = []
    for path in suite.files:
        target = base_root / path
        if _same(head_root / path, target):
            continue
        (replaced if os.path.lexists(target) else added).append(path)
        _clear_way(base_root, path)
        _copy(head_root / path, target, head_root, base_root)
    return Overlay(added=tuple(added), replaced=tuple(replaced), removed=tuple(removed))


def differs(base_root: Path, head_root: Path, suite: Suite) -> bool:
    """Return whether `apply` would change anything: whether the base's own suite is not the head's."""
    if any(os.path.lexists(base_root / path) for path in _stale(base_root, head_root, suite)):
        return True
    return not all(_same(head_root / path, base_root / path) for path in suite.files)


def _stale(base_root: Path, head_root: Path, suite: Suite) -> list[Path]:
    """Return the base's suite files that the head does not have."""
    kept = set(suite.files)
    own = [folder for folder in suite.folders if not (base_root / folder).is_symlink()]
    stale = {path for folder in own for path in _walk(base_root, folder)} - kept
    chain = {parent for path in suite.files for parent in path.parents}
    single = {folder / "conftest.py" for folder in chain} | {Path(name) for name in _PYTEST_FILES}
    return sorted(stale | {path for path in single if not os.path.lexists(head_root / path)})


def _walk(root: Path, folder: Path) -> list[Path]:
    found = []
    for current, folders, files in os.walk(root / folder):
        here = Path(current)
        links = [name for name in folders if (here / name).is_symlink()]
        folders[:] = [name for name in folders if name not in links and not _is_skipped(here / name)]
        found += [(here / name).relative_to(root) for name in (*files, *links) if not name.endswith(".pyc")]
    return found


def _is_skipped(folder: Path) -> bool:
    return folder.name in _SKIPPED or (folder / "pyvenv.cfg").exists()


def _same(head: Path, base: Path) -> bool:
    try:
        if head.is_symlink() or base.is_symlink():
            return head.is_symlink() and base.is_symlink() and head.readlink() == base.readlink()
        executable = (head.stat().st_mode ^ base.stat().st_mode) & 0o100
        return not executable and filecmp.cmp(head, base, shallow=False)
    except OSError:
        return False


def _remove(path: Path) -> bool:
    if not os.path.lexists(path):
        return False
    path.unlink()
    for parent in path.parents:  # an empty folder could still be imported, as a namespace package
        try:
            parent.rmdir()
        except OSError:
            break
    return True


def _clear_way(base_root: Path, path: Path) -> None:
    """Remove what stands where a file or a folder on its way must go."""
    for parent in reversed(path.parents[:-1]):
        here = base_root / parent
        if here.is_symlink() or here.is_file():
            here.unlink()
    target = base_root / path
    if target.is_dir() and not target.is_symlink():
        shutil.rmtree(target)
    target.unlink(missing_ok=True)
    target.parent.mkdir(parents=True, exist_ok=True)


def _copy(source: Path, target: Path, head_root: Path, base_root: Path) -> None:
    with suppress(FileNotFoundError):  # deleted in the working tree since
        if source.is_symlink():
            link = source.readlink()
            inside = link.is_absolute() and link.is_relative_to(head_root)
            target.symlink_to(base_root / link.relative_to(head_root) if inside else link)
        elif not source.is_file():  # a socket or pipe that a test has left
            return
        elif source.stat().st_size > _COPIED_BYTES and source.suffix not in _CODE_SUFFIXES:
            target.symlink_to(source.resolve())
        else:
            shutil.copyfile(source, target)
            shutil.copymode(source, target)


def _inside(root: Path, path: Path) -> bool:
    return path.is_relative_to(root) or path.resolve().is_relative_to(root.resolve())


def _relative(root: Path, path: Path) -> Path:
    return path.relative_to(root) if path.is_relative_to(root) else path.resolve().relative_to(root.resolve())
