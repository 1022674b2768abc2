"""One comment on a pull request, kept up to date in place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

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
    _settled: set[int] = field(default_factory=set)  # comments that the host has taken the text for

    def put(self, change: int) -> Done:
        """Write the comment, or update it; leave one where a race has made several.

        Before every try the host is looked at anew: a write whose answer was lost is found there and is not
        made twice. Raises BoltError where the host takes too long, and a Refusal.
        """
        done = Done.UNCHANGED
        failures = 0
        for _ in range(_MOST_ROUNDS):
            own = self.patience.until_answered(lambda: self._own(change))
            try:
                step = self._step(change, own)
            except TooLong:
                self._shorter += 1
                if self._shorter > _SHORTER:
                    raise
            except Limited as refusal:
                self.patience.after_limit(refusal)
            except Passing as refusal:
                failures += 1
                self.patience.after_failure(refusal, failures)
                done = Done.POSTED if not own else Done.UPDATED
            except Absent:
                if not own:
                    raise  # it is the pull request that is not there, and no comment deleted meanwhile
            else:
                if step is None:
                    return done
                done = step if done is not Done.POSTED else done
        raise Rejected("what it answers does not fit together")

    def _step(self, change: int, own: list[Note]) -> Done | None:
        """Bring the comments nearer to what they should be; None where they are that."""
        body = self.text(self._shorter)
        if not own:
            self._settled.add(self.host.post(change, body))
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
