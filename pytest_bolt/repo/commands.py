"""Git commands that mean the repository they are given, whatever the environment says."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

from pytest_bolt.errors import BoltError

if TYPE_CHECKING:
    from git import Repo

# Set by git for its hooks (pre-commit runs tests too): each would send a command to another index or tree.
_LOCAL_VARIABLES = (
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_COMMON_DIR",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_PREFIX",
    "GIT_NAMESPACE",
    "GIT_SHALLOW_FILE",
    "GIT_GRAFT_FILE",
    "GIT_INTERNAL_SUPER_PREFIX",
    "GIT_LITERAL_PATHSPECS",
    "GIT_GLOB_PATHSPECS",
    "GIT_NOGLOB_PATHSPECS",
    "GIT_ICASE_PATHSPECS",
)
_SETTINGS = (
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.quotePath=false",
    "core.checkStat=default",
    "core.trustctime=true",
    "core.warnAmbiguousRefs=true",
    "diff.autoRefreshIndex=true",
    "gc.auto=0",
    "i18n.logOutputEncoding=UTF-8",
    "log.showSignature=false",
    "maintenance.auto=false",
    "submodule.recurse=false",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a git command said."""

    status: int
    out: str
    err: str


def top_level(repo: Repo) -> Path:
    """Return the resolved top folder of the user's checkout."""
    return Path(cast("str", repo.working_tree_dir)).resolve()


def common_folder(repo: Repo) -> Path:
    """Return the resolved git folder that all worktrees of the repository share."""
    return Path(repo.common_dir).resolve()


def run(repo: Repo, *arguments: str, folder: Path | None = None, settings: tuple[str, ...] = ()) -> Answer:
    """Run git in `folder` (default: the top of the checkout) and return what it said, failed or not.

    Raises BoltError where git refuses the repository altogether because another user owns it.
    """
    command = _command(repo, arguments, folder, settings)
    status, out, err = repo.git.execute(command, with_extended_output=True, with_exceptions=False)
    if status and "dubious ownership" in err:
        what = "git does not trust this repository: another user owns it"
        advice = f"git config --global --add safe.directory {top_level(repo)}"
        raise BoltError(what, seen={"repository": top_level(repo)}, advice=advice)
    return Answer(status=status, out=out, err=err)


def ask(repo: Repo, *arguments: str, folder: Path | None = None) -> str:
    """Return the output of a command that has no expected way to fail.

    Raises BoltError with git's own words.
    """
    answer = run(repo, *arguments, folder=folder)
    if answer.status:
        raise failure(repo, arguments, answer)
    return answer.out


def failure(repo: Repo, arguments: tuple[str, ...], answer: Answer) -> BoltError:
    """Return the error for a git command that failed for a reason of its own."""
    return BoltError(
        f"git {arguments[0]} failed",
        seen={
            "repository": repo.working_dir,
            "command": " ".join(("git", *arguments)),
            "status": answer.status,
            "git says": answer.err.strip() or "nothing",
        },
        advice="git fsck tells whether the repository is whole",
    )


def read_object(repo: Repo, name: str) -> bytes | None:
    """Return the content of a git object such as `COMMIT:path/to/file`, None where there is none."""
    status, out = _bytes(repo, ("cat-file", "blob", name))
    return None if status else out


def binary_output(repo: Repo, *arguments: str, env: Mapping[str, str] | None = None) -> bytes:
    """Return what a command wrote, byte for byte, whatever its status; `env` is added to its environment."""
    return _bytes(repo, arguments, env)[1]


def _bytes(repo: Repo, arguments: tuple[str, ...], env: Mapping[str, str] | None = None) -> tuple[int, bytes]:
    status, out, _ = repo.git.execute(
        _command(repo, arguments, None, ()),
        env=env,
        with_extended_output=True,
        with_exceptions=False,
        stdout_as_string=False,
        strip_newline_in_stdout=False,
    )
    return status, out


def _command(
    repo: Repo, arguments: tuple[str, ...], folder: Path | None, settings: tuple[str, ...]
) -> list[str]:
    # An explicit -C, because GitPython falls back to the current folder where the repository has vanished.
    options = [part for setting in (*_SETTINGS, *settings) for part in ("-c", setting)]
    return ["git", "-C", str(folder or repo.working_dir), *options, *arguments]


@contextmanager
def no_local_variables() -> Iterator[None]:
    """Hide the variables that bind git to one repository, for as long as the block runs.

    GitPython adds to the environment and cannot take away from it. Outside of git's hooks nothing is
    set and nothing changes.
    """
    hidden = {name: os.environ.pop(name) for name in _LOCAL_VARIABLES if name in os.environ}
    try:
        yield
    finally:
        os.environ.update(hidden)
