"""Pull requests on GitHub or an enterprise server, through PyGithub."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import requests
from github import Auth, BadAttributeException, Github, GithubException
from github.IssueComment import IssueComment
from github.PullRequest import PullRequest
from github.Repository import Repository

from pytest_bolt.core.plain_text import clipped
from pytest_bolt.hosting.host import (
    Absent,
    Change,
    Denied,
    Limited,
    Note,
    Passing,
    Refusal,
    Rejected,
    TooLong,
)
from pytest_bolt.hosting.patience import WallClock

_TIMEOUT_S = 30
_PAGE = 100
_MOST_SAID = 200
# What PyGithub makes of an answer that has not the fields of one.
_ODD = (AssertionError, AttributeError, BadAttributeException, KeyError, TypeError, ValueError)
_VIEWER = "query { viewer { login } }"


class GitHub:
    """One repository. Waits and tries nothing again by itself: PyGithub would repeat a POST."""

    def __init__(self, *, api: str, repository: str, token: str, clock: WallClock) -> None:
        self._client = Github(
            auth=Auth.Token(token),
            base_url=api,
            timeout=_TIMEOUT_S,
            per_page=_PAGE,
            retry=None,
            seconds_between_requests=None,
            seconds_between_writes=None,
        )
        self._name = repository
        self._clock = clock
        self._repository: Repository | None = None
        self._pulls: dict[int, PullRequest] = {}
        self._comments: dict[int, IssueComment] = {}

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def me(self) -> str:
        """Return the token's login; the token of a job or an app has one that only GraphQL tells."""
        try:
            with self._answers():
                return self._client.get_user().login
        except Denied:
            with self._answers():
                _, answer = self._client.requester.graphql_query(_VIEWER, {})
                return str(answer["data"]["viewer"]["login"])

    def change(self, number: int) -> Change:
        """Return one pull request."""
        with self._answers():
            return _change(self._repo().get_pull(number))

    def changes_of(self, head: str) -> Iterator[Change]:
        """Return the open pull requests with this head, from all pages.

        The list of a commit's pull requests would be shorter, but leaves forks out.
        """
        with self._answers():
            pulls = self._repo().get_pulls(state="open", sort="updated", direction="desc")
            yield from (_change(pull) for pull in pulls if pull.head.sha == head)

    def notes(self, change: int) -> Iterator[Note]:
        """Return every comment, from all pages."""
        with self._answers():
            for found in self._pull(change).get_issue_comments():
                self._comments[found.id] = found
                yield _note(found)

    def post(self, change: int, body: str) -> Note:
        """Write a new comment and return it."""
        with self._answers():
            return _note(self._pull(change).create_issue_comment(body))

    def edit(self, change: int, note: int, body: str) -> None:
        """Replace the text of a comment."""
        del change
        with self._answers():
            self._comments[note].edit(body)

    def delete(self, change: int, note: int) -> None:
        """Remove a comment."""
        del change
        with self._answers():
            self._comments[note].delete()

    def fetch_command(self, change: int) -> str:
        """Return the command that gets a pull request's commits into a clone."""
        return f"git fetch origin pull/{change}/head"

    def _repo(self) -> Repository:
        if self._repository is None:
            self._repository = self._client.get_repo(self._name)
        return self._repository

    def _pull(self, number: int) -> PullRequest:
        """Return a pull request as it was when it was first asked for: its comments' address stays."""
        if number not in self._pulls:
            self._pulls[number] = self._repo().get_pull(number)
        return self._pulls[number]

    @contextmanager
    def _answers(self) -> Iterator[None]:
        """Turn the library's errors into refusals; none of them names the token."""
        try:
            yield
        except GithubException as error:
            raise self._refusal(error) from None
        except requests.RequestException as error:
            raise Passing(f"no answer: {type(error).__name__}") from None
        except _ODD as error:
            raise Rejected(f"an answer that is not GitHub's: {type(error).__name__}") from None

    def _refusal(self, error: GithubException) -> Refusal:
        said = _said(error)
        headers = {key.lower(): value for key, value in (error.headers or {}).items()}
        if error.status >= 500:
            return Passing(said)
        if error.status == 429 or (error.status == 403 and _limits(headers, said)):
            return Limited(said, self._wait_s(headers))
        if error.status in {401, 403}:
            return Denied(said)
        if error.status in {404, 410}:
            return Absent(said)
        return TooLong(said) if error.status == 422 and "too long" in said else Rejected(said)

    def _wait_s(self, headers: Mapping[str, str]) -> float | None:
        after, reset = headers.get("retry-after", ""), headers.get("x-ratelimit-reset", "")
        if after.isdecimal():
            return float(after)
        spent = headers.get("x-ratelimit-remaining") == "0"
        return max(0.0, float(reset) - self._clock.now()) if spent and reset.isdecimal() else None


def _change(pull: PullRequest) -> Change:
    return Change(number=pull.number, head=pull.head.sha, is_open=pull.state == "open")


def _note(found: IssueComment) -> Note:
    author = getattr(found.user, "login", "")  # an account that is gone has none
    return Note(number=found.id, author=author, body=found.body or "")


def _limits(headers: Mapping[str, str], said: str) -> bool:
    return (
        "retry-after" in headers
        or headers.get("x-ratelimit-remaining") == "0"
        or "rate limit" in said.lower()
    )


def _said(error: GithubException) -> str:
    """Return the host's own words: the message, and those of the errors in it."""
    data: Any = error.data if isinstance(error.data, dict) else {}
    errors = data.get("errors") or []
    inner = [each.get("message", "") if isinstance(each, dict) else str(each) for each in errors]
    words = "; ".join(filter(None, [str(data.get("message") or ""), *map(str, inner)]))
    return clipped(f"{error.status} {words}".strip() or json.dumps(error.status), _MOST_SAID)
