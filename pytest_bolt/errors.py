"""The one exception that users are meant to read."""

from __future__ import annotations

from collections.abc import Mapping


class BoltError(Exception):
    """Something the user can act on: what happened, what was seen, what to do next.

    Arguments:
        what: one sentence without a full stop at the end.
        seen: facts shown aligned below it, in order.
        advice: what to do next, usually a command.
    """

    def __init__(
        self, what: str, *, seen: Mapping[str, object] | None = None, advice: str | None = None
    ) -> None:
        self.what = what
        self.seen = dict(seen or {})
        self.advice = advice
        super().__init__(self.render())

    def render(self) -> str:
        """Return the message as shown on a terminal: several lines, no trailing newline."""
        width = max((len(key) for key in self.seen), default=0)
        lines = [self.what]
        for key, value in self.seen.items():
            first, *rest = str(value).splitlines() or [""]
            lines.append(f"  {key.ljust(width)}  {first}")
            lines.extend(f"  {' ' * width}  {line}" for line in rest)
        if self.advice:
            lines.append(f"  -> {self.advice}")
        return "\n".join(lines)
