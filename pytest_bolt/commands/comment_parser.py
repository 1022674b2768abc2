"""The arguments of `pytest-bolt comment`."""

from __future__ import annotations

import argparse
from pathlib import Path

from pytest_bolt.settings import parse_duration

HOSTS = ("github", "gitlab")
_TEXT = "the comment on a pull or merge request, from the JSON report of a run, posted or updated in place"
_EPILOG = (
    "The token is taken from GITHUB_TOKEN, GH_TOKEN or GITLAB_TOKEN. In a job of either host, host, address, "
    "repository and merge request are known; on GitHub give --head or --pr."
)


def add_comment(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to those of `pytest-bolt`."""
    command = commands.add_parser(
        "comment", help=_TEXT, description=f"Write {_TEXT}.", epilog=_EPILOG, allow_abbrev=False
    )
    command.set_defaults(work=_work)
    command.add_argument(
        "--json",
        type=Path,
        metavar="FILE",
        required=True,
        help="the report that `pytest --bolt-json=FILE` wrote; it may come from somebody else's job",
    )
    command.add_argument(
        "--host", choices=HOSTS, help="the kind of host (default: that of the job, else github)"
    )
    command.add_argument("--repo", metavar="OWNER/NAME", help="the repository that has the pull request")
    command.add_argument("--pr", type=_number, metavar="N", help="the number of the pull or merge request")
    command.add_argument(
        "--head",
        metavar="SHA",
        help="the commit that the measuring job ran for, as the host says it, not the report: the report has "
        "to be of it, and it has to be the head of the pull request, which is found by it",
    )
    command.add_argument(
        "--key", default="default", help="tells several comments on one pull request apart (default: default)"
    )
    command.add_argument("--url", help="the address of an enterprise server or its API")
    command.add_argument(
        "--author", metavar="LOGIN", help="who the token writes as (default: the host is asked)"
    )
    command.add_argument(
        "--max-wait",
        type=parse_duration_argument,
        default=300.0,
        metavar="TIME",
        help="how long to wait, in all, for a host that limits or fails (default: 5m)",
    )
    command.add_argument("--annotate", action="store_true", help="print GitHub's annotations, too")
    command.add_argument("--dry-run", action="store_true", help="print the comment and ask no host anything")


def parse_duration_argument(text: str) -> float:
    """Return seconds; a message of argparse for anything else."""
    from pytest_bolt.errors import BoltError

    try:
        return parse_duration(text)
    except BoltError as error:
        raise argparse.ArgumentTypeError(f"{error.what}: {error.advice}") from None


def _number(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or len(text) > 12 or int(text) < 1:
        raise argparse.ArgumentTypeError(f"not the number of a pull request: {text[:40]!r}")
    return int(text)


def _work(arguments: argparse.Namespace) -> None:
    from pytest_bolt.commands.comment import run_comment

    run_comment(arguments)
