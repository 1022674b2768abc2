"""GitPython, bound to the repository it was opened on; importing this needs a git executable."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from git import Git, Repo

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
_ENVIRONMENT = {
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_LFS_SKIP_SMUDGE": "1",
}


class CleanGit(Git):
    """GitPython's command runner without the variables that git sets for its hooks."""

    def execute(self, *args: Any, **kwargs: Any) -> Any:
        """Run a command; arguments as in GitPython."""
        with no_local_variables():
            return super().execute(*args, **kwargs)


class CleanRepo(Repo):
    """GitPython's repository, opened by its path alone."""

    GitCommandWrapperType = CleanGit

    def __init__(self, start: Path) -> None:
        with no_local_variables():
            super().__init__(start, search_parent_directories=True, expand_vars=False)
        self.git.update_environment(**_ENVIRONMENT)


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
