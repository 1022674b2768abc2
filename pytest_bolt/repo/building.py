"""Compiled extensions of the base: built in its own tree, kept by content, never taken from the head."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import tomllib
import zipfile
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path
from typing import TYPE_CHECKING, Any

from packaging.requirements import InvalidRequirement, Requirement

from pytest_bolt.errors import BoltError
from pytest_bolt.repo.cache import cache_errors
from pytest_bolt.repo.commands import ask, no_local_variables, top_level

if TYPE_CHECKING:
    from git import Repo

AUTO, PATH, PIP = "auto", "path", "pip"
_EXTENSIONS = tuple(EXTENSION_SUFFIXES)
_SOURCES = (".c", ".cc", ".cpp", ".cxx", ".cu", ".f90", ".h", ".hpp", ".pxd", ".pyx", ".rs")
_ROOTS = ("", "src", "lib", "python")
_OF_OTHERS = frozenset({"build", "dist", "node_modules", "site-packages", "target"})
# What a compiler reads: another value makes another file.
_VARIABLES = (
    "AR",
    "ARCHFLAGS",
    "CC",
    "CFLAGS",
    "CPPFLAGS",
    "CXX",
    "CXXFLAGS",
    "LDFLAGS",
    "LDSHARED",
    "RUSTFLAGS",
)
_TAIL_LINES = 12
_ADVICE = "give a command that builds it in place, --bolt-build='COMMAND', or leave it: --bolt-build=path"
_BACKEND = ("setuptools>=40.8",)  # where a project names none (PEP 518)


def build(repo: Repo, tree: Path, how: str, *, cache: Path, say: Callable[[str], None]) -> tuple[str, ...]:
    """Put what has to be compiled into a pristine base tree; return notes for the reader.

    What a build makes is kept in the cache under a digest of the commit's files, the recipe, the interpreter
    and the compiler's variables, and is copied from there the next time.

    Arguments:
        repo: the user's repository.
        tree: the top folder of the base.
        how: `auto` builds with pip where the head's tree holds compiled modules, `path` never builds, `pip`
            always does; anything else is a shell command, run in the base's top folder.
        cache: the cache folder.
        say: called with a line before something that takes long.

    Raises BoltError where the build fails.
    """
    compiled = compiled_modules(repo)
    if how == PATH or (how == AUTO and not compiled):
        return ()
    recipe = PIP if how == AUTO else how
    kept = cache / "builds" / _digest(repo, tree, recipe)
    with cache_errors(cache):
        if not kept.is_dir():
            say(f"bolt: building the base ({recipe})")
            made = _with_pip(tree, compiled) if recipe == PIP else _with_command(repo, tree, recipe)
            _keep(tree, made, kept)
        os.utime(kept)
        shutil.copytree(kept, tree, dirs_exist_ok=True, symlinks=True)
    return stale(repo, compiled)


def compiled_modules(repo: Repo) -> tuple[Path, ...]:
    """Return the compiled modules in the head's tree that git does not track, relative to its top."""
    listed = ask(repo, "ls-files", "--others", "-z", "--", *(f"*{suffix}" for suffix in _EXTENSIONS)).split(
        "\0"
    )
    top = top_level(repo)
    return tuple(Path(name) for name in listed if name and _is_of_project(top, Path(name)))


def stale(repo: Repo, compiled: Iterable[Path]) -> tuple[str, ...]:
    """Return a note where a source of the head is newer than all that was compiled from such sources."""
    top = top_level(repo)
    newest = max((_changed(top / path) for path in compiled), default=None)
    if newest is None:
        return ()
    listed = ask(repo, "ls-files", "-z", "--", *(f"*{suffix}" for suffix in _SOURCES)).split("\0")
    newer = [name for name in listed if name and _changed(top / name) > newest]
    return (
        (f"the head may not be built from its sources: {newer[0]} is newer than what was compiled",)
        if newer
        else ()
    )


def _is_of_project(top: Path, path: Path) -> bool:
    """Return whether a file is neither in an environment nor in a folder of build products."""
    folders = path.parents[:-1]
    hidden = any(folder.name in _OF_OTHERS or folder.name.startswith(".") for folder in folders)
    return not hidden and not any((top / folder / "pyvenv.cfg").exists() for folder in folders)


def _changed(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _digest(repo: Repo, tree: Path, recipe: str) -> str:
    files = ask(repo, "rev-parse", "HEAD^{tree}", folder=tree).strip()
    interpreter = [sys.version, sysconfig.get_platform(), sys.prefix]
    facts = [files, recipe, interpreter, [os.environ.get(name) for name in _VARIABLES]]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:32]


def _keep(tree: Path, made: Iterable[Path], kept: Path) -> None:
    """Copy what was made, whole or not at all."""
    kept.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=kept.parent, prefix=".") as scratch:
        folder = Path(scratch) / "made"
        folder.mkdir()
        for path in made:
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(tree / path, folder / path, follow_symlinks=False)
        with suppress(OSError):  # another run has made the same meanwhile
            folder.rename(kept)


def _with_command(repo: Repo, tree: Path, command: str) -> list[Path]:
    before = _untracked(repo, tree)
    _run(["/bin/sh", "-c", command], tree, command)
    return sorted(_untracked(repo, tree) - before)


def _untracked(repo: Repo, tree: Path) -> set[Path]:
    """Return every file that is not the commit's: ignored ones, and those that a build has changed."""
    listed = ask(repo, "ls-files", "--others", "--modified", "-z", folder=tree).split("\0")
    return {Path(name) for name in listed if name and (tree / name).is_file()}


def _with_pip(tree: Path, like: Iterable[Path]) -> list[Path]:
    """Build a wheel and put its compiled modules where the head has them; return their paths."""
    with tempfile.TemporaryDirectory(prefix="pytest-bolt-build-") as scratch:
        source, wheels = Path(scratch) / tree.name, Path(scratch) / "wheels"
        shutil.copytree(tree, source, symlinks=True)  # with .git, from which some projects read their version
        command = [
            sys.executable,
            "-m",
            "pip",
            "wheel",
            "--no-deps",
            "--no-input",
            "--disable-pip-version-check",
        ]
        isolation = [] if _missing_requirements(source) else ["--no-build-isolation"]
        _run([*command, *isolation, f"--wheel-dir={wheels}", str(source)], source, PIP)
        made = []
        for wheel in sorted(wheels.glob("*.whl")):
            with zipfile.ZipFile(wheel) as archive:
                names = [name for name in archive.namelist() if name.endswith(_EXTENSIONS)]
                for name in names:
                    place = _place(tree, Path(name), like)
                    (tree / place).parent.mkdir(parents=True, exist_ok=True)
                    (tree / place).write_bytes(archive.read(name))
                    made.append(place)
    if not made:
        raise BoltError(
            "the base was built, and no compiled module came of it",
            seen={"tree": tree, "the head has": ", ".join(map(str, like)) or "none"},
            advice=_ADVICE,
        )
    return made


def _place(tree: Path, name: Path, like: Iterable[Path]) -> Path:
    """Return where a module of a wheel belongs in the tree: as in the head, else beside its package."""
    for path in like:
        if path.parts[-len(name.parts) :] == name.parts:
            return path
    for root in _ROOTS:
        if (tree / root / name.parts[0]).is_dir():
            return Path(root) / name
    return name


def _missing_requirements(source: Path) -> list[str]:
    """Return what the build asks for and this environment lacks; then pip has to fetch it."""
    return [text for text in _requirements(source) if not _is_installed(text)]


def _requirements(source: Path) -> tuple[str, ...]:
    try:
        document: Mapping[str, Any] = tomllib.loads((source / "pyproject.toml").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return _BACKEND
    return tuple(document.get("build-system", {}).get("requires", _BACKEND))


def _is_installed(text: str) -> bool:
    try:
        requirement = Requirement(text)
        if requirement.marker is not None and not requirement.marker.evaluate():
            return True
        return requirement.specifier.contains(importlib.metadata.version(requirement.name), prereleases=True)
    except (InvalidRequirement, importlib.metadata.PackageNotFoundError):
        return False


def _run(command: list[str], folder: Path, shown: str) -> None:
    with tempfile.TemporaryFile("w+", errors="replace") as output, no_local_variables():
        done = subprocess.run(
            command, cwd=folder, stdin=subprocess.DEVNULL, stdout=output, stderr=output, check=False
        )
        output.seek(0)
        said = [line for line in output.read().splitlines() if line.strip()]
    if done.returncode:
        raise BoltError(
            "the base could not be built",
            seen={
                "recipe": shown,
                "status": done.returncode,
                "output": "\n".join(said[-_TAIL_LINES:]) or "none",
            },
            advice=_ADVICE,
        )
