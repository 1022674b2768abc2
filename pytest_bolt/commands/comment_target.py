"""Which host, repository and pull request a comment is for, and with which token."""

from __future__ import annotations

import argparse
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pytest_bolt.errors import BoltError
from pytest_bolt.hosting.patience import WallClock

if TYPE_CHECKING:
    from pytest_bolt.hosting.github import GitHub
    from pytest_bolt.hosting.gitlab import GitLab

_TOKENS = {"github": ("GITHUB_TOKEN", "GH_TOKEN"), "gitlab": ("GITLAB_TOKEN",)}
_ADDRESSES = {
    "github": ("GITHUB_API_URL", "https://api.github.com"),
    "gitlab": ("CI_SERVER_URL", "https://gitlab.com"),
}
_REPOSITORIES = {"github": "GITHUB_REPOSITORY", "gitlab": "CI_PROJECT_PATH"}
_NAMED = {
    "github": re.compile(r"[\w.-]+/[\w.-]+", re.ASCII),
    "gitlab": re.compile(r"[\w.-]+(?:/[\w.-]+)+", re.ASCII),
}
_HASH = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_HERE = frozenset({"127.0.0.1", "::1", "localhost"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where a comment goes. `head` is empty and `number` None where they were not given."""

    host: str
    address: str
    repository: str
    number: int | None
    head: str
    author: str
    token: str = field(repr=False)

    def named(self, number: int) -> str:
        """Return a pull request as the host writes it."""
        return f"{self.repository}{'#' if self.host == 'github' else '!'}{number}"


def target_of(arguments: argparse.Namespace, environ: Mapping[str, str]) -> Target:
    """Return what the command line and the job's variables say together. Raises BoltError."""
    host = arguments.host or ("gitlab" if environ.get("GITLAB_CI") == "true" else "github")
    number, head = _commit(arguments, environ, host)
    variable, public = _ADDRESSES[host]
    return Target(
        host=host,
        address=_address(host, arguments.url or environ.get(variable) or public),
        repository=_repository(host, arguments.repo or environ.get(_REPOSITORIES[host], "")),
        number=number,
        head=head,
        author=arguments.author or "",
        token=_token(host, environ),
    )


def connect(target: Target, clock: WallClock) -> GitHub | GitLab:
    """Return the host, spoken to through its own client library. Raises BoltError without that."""
    try:
        if target.host == "github":
            from pytest_bolt.hosting.github import GitHub

            return GitHub(api=target.address, repository=target.repository, token=target.token, clock=clock)
        from pytest_bolt.hosting.gitlab import GitLab

        return GitLab(server=target.address, project=target.repository, token=target.token, clock=clock)
    except ImportError as error:
        advice = f"pip install 'pytest-bolt[{target.host}]'"
        seen = {"missing": error.name}
        raise BoltError(f"the library for {target.host} is not installed", seen=seen, advice=advice) from None


def _commit(arguments: argparse.Namespace, environ: Mapping[str, str], host: str) -> tuple[int | None, str]:
    """Return number and head as they were given, or as a merge request's own job on GitLab has them."""
    number, head = arguments.pr, arguments.head or ""
    own = environ.get("CI_MERGE_REQUEST_IID", "")
    if host == "gitlab" and number is None and not head and own.isdecimal():
        number = int(own)
        head = environ.get("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA") or environ.get("CI_COMMIT_SHA", "")
    if head and not _HASH.fullmatch(head):
        raise BoltError("--head takes a full commit hash", seen={"given": f"{head!r:.80}"})
    if number is None and not head:
        advice = "on GitHub: --head=${{ github.event.workflow_run.head_sha }}, handed over in a variable"
        raise BoltError("neither --pr nor --head says what to comment on", advice=advice)
    return number, head


def _address(host: str, url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username or parts.query:
        advice = "write it like https://github.example.com"
        raise BoltError("--url is not the address of a server", advice=advice)
    if parts.scheme == "http" and parts.hostname not in _HERE:
        seen = {"address": url}
        raise BoltError("a token is not sent without encryption", seen=seen, advice="use an https address")
    bare = url.rstrip("/")
    own_api = host == "github" and not parts.path.strip("/") and parts.hostname != "api.github.com"
    return f"{bare}/api/v3" if own_api else bare


def _repository(host: str, name: str) -> str:
    if not _NAMED[host].fullmatch(name) or ".." in name.split("/"):
        seen = {"given": f"{name!r:.80}"}
        advice = f"give --repo=OWNER/NAME; a job of the host has it in {_REPOSITORIES[host]}"
        raise BoltError("which repository is meant is not clear", seen=seen, advice=advice)
    return name


def _token(host: str, environ: Mapping[str, str]) -> str:
    names = _TOKENS[host]
    token = next((environ[name].strip() for name in names if environ.get(name, "").strip()), "")
    if not token:
        advice = "hand it to this step alone, as a variable of its environment"
        raise BoltError("there is no token", seen={"looked in": ", ".join(names)}, advice=advice)
    if not token.isascii() or not token.isprintable() or " " in token:
        raise BoltError("the token has a character that no token has", seen={"looked in": ", ".join(names)})
    return token
