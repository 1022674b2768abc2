"""Compiled extensions of the base: built in its own tree, kept by content, never taken from the head."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import tomllib
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path
from typing import TYPE_CHECKING, Any

from packaging.requirements import Requirement

from pytest_bolt.core.plain_text import one_line
from pytest_bolt.errors import BoltError
from pytest_bolt.repo.cache import cache_errors
from pytest_bolt.repo.commands import ask, no_local_variables, top_level
from pytest_bolt.scratch import scratch

if TYPE_CHECKING:
    from git import Repo

AUTO, PATH, PIP = "auto", "path", "pip"
_EXTENSIONS = tuple(EXTENSION_SUFFIXES)
_SOURCES = (".c", ".cc", ".cpp", ".cxx", ".cu", ".f90", ".h", ".hpp", ".pxd", ".pyx", ".rs")
_ROOTS = ("", "src", "lib", "python")
_OF_OTHERS = frozenset({"build", "dist", "node_modules", "site-packages", "target"})
# What compilers and build systems read: another value makes another file.
_VARIABLES = re.compile(
    r"AR$|ARCHFLAGS|CC$|CFLAGS|CPPFLAGS|CPATH|CXX|CUDA|CARGO|CMAKE|LD|LIBRARY_PATH|MACOSX_|MESON|NVCC|PATH$|"
    r"RUST|SETUPTOOLS|SKBUILD|TORCH_CUDA"
)
_TAIL_LINES = 12
_ADVICE = "give a command that builds it in place, --bolt-build='COMMAND', or leave it: --bolt-build=path"
_BACKEND = ("setuptools>=40.8",)  # where a project names none (PEP 518)


def build(repo: Repo, tree: Path, how: str, *, cache: Path, say: Callable[[str], None]) -> tuple[str, ...]:
    """Put what has to be compiled into a pristine base tree; return notes for the reader.

    What a build makes is kept in the cache under a digest of the commit's files, the recipe, the interpreter,
    what is installed for building and the compiler's variables, and is copied from there the next time.

    Arguments:
        repo: the user's repository.
        tree: the top folder of the base.
        how: `auto` builds with pip where the head's tree holds compiled modules, `path` never builds, `pip`
            always does; anything else is a shell command, run in the base's top folder.
        cache: the cache folder.
        say: called with a line before something that takes long.

    Raises BoltError where a build that was asked for fails. One that was not is only noted: a benchmark that
    needs it is refused by the proof of where its modules come from.
    """
    compiled = compiled_modules(repo)
    if how == PATH or (how == AUTO and not compiled):
        return ()
    recipe = PIP if how == AUTO else how
    kept = cache / "builds" / _digest(repo, tree, recipe, compiled)
    try:
        if kept.is_dir():
            _lend(kept, tree, cache)
        else:
            say(f"bolt: building the base ({recipe})")
            made = _with_pip(tree, compiled) if recipe == PIP else _with_command(repo, tree, recipe)
            with cache_errors(cache):
                _keep(tree, made, kept)
    except BoltError as error:
        if how != AUTO:
            raise
        reason = next(iter(str(error.seen.get("output", "")).splitlines()[-1:]), "")
        return (
            f"the base was not built: {one_line(error.what)}{f' ({one_line(reason)})' if reason else ''}",
        )
    note = f"compiled modules: the base's were built ({one_line(recipe)}), this tree's are as they were found"
    return (note, *stale(repo, compiled))


def _lend(kept: Path, tree: Path, cache: Path) -> None:
    """Copy an earlier build into the tree, in place of whatever is there."""
    with cache_errors(cache):
        os.utime(kept)
        for path in sorted(kept.rglob("*")):
            target = tree / path.relative_to(kept)
            if path.is_dir() and not path.is_symlink():
                target.mkdir(parents=True, exist_ok=True)
                continue
            target.unlink(missing_ok=True)
            shutil.copy2(path, target, follow_symlinks=False)


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
    marks = ("pyvenv.cfg", "conda-meta")
    return not hidden and not any((top / folder / mark).exists() for folder in folders for mark in marks)


def _changed(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _digest(repo: Repo, tree: Path, recipe: str, like: Iterable[Path]) -> str:
    files = ask(repo, "rev-parse", "HEAD^{tree}", folder=tree).strip()
    interpreter = [sys.version, sysconfig.get_platform(), sys.prefix]
    variables = {name: value for name, value in os.environ.items() if _VARIABLES.match(name)}
    installed = sorted(f"{each.name} {each.version}" for each in importlib.metadata.distributions())
    filled = sorted(
        str(path) for path in tree.iterdir() if path.is_dir() and any(path.iterdir())
    )  # submodules
    facts = [files, recipe, interpreter, sorted(variables.items()), installed, filled, sorted(map(str, like))]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:32]


def _keep(tree: Path, made: Iterable[Path], kept: Path) -> None:
    """Copy what was made, whole or not at all."""
    kept.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=kept.parent, prefix=".") as scratch:
        folder = Path(scratch) / "made"
        folder.mkdir()
        for path in made:
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            outward = (tree / path).is_symlink() and (tree / path).readlink().is_absolute()
            shutil.copy2(tree / path, folder / path, follow_symlinks=outward)
        with suppress(OSError):  # another run has made the same meanwhile
            folder.rename(kept)


def _with_command(repo: Repo, tree: Path, command: str) -> list[Path]:
    before = _untracked(repo, tree)
    _run(["/bin/sh", "-c", command], tree, command)
    made = sorted(_untracked(repo, tree) - before)
    if not made:
        raise _nothing_made(tree, command)
    return made


def _untracked(repo: Repo, tree: Path) -> set[Path]:
    """Return every file that is not the commit's: ignored ones, and those that a build has changed."""
    listed = ask(repo, "ls-files", "--others", "--modified", "-z", folder=tree).split("\0")
    return {Path(name) for name in listed if name and (tree / name).is_file()}


def _with_pip(tree: Path, like: Sequence[Path]) -> list[Path]:
    """Build a wheel of every project that has compiled modules; return the paths of those of the base."""
    made = [path for project in _projects(tree, like) for path in _with_wheel(tree, project, like)]
    if not made:
        raise _nothing_made(tree, PIP)
    return made


def _projects(tree: Path, like: Iterable[Path]) -> list[Path]:
    """Return the folders that say how they are built: the nearest above each compiled module of the head."""
    found = (next((folder for folder in path.parents if _says_how(tree / folder)), Path()) for path in like)
    return sorted(set(found)) or [Path()]


def _says_how(folder: Path) -> bool:
    return any((folder / name).is_file() for name in ("pyproject.toml", "setup.py"))


def _with_wheel(tree: Path, project: Path, like: Sequence[Path]) -> Iterator[Path]:
    """Build a wheel and put its compiled modules where the head has them; yield their paths."""
    with scratch("build") as folder:
        copy, wheels = folder / tree.name, folder / "wheels"
        shutil.copytree(tree, copy, symlinks=True)  # with .git, from which some projects read their version
        _make_wheel(copy / project, wheels)
        for wheel in sorted(wheels.glob("*.whl")):
            with zipfile.ZipFile(wheel) as archive:
                for name in (name for name in archive.namelist() if name.endswith(_EXTENSIONS)):
                    place = _place(tree, project, _module(name), like)
                    (tree / place).parent.mkdir(parents=True, exist_ok=True)
                    (tree / place).write_bytes(archive.read(name))
                    yield place


def _make_wheel(source: Path, wheels: Path) -> None:
    """Build with what is installed, where that will do; else let pip fetch what the build asks for."""
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-input", "--disable-pip-version-check"]
    command += [f"--wheel-dir={wheels}", str(source)]
    if not _missing_requirements(source):
        try:
            _run([*command, "--no-build-isolation"], source, PIP)
        except BoltError:
            if not _requirements_can_be_more(source):
                raise
        else:
            return
    _run(command, source, PIP)


def _requirements_can_be_more(source: Path) -> bool:
    """Return whether the backend may ask for more than is written down, as all but setuptools do."""
    return not any(text.lower().startswith("setuptools") for text in _requirements(source))


def _module(name: str) -> Path:
    """Return where a file of a wheel is installed, relative to site-packages (PEP 427).

    Raises BoltError for one that would lie outside.
    """
    parts = Path(name).parts
    if len(parts) > 2 and parts[0].endswith(".data") and parts[1] in {"platlib", "purelib"}:
        parts = parts[2:]
    if not parts or ".." in parts or Path(*parts).is_absolute():
        raise BoltError("the base's wheel holds a file outside of its package", seen={"file": one_line(name)})
    return Path(*parts)


def _place(tree: Path, project: Path, name: Path, like: Iterable[Path]) -> Path:
    """Return where a module of a wheel belongs in the tree: as in the head, else beside its package."""
    roots = [project / root for root in _ROOTS]
    of_head = [path for path in like if path.parts[-len(name.parts) :] == name.parts]
    inside = [path for path in of_head if any(path == root / name for root in roots)]
    if inside or of_head:
        return (inside or of_head)[0]
    return next((root / name for root in roots if (tree / root / name).parent.is_dir()), project / name)


def _nothing_made(tree: Path, recipe: str) -> BoltError:
    what = "the base was built, and no compiled module came of it"
    return BoltError(what, seen={"tree": tree, "recipe": one_line(recipe)}, advice=_ADVICE)


def _missing_requirements(source: Path) -> list[str]:
    """Return what the build asks for and this environment lacks; then pip has to fetch it."""
    return [text for text in _requirements(source) if not _is_installed(text)]


def _requirements(source: Path) -> tuple[str, ...]:
    try:
        document: Mapping[str, Any] = tomllib.loads((source / "pyproject.toml").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return _BACKEND
    system = document.get("build-system", {})
    requires = system.get("requires", _BACKEND) if isinstance(system, dict) else _BACKEND
    return tuple(map(str, requires)) if isinstance(requires, list | tuple) else _BACKEND


def _is_installed(text: str) -> bool:
    try:
        requirement = Requirement(text)
        if requirement.marker is not None and not requirement.marker.evaluate():
            return True
        return requirement.specifier.contains(importlib.metadata.version(requirement.name), prereleases=True)
    except (ValueError, importlib.metadata.PackageNotFoundError):  # all errors of packaging are ValueErrors
        return False


def _run(command: list[str], folder: Path, shown: str) -> None:
    with tempfile.TemporaryFile("w+", errors="replace") as output, no_local_variables():
        done = subprocess.run(
            command, cwd=folder, stdin=subprocess.DEVNULL, stdout=output, stderr=output, check=False
        )
        output.seek(0)
        said = [one_line(line) for line in output.read().splitlines() if line.strip()]
    if done.returncode:
        raise BoltError(
            "the base could not be built",
            seen={
                "recipe": one_line(shown),
                "status": done.returncode,
                "output": "\n".join(said[-_TAIL_LINES:]) or "none",
            },
            advice=_ADVICE,
        )
