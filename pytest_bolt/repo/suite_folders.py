"""Which folders hold the benchmarks and their helpers, and which hold the library under test.

The head's suite is laid over the base, the library never is: a library folder taken for a suite would
measure the head against itself. So where a name leaves doubt, a folder is taken for the library, and
only the benchmark files themselves and their conftest files are laid over.
"""

from __future__ import annotations

import configparser
import fnmatch
import re
import tomllib
from collections.abc import Iterable
from pathlib import Path

# Hardly anybody ships a library under these names at the top of a repository.
_PLAIN = ("tests", "test", "benches", "benchmarks")
_PLAIN_PATTERNS = ("tests[_-]*", "*[_-]tests", "*[_-]test", "*[_-]benchmarks", "*[_-]bench")
# Suites mostly, and libraries sometimes.
_DOUBTFUL = ("testing", "bench", "benchmark", "perf", "performance", "suites")
_DOUBTFUL_PATTERNS = ("bench[_-]*", "benchmarks[_-]*")
_NO_LIBRARY = re.compile(r"(test_.*|bench_.*|.*_test|conftest|setup|noxfile)\.py")
_CODE = frozenset({"src", "lib", "python"})
_NO_CODE = frozenset({"docs", "doc", "examples", "build", "dist", "node_modules"})
_BUILD_FILES = ("pyproject.toml", "setup.py", "setup.cfg")


def suite_folders(root: Path, collected: Iterable[Path], testpaths: Iterable[str]) -> tuple[Path, ...]:
    """Return the folders, relative to `root`, whose whole content belongs to the suite.

    For each collected file it is the outermost ancestor strictly below `root` that has a conventional
    name (`tests`, `benchmarks`, `gpu_tests`, `perf`, ...) or is listed in `testpaths`, and that is not a
    library. A library is:

    - a folder with the project's own name;
    - `src`, `lib`, `python`, and any folder listed in testpaths that is a package or a project itself,
      or that has a package between it and the collected file (`testpaths = mypackage`);
    - of the names in doubt (`testing`, `bench`, `perf`, ...): a folder inside a package, a package that
      holds a suite folder on the way to the collected file (`benchmark/tests/`), and a package that is
      all the code there is in the repository;
    - a package with the name of a benchmark suite (`benchmarks`) that holds a suite folder on the way to
      the collected file, where there is no other code.
    """
    listed = {Path(path) for path in testpaths if Path(path) != Path()}
    project = project_name(root)
    found: dict[Path, None] = {}
    for file in collected:
        relative = _below(root, file)
        if relative is not None:
            folder = _outermost(root, relative, listed, project)
            found.update({folder: None} if folder else {})
    return tuple(path for path in found if not any(other in path.parents for other in found))


def is_conventional(name: str) -> bool:
    """Return whether a folder of this name is a suite, as far as a name can tell."""
    return _is_plain(name) or _is_doubtful(name)


def project_name(root: Path) -> str:
    """Return the project's declared name as one would import it, empty where none is declared."""
    name = ""
    try:
        data = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
        name = data.get("project", {}).get("name") or data.get("tool", {}).get("poetry", {}).get("name", "")
    except (OSError, ValueError, AttributeError):
        pass
    if not name:
        parser = configparser.ConfigParser(interpolation=None, strict=False)
        try:
            parser.read(root / "setup.cfg", encoding="utf-8")
            name = parser.get("metadata", "name", fallback="")
        except (configparser.Error, UnicodeDecodeError):
            pass
    return re.sub(r"[-_.]+", "_", str(name)).lower()


def _outermost(root: Path, file: Path, listed: set[Path], project: str) -> Path | None:
    for folder in reversed(file.parents[:-1]):  # outermost first; the last parent is root itself
        if folder.name.lower() != project and _is_suite(root, folder, file, folder in listed):
            return folder
    return None


def _is_suite(root: Path, folder: Path, file: Path, listed: bool) -> bool:  # noqa: FBT001 - called in one place
    if _is_plain(folder.name):
        return not _is_misnamed_library(root, folder, file)
    if _is_doubtful(folder.name):
        return not _is_doubtful_library(root, folder, file)
    if not listed or folder.name in _CODE:
        return False
    if any((root / folder / name).exists() for name in _BUILD_FILES):
        return False
    inner = [parent for parent in file.parents if folder in parent.parents]
    return not any(_is_package(root / path) for path in (folder, *inner) if not is_conventional(path.name))


def _is_doubtful_library(root: Path, folder: Path, file: Path) -> bool:
    if folder.parent != Path() and _is_package(root / folder.parent):
        return True
    if not _is_package(root / folder):
        return False
    inner = [parent for parent in file.parents if folder in parent.parents]
    return any(is_conventional(path.name) for path in inner) or not _other_code(root, folder)


def _is_misnamed_library(root: Path, folder: Path, file: Path) -> bool:
    inner = [parent.name for parent in file.parents if folder in parent.parents]
    if "test" in folder.name.lower() or not (_is_package(root / folder) and any(map(is_conventional, inner))):
        return False
    return folder.parent == Path() and not any(
        _holds_code(path) for path in root.iterdir() if path != root / folder
    )


def _holds_code(path: Path) -> bool:
    name = path.name
    if name.startswith(".") or name in _NO_CODE or is_conventional(name) or (path / "pyvenv.cfg").exists():
        return False
    if path.is_dir():
        return next(path.rglob("*.py"), None) is not None
    return path.suffix == ".py" and not _NO_LIBRARY.fullmatch(name)


def _other_code(root: Path, folder: Path) -> bool:
    """Return whether there is a package or module besides `folder` that could be the library."""
    for place in (root, root / "src"):
        for path in place.iterdir() if place.is_dir() else ():
            if path != root / folder and not is_conventional(path.name) and _is_package(path):
                return True
            if path.suffix == ".py" and not _NO_LIBRARY.fullmatch(path.name):
                return True
    return False


def _is_package(path: Path) -> bool:
    return (path / "__init__.py").is_file()


def _is_plain(name: str) -> bool:
    return any(fnmatch.fnmatchcase(name.lower(), pattern) for pattern in (*_PLAIN, *_PLAIN_PATTERNS))


def _is_doubtful(name: str) -> bool:
    return any(fnmatch.fnmatchcase(name.lower(), pattern) for pattern in (*_DOUBTFUL, *_DOUBTFUL_PATTERNS))


def _below(root: Path, file: Path) -> Path | None:
    for path, top in ((file, root), (file.resolve(), root.resolve())):
        if path.is_relative_to(top):
            return path.relative_to(top)
    return None
