"""`pytest-bolt journal lint`: what the rules find in journals, a line each."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from pytest_bolt.commands.journal_places import files_of
from pytest_bolt.commands.screen import Screen
from pytest_bolt.core.plain_text import one_line
from pytest_bolt.errors import BoltError
from pytest_bolt.journal.document.reader import read_journal
from pytest_bolt.journal.lint.finding import RULES, Finding, Severity
from pytest_bolt.journal.lint.run import lint

_FOUND_ERRORS = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """A finding with the file that it is in."""

    path: Path
    finding: Finding


def lint_journals(
    paths: Sequence[Path],
    stream: TextIO,
    *,
    select: Sequence[str] = (),
    ignore: Sequence[str] = (),
    as_json: bool = False,
) -> int:
    """Write the findings of all journals and return the exit code: 1 if one is an error.

    Raises:
        BoltError: if there is no such rule or path, or a file cannot be read.
    """
    for name in (*select, *ignore):
        _check_rule(name)
    files = list(dict.fromkeys(file for path in paths for file in files_of(path)))
    found = [one for file in files for one in _in_file(file, select, ignore)]
    errors = sum(one.finding.severity is Severity.ERROR for one in found)
    screen = Screen(stream=stream)
    if as_json:
        screen.json(_document(files, found, errors))
    else:
        _write(screen, files, found, errors)
    return _FOUND_ERRORS if errors else 0


def _check_rule(name: str) -> None:
    if name not in RULES:
        near = difflib.get_close_matches(name.lower(), RULES, n=1)
        advice = f"did you mean `{near[0]}`?" if near else f"known are: {', '.join(RULES)}"
        raise BoltError("there is no such rule", seen={"rule": one_line(name)}, advice=advice)


def _in_file(path: Path, select: Sequence[str], ignore: Sequence[str]) -> Iterator[_Found]:
    try:
        document = read_journal(path)
    except OSError as error:
        seen = {"path": one_line(str(path)), "error": error.strerror or error}
        raise BoltError("the journal cannot be read", seen=seen) from error
    wants_hashes = "hash" not in ignore and (not select or "hash" in select)
    known = _known(path) if wants_hashes else None
    for finding in lint(document, select=select, ignore=ignore, known=known):
        yield _Found(path=path, finding=finding)


def _known(path: Path) -> Callable[[Iterable[str]], frozenset[str]] | None:
    """Return which hashes name a commit of the file's repository; None where that cannot be told."""
    try:
        import git
    except ImportError:  # no git program on this machine: GitPython says so when it is imported
        return None
    try:
        repository = git.Repo(path.resolve().parent, search_parent_directories=True)
        shallow = repository.git.rev_parse("--is-shallow-repository") == "true"
    except (git.GitError, OSError, ValueError):
        return None

    def known(hashes: Iterable[str]) -> frozenset[str]:
        return frozenset(one for one in hashes if _is_commit(repository, one))

    return None if shallow else known


def _is_commit(repository: object, name: str) -> bool:
    try:
        kind = repository.git.get_object_header(name)[1]  # type: ignore[attr-defined]
    except ValueError:
        return False
    return kind in {b"commit", b"tag"}  # GitPython says text and gives bytes


def _document(files: Sequence[Path], found: Sequence[_Found], errors: int) -> dict[str, object]:
    rows = [
        {
            "path": str(one.path),
            "line": one.finding.line,
            "column": one.finding.column + 1,
            "rule": one.finding.rule,
            "severity": str(one.finding.severity),
            "message": one.finding.message,
            "seen": one.finding.seen,
            "expected": one.finding.expected,
        }
        for one in found
    ]
    return {
        "schema": 1,
        "files": len(files),
        "errors": errors,
        "advice": len(found) - errors,
        "findings": rows,
    }


def _write(screen: Screen, files: Sequence[Path], found: Sequence[_Found], errors: int) -> None:
    for one in found:
        finding = one.finding
        place = f"{one_line(str(one.path))}:{finding.line}:{finding.column + 1}"
        advice = " (advice)" if finding.severity is Severity.ADVICE else ""
        screen.line(f"{place}: {finding.rule}: {one_line(finding.message)}{advice}")
    counts = f"{_count(errors, 'error')}, {len(found) - errors} advice in {_count(len(files), 'file')}"
    screen.line(counts)


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
