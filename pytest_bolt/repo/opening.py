"""Find the repository of a folder, and say plainly why there is none."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_bolt.errors import BoltError
from pytest_bolt.repo.commands import ask, top_level

if TYPE_CHECKING:
    from git import Repo


def open_repository(start: Path) -> Repo:
    """Return the repository whose checkout holds `start`.

    Raises BoltError where git is not installed, where `start` lies in no repository, and where the
    repository is bare. Variables such as GIT_DIR, which git sets for its hooks, are not obeyed.
    """
    if shutil.which("git") is None:
        seen = "there is no git on PATH"
        raise _no_git(seen)
    try:
        from git.exc import GitError  # importing it needs a git executable

        from pytest_bolt.repo.clean_repo import CleanRepo
    except ImportError as error:
        raise _no_git(str(error).strip()) from error
    try:
        repo = CleanRepo(start.absolute())
    except GitError as error:
        what = "this is not a git repository, so there is no base to compare with"
        advice = "run inside a checkout, or start one: git init && git add -A && git commit -m first"
        raise BoltError(what, seen={"folder": start.absolute()}, advice=advice) from error
    if repo.bare:
        what = "this is a bare repository: it has no working tree to measure"
        advice = "run inside a checkout of it: git worktree add ../checkout"
        raise BoltError(what, seen={"repository": repo.working_dir}, advice=advice)
    return repo


def main_worktree(repo: Repo) -> Path:
    """Return the top of the main worktree, where `.bolt/` lives for all linked worktrees together.

    A linked worktree of a bare repository has no main worktree; it is then its own.
    """
    own = top_level(repo)
    if Path(repo.git_dir).resolve() == Path(repo.common_dir).resolve():
        return own
    first, *rest = ask(repo, "worktree", "list", "--porcelain", "-z").split("\0\0")[0].split("\0")
    main = Path(first.removeprefix("worktree "))
    return main if "bare" not in rest and (main / ".git").exists() else own


def _no_git(seen: str) -> BoltError:
    return BoltError(
        "git cannot be run, and a comparison needs it to find the base",
        seen={"seen": seen},
        advice="install git (Debian: apt install git), or measure without a base: pytest --bolt",
    )
