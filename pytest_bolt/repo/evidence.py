"""What the repository says to prove a run: changed files, whether code changed, the uncommitted diff."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_bolt.core.record import Artifact, Evidence, Revision
from pytest_bolt.repo.commands import binary_output, run, top_level
from pytest_bolt.repo.state import differences, same_code

if TYPE_CHECKING:
    from git import Repo

DIFF_NAME = "uncommitted.diff"
_LARGEST_DIFF = 8 * 2**20  # bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The evidence, and the content of the diff that it names, None for a clean tree or one too large."""

    evidence: Evidence = field(default_factory=Evidence)
    diff: bytes | None = None


def evidence_of(repo: Repo, head: Revision, base: Revision | None, *, ignore: Iterable[Path] = ()) -> Found:
    """Return what proves a run of the working tree, against `base` where there is one.

    Paths in `ignore` are what the run itself writes.
    """
    ignored = tuple(ignore)
    changed = differences(repo, base.commit, ignore=ignored) if base is not None else ()
    kept: tuple[Artifact, ...] = ()
    diff = None
    if head.dirty:
        diff = uncommitted_diff(repo, head.commit, differences(repo, head.commit, ignore=ignored))
    if diff is not None:
        digest = hashlib.sha256(diff).hexdigest()
        kept = (Artifact(kind="diff", path=DIFF_NAME, sha256=digest, size=len(diff), stored=True),)
    same = base is not None and same_code(repo, base.commit, changed)
    tag = "" if head.dirty else tag_of(repo, head.commit)
    evidence = Evidence(files=changed, same_code=same, tag=tag, artifacts=kept)
    return Found(evidence=evidence, diff=diff)


def tag_of(repo: Repo, commit: str) -> str:
    """Return the tag of a commit, the highest version of several, empty for none."""
    found = run(repo, "tag", "--points-at", commit, "--sort=-version:refname")
    return found.out.partition("\n")[0].strip()


def uncommitted_diff(repo: Repo, commit: str, paths: Collection[str]) -> bytes | None:
    """Return a patch that `git apply` turns the commit into the working tree with; None if it is too large.

    Files that git does not track yet are in it.
    """
    if not paths:
        return None
    listed = set(run(repo, "ls-tree", "-r", "-z", "--name-only", commit, "--", *paths).out.split("\0"))
    known = [path for path in paths if path in listed]
    new = [path for path in paths if path not in listed]
    places = [top_level(repo) / path for path in new]
    if sum(place.stat().st_size for place in places if place.is_file()) > _LARGEST_DIFF:
        return None
    literal = "--literal-pathspecs"
    plain = (literal, "diff", "--binary", "--no-ext-diff", "--no-textconv", "--no-renames", "--no-color")
    parts = [binary_output(repo, *plain, commit, "--", *known)] if known else []
    if new:
        with tempfile.TemporaryDirectory() as folder:
            # An index of nothing but their names; the one of the user stays as it is.
            index = {"GIT_INDEX_FILE": f"{folder}/index"}
            binary_output(repo, literal, "add", "--intent-to-add", "--", *new, env=index)
            parts.append(binary_output(repo, *plain, env=index))
    diff = b"".join(parts)
    return diff if len(diff) <= _LARGEST_DIFF else None
