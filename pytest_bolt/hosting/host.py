"""What a code host is asked for, and the ways in which it may refuse."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A comment on a pull request: `author` is who wrote it, by login; empty for an account that is gone."""

    number: int
    author: str
    body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A pull or merge request: its number, the full hash of its head commit, whether it is open."""

    number: int
    head: str
    is_open: bool


class Host(Protocol):
    """A repository on a code host. Every method raises a `Refusal` where the host does not do as asked."""

    def me(self) -> str:
        """Return the login under which the token writes."""

    def change(self, number: int) -> Change:
        """Return one pull request."""

    def changes_of(self, head: str) -> Iterable[Change]:
        """Return the open pull requests whose head is this commit, forks' among them."""

    def notes(self, change: int) -> Iterable[Note]:
        """Return every comment on a pull request, oldest first, from all pages."""

    def post(self, change: int, body: str) -> Note:
        """Write a new comment and return it."""

    def edit(self, change: int, note: int, body: str) -> None:
        """Replace the text of a comment."""

    def delete(self, change: int, note: int) -> None:
        """Remove a comment."""

    def fetch_command(self, change: int) -> str:
        """Return the command that gets a pull request's commits into a clone."""


class Refusal(Exception):
    """The host did not do what it was asked for; `said` is its own word for it, on one line."""

    def __init__(self, said: str) -> None:
        self.said = said
        super().__init__(said)


class Limited(Refusal):
    """Too many requests: try again after `wait_s` seconds, None where the host does not say."""

    def __init__(self, said: str, wait_s: float | None) -> None:
        self.wait_s = wait_s
        super().__init__(said)


class Denied(Refusal):
    """The token may not do this."""


class Absent(Refusal):
    """There is no such repository, pull request or comment, or the token may not see it."""


class TooLong(Refusal):
    """The text is longer than the host takes."""


class Passing(Refusal):
    """The host failed, or the connection broke: whether a write was carried out is not known."""


class Rejected(Refusal):
    """Anything else that will not become better by waiting."""
