"""What the user calls a base, as a commit; what is checked out, as a revision."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_bolt.core.record import Revision
from pytest_bolt.errors import BoltError
from pytest_bolt.repo import ref_errors
from pytest_bolt.repo.commands import ask, read_object, run, top_level
from pytest_bolt.repo.opening import main_worktree, open_repository
from pytest_bolt.repo.state import diff_hash

if TYPE_CHECKING:
    from git import Repo

__all__ = [
    "file_at",
    "main_worktree",
    "open_repository",
    "resolve_base",
    "resolve_commit",
    "resolve_head",
]

TIP = "@tip"
_SHA = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")


def resolve_base(repo: Repo, ref: str) -> Revision:
    """Return the revision that `ref` means as a base.

    A branch, local or remote, means its merge base with HEAD, so that what others did on it since is
    not held against this change; `REF@tip` means its tip. Anything else (tag, sha, `HEAD~3`) means
    exactly that commit.

    Raises BoltError for an empty, unknown or ambiguous ref, without a commit, and without a merge base.
    """
    head = _head_commit(repo)
    name = ref.strip().removesuffix(TIP)
    commit, branch = _locate(repo, name)
    if branch and not ref.strip().endswith(TIP):
        commit = _merge_base(repo, head, commit, name)
    return _describe(repo, commit, name=ref.strip(), branch=branch)


def resolve_commit(repo: Repo, ref: str) -> Revision:
    """Return exactly the commit that `ref` names, for a branch its tip.

    Raises BoltError for an empty, unknown or ambiguous ref.
    """
    commit, branch = _locate(repo, ref.strip().removesuffix(TIP))
    return _describe(repo, commit, name=ref.strip(), branch=branch)


def first_parents(repo: Repo, commit: str, count: int) -> list[str]:
    """Return up to `count` commits, newest first: the commit itself, then its first parents."""
    return ask(repo, "rev-list", "--first-parent", f"--max-count={count}", commit, "--").split()


def resolve_head(repo: Repo, *, ignore: Iterable[Path] = ()) -> Revision:
    """Return the revision of the working tree, with a hash of what differs from its commit.

    `ignore` are files that the run itself writes (reports, entries): they never make a tree dirty.

    Raises BoltError where there is no commit yet.
    """
    commit = _head_commit(repo)
    branch = run(repo, "symbolic-ref", "--quiet", "--short", "HEAD").out.strip()
    digest = diff_hash(repo, commit, ignore=ignore)
    return _describe(repo, commit, name="HEAD", branch=branch, digest=digest)


def file_at(repo: Repo, commit: str, path: str) -> bytes | None:
    """Return a file's content at a commit, None where the commit has no such file.

    `path` is relative to the top of the repository, with forward slashes.
    """
    return read_object(repo, f"{commit}:{path}")


def _head_commit(repo: Repo) -> str:
    answer = run(repo, "rev-parse", "--verify", "HEAD^{commit}")
    if answer.status:
        what = "the repository has no commit yet"
        advice = "git add -A && git commit -m 'first version', then change something and compare"
        raise BoltError(what, seen={"repository": top_level(repo)}, advice=advice)
    return answer.out.strip()


def _locate(repo: Repo, name: str) -> tuple[str, str]:
    """Return the commit that a name means, and the branch where it is the name of one."""
    if not name:
        raise ref_errors.empty()
    if name.startswith("-"):  # never an option, and git allows no ref of such a name
        raise ref_errors.unknown(repo, name)
    full, branch = _branch(repo, name)
    answer = run(repo, "rev-parse", "--verify", "--end-of-options", f"{full or name}^{{commit}}")
    if answer.status or not _SHA.fullmatch(answer.out.strip()):  # of a range git names both ends
        raise ref_errors.unresolved(repo, name, answer.err)
    return answer.out.strip(), branch


def _branch(repo: Repo, name: str) -> tuple[str, str]:
    """Return the full and the short name of a branch, empty where `name` is none."""
    if name in {"HEAD", "@"}:
        return "", ""
    places = [f"refs/{kind}/{name}" for kind in ("tags", "heads", "remotes")]
    found = run(repo, "for-each-ref", "--format=%(refname)", *places).out.splitlines()
    meant = [place for place in places if place in found]
    if len(meant) > 1:
        raise ref_errors.two_meanings(name, meant)
    answer = run(repo, "rev-parse", "--verify", "--symbolic-full-name", "--end-of-options", name)
    match = re.fullmatch(r"refs/(?:heads|remotes)/(\S+)", answer.out.strip())
    return (match[0], match[1]) if match else ("", "")


def _merge_base(repo: Repo, head: str, commit: str, name: str) -> str:
    answer = run(repo, "merge-base", head, commit)
    if answer.status:
        raise ref_errors.no_merge_base(repo, name, head, commit)
    return answer.out.split()[0]


def _describe(repo: Repo, commit: str, *, name: str, branch: str, digest: str = "") -> Revision:
    pattern = "--format=%H%x00%s%x00%(trailers:only,unfold)"
    full, subject, trailers = ask(repo, "log", "-1", pattern, commit, "--").split("\0")
    return Revision(
        commit=full,
        name=name,
        branch=branch,
        subject=subject,
        diff_hash=digest,
        trailers=_trailers(trailers),
    )


def _trailers(text: str) -> dict[str, str]:
    """Return trailers by capitalised key; the values of a repeated key are joined by a newline."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        key, separator, value = line.partition(":")
        if separator:
            key = key.strip().capitalize()
            found[key] = f"{found[key]}\n{value.strip()}" if key in found else value.strip()
    return found


def knows_commit(repo: Repo, commit: str) -> bool:
    """Return whether the repository has a commit, by its full hash."""
    return (
        _SHA.fullmatch(commit) is not None and run(repo, "cat-file", "-e", f"{commit}^{{commit}}").status == 0
    )
