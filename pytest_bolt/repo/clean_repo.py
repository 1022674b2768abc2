"""GitPython, bound to the repository it was opened on; importing this needs a git executable."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from git import Git, Repo

from pytest_bolt.repo.commands import no_local_variables

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
