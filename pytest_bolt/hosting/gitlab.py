"""Merge requests on GitLab, through python-gitlab."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

import requests
from gitlab import Gitlab
from gitlab.exceptions import GitlabAuthenticationError, GitlabError

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

_TIMEOUT_S = 30.0
_PAGE = 100
_MOST_SAID = 200
_ONCE: Mapping[str, Any] = {"obey_rate_limit": False, "retry_transient_errors": False, "max_retries": 0}


class GitLab:
    """One project. Waits and tries nothing again by itself: the library would do so out of our sight."""

    def __init__(self, *, server: str, project: str, token: str, clock: WallClock) -> None:
        session = requests.Session()
        session.hooks["response"].append(self._remember)
        self._client = Gitlab(
            server,
            private_token=token,
            timeout=_TIMEOUT_S,
            per_page=_PAGE,
            session=session,
            keep_base_url=True,
        )
        self._project = f"/projects/{quote(project, safe='')}"
        self._clock = clock
        self._headers: Mapping[str, str] = {}

    def close(self) -> None:
        """Close the connections."""
        self._client.session.close()

    def me(self) -> str:
        """Return the token's user name."""
        with self._answers():
            return str(self._get("/user")["username"])

    def change(self, number: int) -> Change:
        """Return one merge request."""
        with self._answers():
            return _change(self._get(f"{self._project}/merge_requests/{number}"))

    def changes_of(self, head: str) -> Iterator[Change]:
        """Return the open merge requests with this head, from all pages."""
        with self._answers():
            query = {"state": "opened", "order_by": "updated_at", "sort": "desc"}
            for found in self._all(f"{self._project}/merge_requests", query):
                if found["sha"] == head:
                    yield _change(found)

    def notes(self, change: int) -> Iterator[Note]:
        """Return every note, from all pages, without the host's own about commits and labels."""
        with self._answers():
            for found in self._all(self._notes(change), {"order_by": "created_at", "sort": "asc"}):
                if not found.get("system"):
                    yield _note(found)

    def post(self, change: int, body: str) -> Note:
        """Write a new note and return it."""
        with self._answers():
            return _note(self._client.http_post(self._notes(change), post_data={"body": body}, **_ONCE))

    def edit(self, change: int, note: int, body: str) -> None:
        """Replace the text of a note."""
        with self._answers():
            self._client.http_put(f"{self._notes(change)}/{note}", post_data={"body": body}, **_ONCE)

    def delete(self, change: int, note: int) -> None:
        """Remove a note."""
        with self._answers():
            self._client.http_delete(f"{self._notes(change)}/{note}", **_ONCE)

    def fetch_command(self, change: int) -> str:
        """Return the command that gets a merge request's commits into a clone."""
        return f"git fetch origin merge-requests/{change}/head"

    def _notes(self, change: int) -> str:
        return f"{self._project}/merge_requests/{change}/notes"

    def _get(self, path: str) -> Any:
        return self._client.http_get(path, **_ONCE)

    def _all(self, path: str, query: Mapping[str, str]) -> Iterator[Any]:
        yield from self._client.http_list(path, query_data=dict(query), iterator=True, **_ONCE)

    def _remember(self, response: requests.Response, **_: object) -> None:
        """Keep the headers of an answer: the library's errors do not have them."""
        self._headers = response.headers

    @contextmanager
    def _answers(self) -> Iterator[None]:
        """Turn the library's errors into refusals; none of them names the token."""
        try:
            yield
        except GitlabError as error:
            raise self._refusal(error) from None
        except requests.RequestException as error:
            raise Passing(f"no answer: {type(error).__name__}") from None
        except (KeyError, TypeError, ValueError, AttributeError) as error:  # of an answer without its fields
            raise Rejected(f"an answer that is not GitLab's: {type(error).__name__}") from None

    def _refusal(self, error: GitlabError) -> Refusal:
        status, said = error.response_code or 0, _said(error)
        if isinstance(error, GitlabAuthenticationError):
            return Denied(said)
        if status >= 500:
            return Passing(said)
        if status == 429:
            return Limited(said, self._wait_s())
        if status == 403:
            return Denied(said)
        if status == 404:
            return Absent(said)
        too_long = status == 413 or (status in {400, 422} and "too long" in said)
        return TooLong(said) if too_long else Rejected(said)

    def _wait_s(self) -> float | None:
        after, reset = self._headers.get("Retry-After", ""), self._headers.get("RateLimit-Reset", "")
        if after.isdecimal():
            return float(after)
        return max(0.0, float(reset) - self._clock.now()) if reset.isdecimal() else None


def _change(found: Any) -> Change:
    return Change(number=int(found["iid"]), head=str(found["sha"]), is_open=found["state"] == "opened")


def _note(found: Any) -> Note:
    author = (found.get("author") or {}).get("username", "")
    return Note(number=int(found["id"]), author=str(author), body=str(found["body"]))


def _said(error: GitlabError) -> str:
    """Return the host's own words, which may be a text or a list of them for each field."""
    words: Any = error.error_message
    text = words if isinstance(words, str) else json.dumps(words)
    return clipped(f"{error.response_code or ''} {text}".strip(), _MOST_SAID)
