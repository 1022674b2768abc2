"""Why a ref could not be used, and which command helps."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING

from pytest_bolt.errors import BoltError
from pytest_bolt.repo.commands import run

if TYPE_CHECKING:
    from git import Repo

_FULL_SHA = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")
_HEX = re.compile(r"[0-9a-f]{4,64}")
_CANDIDATES = 8


def empty() -> BoltError:
    """Return the error for a ref without a name."""
    return BoltError(
        "the base to compare with is empty",
        advice="name a branch, tag or commit: --bolt-compare=main",
    )


def two_meanings(name: str, meant: list[str]) -> BoltError:
    """Return the error for a name that is a branch and a tag at once."""
    return BoltError(
        f"{name!r} means {len(meant)} things here",
        seen={"it is": "\n".join(meant)},
        advice=f"give the full name: --bolt-compare={meant[-1]}",
    )


def unresolved(repo: Repo, name: str, said: str) -> BoltError:
    """Return the error for a name that git made no commit of; `said` is git's own message."""
    if "is ambiguous" in said and _HEX.fullmatch(name):
        return _ambiguous_sha(repo, name)
    kind = run(repo, "cat-file", "-t", name)
    if kind.status == 0:
        return BoltError(
            f"{name!r} names a {kind.out.strip()}, not a commit",
            advice="name a branch, tag or commit: --bolt-compare=main",
        )
    return _shallow(repo, name) if is_shallow(repo) else unknown(repo, name)


def unknown(repo: Repo, name: str) -> BoltError:
    """Return the error for a name that nothing has, with the nearest names that something has."""
    near = nearest(name, _names(repo))
    seen = {"nearest": "\n".join(near)} if near else {"names": ", ".join(_names(repo)[:10]) or "none"}
    remote, branch = _remote_of(repo, name)
    fetch = f"git fetch {remote} {branch}" if remote else "git branch --all shows the names there are"
    advice = f"did you mean {near[0]!r}? Otherwise: {fetch}" if near else fetch
    return BoltError(f"no branch, tag or commit is called {name!r}", seen=seen, advice=advice)


def no_merge_base(repo: Repo, name: str, head: str, commit: str) -> BoltError:
    """Return the error for a branch that shares no commit with HEAD, as far as this clone knows."""
    seen = {"HEAD": head[:10], name: commit[:10]}
    if is_shallow(repo):
        return BoltError(
            f"this is a shallow clone: it does not reach back to where HEAD left {name!r}",
            seen=seen,
            advice=f"git fetch --unshallow {_remote_of(repo, name)[0]}".rstrip()
            + " (GitHub Actions: actions/checkout with fetch-depth: 0),"
            + f" or compare with the tip itself: --bolt-compare={name}@tip",
        )
    return BoltError(
        f"HEAD and {name!r} have no common ancestor",
        seen=seen,
        advice=f"compare with the tip itself: --bolt-compare={name}@tip",
    )


def is_shallow(repo: Repo) -> bool:
    """Return whether the clone has its history cut off."""
    return run(repo, "rev-parse", "--is-shallow-repository").out.strip() == "true"


def nearest(name: str, names: list[str]) -> list[str]:
    """Return up to three names like `name`, a remote's branch of the very name first."""
    exact = [other for other in names if other.partition("/")[2] == name]
    close = difflib.get_close_matches(name, names, n=3, cutoff=0.6)
    return list(dict.fromkeys([*exact, *close]))[:3]


def _shallow(repo: Repo, name: str) -> BoltError:
    remote, branch = _remote_of(repo, name)
    remote = remote or "REMOTE"
    if _FULL_SHA.fullmatch(name):
        advice = f"git fetch --depth=1 {remote} {name}"
    elif re.search(r"[~^@]", name) or _HEX.fullmatch(name):
        advice = f"git fetch --unshallow {remote}"
    else:
        advice = f"git fetch --unshallow {remote} '+refs/heads/*:refs/remotes/{remote}/*' --tags"
        advice += f", then --bolt-compare={remote}/{branch} (for a tag: {name})"
    near = nearest(name, _names(repo))
    return BoltError(
        f"{name!r} is not in this clone, which is shallow: its history is cut off",
        seen={"nearest": "\n".join(near)} if near else {},
        advice=advice + " (GitHub Actions: actions/checkout with fetch-depth: 0)",
    )


def _ambiguous_sha(repo: Repo, name: str) -> BoltError:
    objects = run(repo, "rev-parse", f"--disambiguate={name}").out.split()
    commits = []
    for sha in objects:
        line = run(repo, "log", "-1", "--no-walk", "--format=%h %s", f"{sha}^{{commit}}", "--")
        commits += [line.out.strip()] if line.status == 0 else []
    shown = commits[:_CANDIDATES] + (["..."] if len(commits) > _CANDIDATES else [])
    return BoltError(
        f"{name!r} is the beginning of {len(commits)} commits",
        seen={"candidates": "\n".join(shown)},
        advice="give more digits",
    )


def _names(repo: Repo) -> list[str]:
    kinds = ("refs/heads", "refs/tags", "refs/remotes")
    return run(repo, "for-each-ref", "--format=%(refname:lstrip=2)", *kinds).out.splitlines()


def _remote_of(repo: Repo, name: str) -> tuple[str, str]:
    """Return the remote that would have a name, empty where there is no remote, and its branch there."""
    remotes = run(repo, "remote").out.split()
    for remote in remotes:
        if name.startswith(f"{remote}/"):
            return remote, name.removeprefix(f"{remote}/")
    first = "origin" if "origin" in remotes else next(iter(remotes), "")
    return first, name
