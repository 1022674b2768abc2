"""One comment on a pull request, kept up to date in place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from pytest_bolt.errors import BoltError
from pytest_bolt.hosting.host import Absent, Host, Limited, Note, Passing, Rejected, TooLong
from pytest_bolt.hosting.patience import Patience

_MOST_ROUNDS = 20  # a bound for what the host's answers may make us do
_SHORTER = 3  # how often a text that is refused as too long is made shorter


class Done(StrEnum):
    """What became of a comment."""

    POSTED = "posted"
    UPDATED = "updated"
    UNCHANGED = "unchanged"


@dataclass(slots=True, kw_only=True)
class Sticky:
    """Keeps the one comment of `author` whose first line is `marker`.

    `text` returns the comment, shorter the higher its argument.
    """

    host: Host
    patience: Patience
    author: str
    marker: str
    text: Callable[[int], str]
    _shorter: int = 0
    _failures: int = 0
    _settled: set[int] = field(default_factory=set)  # comments that the host has taken the text for

    def put(self, change: int) -> Done:
        """Write the comment, or update it; leave one where a race has made several.

        Before every try the host is looked at anew: a write whose answer was lost is found there and is not
        made twice. Raises BoltError where the host takes too long, and a Refusal.
        """
        done = Done.UNCHANGED
        for _ in range(_MOST_ROUNDS):
            own = self.patience.until_answered(lambda: self._own(change))
            if self._settled and not own:
                return done  # a list that lags behind, or somebody who deletes: it is not posted twice
            step = self._try(change, own)
            if step is None:
                return done
            if done is not Done.POSTED and step is not Done.UNCHANGED:
                done = step
        raise Rejected("what it answers does not fit together")

    def _try(self, change: int, own: list[Note]) -> Done | None:
        """Make one step, or wait for what kept it from being made; None where there is nothing to do."""
        try:
            return self._step(change, own)
        except TooLong:
            self._shorter += 1
            if self._shorter > _SHORTER:
                raise
        except Limited as refusal:
            self.patience.after_limit(refusal)
        except Passing as refusal:
            self._failures += 1
            self.patience.after_failure(refusal, self._failures)
            return Done.UPDATED if own else Done.POSTED
        except Absent:
            if not own:
                raise  # it is the pull request that is not there, and no comment deleted meanwhile
        return Done.UNCHANGED

    def _step(self, change: int, own: list[Note]) -> Done | None:
        """Bring the comments nearer to what they should be; None where they are that."""
        body = self.text(self._shorter)
        if not own:
            posted = self.host.post(change, body)
            self._settled.add(posted.number)
            self._check_author(posted)
            return Done.POSTED
        first, *doubles = own
        for double in doubles:
            self.host.delete(change, double.number)
        if doubles:
            return Done.UPDATED
        if first.number in self._settled or _same(first.body, body):
            return None
        self.host.edit(change, first.number, body)
        self._settled.add(first.number)
        return Done.UPDATED

    def _check_author(self, posted: Note) -> None:
        """Raise BoltError for a comment that the next run would not know as ours."""
        if posted.author.casefold() != self.author.casefold():
            seen = {"looked for": self.author, "wrote as": posted.author}
            advice = f"give --author={posted.author}, or each run will add a comment"
            raise BoltError("the comment was posted, but under another name", seen=seen, advice=advice)

    def _own(self, change: int) -> list[Note]:
        """Return our comments, oldest first: two jobs that race keep the same one."""
        author = self.author.casefold()
        found = [
            note
            for note in self.host.notes(change)
            if note.author.casefold() == author and _first_line(note.body) == self.marker
        ]
        return sorted(found, key=lambda note: note.number)


def _first_line(body: str) -> str:
    return body.partition("\n")[0].rstrip("\r")


def _same(stored: str, body: str) -> bool:
    """Return whether two texts are one; a host may change the ends of lines, and white space at both ends."""
    return _plain(stored) == _plain(body)


def _plain(text: str) -> str:
    return text.replace("\r\n", "\n").strip()
