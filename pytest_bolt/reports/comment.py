"""The comment on a pull request: the Markdown report under a hidden marker by which it is found again."""

from __future__ import annotations

import re

from pytest_bolt.core.record import Summary
from pytest_bolt.errors import BoltError
from pytest_bolt.reports.markdown import COMMENT_BUDGET, Posted, render

DEFAULT_KEY = "default"
_KEY = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._]|-(?!-)){0,59}")  # two hyphens would end the comment in HTML


def marker(key: str) -> str:
    """Return the hidden first line of the comment with this key. Raises BoltError for a bad key."""
    if not _KEY.fullmatch(key) or key.endswith("-"):
        raise BoltError(
            f"{key!r:.100} cannot be the key of a comment",
            advice="write up to 60 letters, digits, dots, underscores and single hyphens, like linux-gpu",
        )
    return f"<!-- pytest-bolt:comment {key} -->"


def comment(summary: Summary, *, key: str = DEFAULT_KEY, fetch: str = "", shorter: int = 0) -> str:
    """Return the comment for a run.

    Arguments:
        summary: the finished run.
        key: which of several comments on one pull request.
        fetch: the command that gets the head's commit into a reader's clone; may be empty.
        shorter: how many times a quarter of the length is taken away, for a host that refused it.
    """
    budget = COMMENT_BUDGET
    for _ in range(shorter):
        budget = budget.smaller()
    label = "" if key == DEFAULT_KEY else key
    return render(summary, budget=budget, posted=Posted(marker=marker(key), label=label, fetch=fetch))
