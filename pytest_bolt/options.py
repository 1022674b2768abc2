"""The one table of options: command line, ini file, help text and reference page come from it.

Every pytest run of a project that has pytest-bolt installed imports this: named tuples are cheap to build.
"""

from __future__ import annotations

from typing import Any, Literal, NamedTuple


class Option(NamedTuple):
    """One option: `--bolt-<name>` on the command line, `bolt_<name>` in the ini file.

    `kind` says how the text is read; an option without metavar is a switch. `starts` says that
    giving it on the command line makes this a bolt run. `repeatable` options collect their texts.
    """

    name: str
    help: str
    metavar: str | None = None
    default: Any = None
    kind: str = "text"
    choices: tuple[str, ...] = ()
    repeatable: bool = False
    ini: bool = True
    starts: bool = False

    @property
    def flag(self) -> str:
        """Return the option as typed."""
        return "--bolt" if self.name == "measure" else f"--bolt-{self.name}"

    @property
    def ini_type(self) -> Literal["linelist", "bool", "string"]:
        """Return pytest's type of the ini key."""
        if self.repeatable:
            return "linelist"
        return "bool" if self.metavar is None else "string"

    @property
    def dest(self) -> str:
        """Return the attribute on pytest's option namespace, and the ini key."""
        return f"bolt_{self.name}".replace("-", "_")


OPTIONS = (
    Option(name="measure", help="Measure and store every benchmark of this tree.", ini=False, starts=True),
    Option(
        name="compare",
        metavar="REF",
        help="Compare this working tree with REF: a branch (its merge base with HEAD), REF@tip, a tag, a "
        "commit, HEAD~3.",
        ini=False,
        starts=True,
    ),
    Option(
        name="mode",
        metavar="MODE",
        default="auto",
        choices=("auto", "paired", "stored"),
        help="paired measures both trees; stored measures this one and compares with what the store holds of "
        "REF; auto takes the stored baseline where it can decide.",
    ),
    Option(
        name="fail-on",
        metavar="VERDICTS",
        repeatable=True,
        help="Verdicts that fail their test, with optional margins: slower:2.5%%,missing. An incorrect "
        "benchmark always fails. Default: slower.",
    ),
    Option(
        name="margin",
        metavar="MARGIN",
        default="5%",
        kind="margin",
        help="Relative difference that matters; smaller ones are called the same. Default: 5%%.",
    ),
    Option(
        name="budget",
        metavar="TIME",
        default="10m",
        kind="duration",
        help="Time to spend on measuring, like 90s, 10m, 1h. What it does not reach is inconclusive.",
    ),
    Option(name="thorough", help="Measure every benchmark on at least twelve process pairs."),
    Option(
        name="timeout",
        metavar="TIME",
        default="5m",
        kind="duration",
        help="Time limit of one step of one benchmark on one side. Default: 5m.",
    ),
    Option(
        name="build",
        metavar="RECIPE",
        default="auto",
        help="How compiled modules of the base are made: auto (pip, where this tree has some), path (never), "
        "pip, or a shell command that is run in the base's folder. Default: auto.",
    ),
    Option(
        name="env",
        metavar="POLICY",
        default="pin",
        choices=("pin", "keep"),
        help="pin gives workers one thread, a fixed hash seed and allocator settings; keep changes nothing.",
    ),
    Option(
        name="threads",
        metavar="N",
        kind="threads",
        help="Intra-operation threads in the workers. Default: 1.",
    ),
    Option(
        name="device",
        metavar="NAMES",
        default="",
        kind="names",
        help="Devices for the device fixture, like cpu,cuda:0. Default: every device of the machine.",
    ),
    Option(
        name="dtype",
        metavar="NAMES",
        default="",
        kind="names",
        help="Data types for the dtype fixture, like fp32,bf16.",
    ),
    Option(
        name="adapter",
        metavar="FILE",
        repeatable=True,
        help="Python file of run_* functions that the suites test in place of the shipped ones; repeatable.",
    ),
    Option(
        name="suite",
        metavar="NAME",
        repeatable=True,
        ini=False,
        help="Run a suite that ships with pytest-bolt: softmax, rmsnorm, attention, or all; repeatable.",
    ),
    Option(
        name="store",
        metavar="URL",
        help="Where results are kept: a path or an SQLAlchemy URL. Default: .bolt/store.sqlite of the main "
        "worktree.",
    ),
    Option(
        name="hypothesis",
        metavar="TEXT",
        default="",
        ini=False,
        help="What this change is believed to do, for the journal.",
    ),
    Option(
        name="expect",
        metavar="EXPR",
        repeatable=True,
        ini=False,
        help="A checkable expectation: 'time <= 0.95x base', '*softmax*: time <= -4.5%%'; repeatable.",
    ),
    Option(
        name="journal",
        metavar="STYLE[:PATH]",
        help="Write a journal entry in this style: paper. Default path: journal/JOURNAL.md.",
    ),
    Option(name="json", metavar="PATH", ini=False, help="Write the report as JSON."),
    Option(name="markdown", metavar="PATH", ini=False, help="Write the report as Markdown."),
    Option(
        name="seed",
        metavar="N",
        kind="seed",
        ini=False,
        help="Seed of the order and layout randomisation. Default: drawn, and printed.",
    ),
)
