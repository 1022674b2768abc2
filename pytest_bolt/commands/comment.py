"""`pytest-bolt comment`: reads a report that anybody may have written, and speaks with the host's token."""

from __future__ import annotations

import argparse
import os
import secrets
import sys
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from typing import TextIO

from pytest_bolt.commands.comment_target import Target, connect, target_of
from pytest_bolt.core.record import Summary
from pytest_bolt.errors import BoltError
from pytest_bolt.hosting.host import Absent, Change, Denied, Host, Refusal, TooLong
from pytest_bolt.hosting.patience import Patience, SystemClock
from pytest_bolt.hosting.sticky import Sticky
from pytest_bolt.reports.annotations import annotation_lines
from pytest_bolt.reports.comment import comment, marker
from pytest_bolt.reports.received import read_report

_MOST_CHANGES = 10  # pull requests with one head: a branch that is proposed to several others
_READ_ONLY = (
    "give the job `permissions: pull-requests: write` (GitHub) or a token with the scope api and the role "
    "Reporter (GitLab); a job that runs for a fork gets no token that writes: comment from a workflow_run job"
)
_UNSEEN = "check --repo and --pr; to a token that may not see them the host says that they do not exist"


def run_comment(arguments: argparse.Namespace) -> None:
    """Do what the command line asks for. Raises BoltError."""
    first_line = marker(arguments.key)
    summary = read_report(arguments.json)
    if arguments.annotate:
        for line in annotation_lines(summary):
            sys.stdout.write(f"{line}\n")
    if arguments.dry_run:
        with _as_text(sys.stdout):
            sys.stdout.write(comment(summary, key=arguments.key))
        return
    target = target_of(arguments, os.environ)
    clock = SystemClock()
    with closing(connect(target, clock)) as host, _told(target):
        patience = Patience(clock=clock, most_s=arguments.max_wait, say=_say)
        for change in _changes(host, target, summary, patience):
            _put(host, patience, target, change, (first_line, arguments.key, summary))


def _put(
    host: Host, patience: Patience, target: Target, change: Change, what: tuple[str, str, Summary]
) -> None:
    first_line, key, summary = what
    fetch = host.fetch_command(change.number)
    sticky = Sticky(
        host=host,
        patience=patience,
        author=target.author or patience.until_answered(host.me),
        marker=first_line,
        text=lambda shorter: comment(summary, key=key, fetch=fetch, shorter=shorter),
    )
    _say(f"{sticky.put(change.number)}: {target.named(change.number)}")


def _changes(host: Host, target: Target, summary: Summary, patience: Patience) -> Iterable[Change]:
    """Return the pull requests that the report is about, as the host knows them. Raises BoltError.

    The report's own word counts for nothing here: it must be of the commit that the host says was measured.
    """
    measured = summary.run.head.commit
    head = target.head or measured
    if measured != head:
        raise BoltError(
            "the report is of another commit than the job that made it",
            seen={"report": measured, "job": head},
            advice="measure the head of the pull request itself, not a merge with its base",
        )
    if target.number is None:
        found = patience.until_answered(lambda: list(host.changes_of(head))[:_MOST_CHANGES])
        if not found:
            _say(f"nothing was posted: no open pull request of {target.repository} has the head {head}")
        return found
    number = target.number
    change = patience.until_answered(lambda: host.change(number))
    if change.head == head:
        return [change]
    if target.head:
        _say(f"nothing was posted: {target.named(number)} has moved on from {head} to {change.head}")
        return []
    raise BoltError(
        "the report is not of the head of this pull request",
        seen={"report": measured, "head": change.head},
        advice="measure its head, or give the commit that the job ran for with --head=SHA",
    )


@contextmanager
def _told(target: Target) -> Iterator[None]:
    """Turn what the host refuses into a message."""
    seen = {"host": target.address, "repository": target.repository}
    try:
        yield
    except Denied as refusal:
        what, advice = "the token may not do this", _READ_ONLY
        raise BoltError(what, seen={**seen, "answer": refusal.said}, advice=advice) from None
    except Absent as refusal:
        what = "the host knows no such repository or pull request"
        raise BoltError(what, seen={**seen, "answer": refusal.said}, advice=_UNSEEN) from None
    except TooLong as refusal:
        what, advice = (
            "the host takes no comment of this length, however short",
            "say so to its administrator",
        )
        raise BoltError(what, seen={**seen, "answer": refusal.said}, advice=advice) from None
    except Refusal as refusal:
        advice = "check --host and --url"
        raise BoltError("the host refuses", seen={**seen, "answer": refusal.said}, advice=advice) from None


@contextmanager
def _as_text(stream: TextIO) -> Iterator[None]:
    """Keep GitHub's runner from taking lines of a foreign text for commands to it."""
    if os.environ.get("GITHUB_ACTIONS") != "true":
        yield
        return
    word = secrets.token_hex(16)
    stream.write(f"::stop-commands::{word}\n")
    try:
        yield
    finally:
        stream.write(f"::{word}::\n")


def _say(text: str) -> None:
    sys.stdout.write(f"pytest-bolt: {text}\n")
