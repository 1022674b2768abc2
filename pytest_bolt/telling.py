"""What the person at the terminal and the reader of the files are told."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from pytest_bolt.actions_output import is_wanted, write_step_summary
from pytest_bolt.atomic_file import write_atomically
from pytest_bolt.core.calibration import calibrate
from pytest_bolt.core.calibration import lines as calibration_lines
from pytest_bolt.core.record import Revision, Summary
from pytest_bolt.core.summary import MachineLimits
from pytest_bolt.journal.build import entries_of
from pytest_bolt.journal.styles import STYLES
from pytest_bolt.journal.write import Journal, write_entry, write_matrix
from pytest_bolt.journal_figures import can_draw, drawn
from pytest_bolt.pages import write_page
from pytest_bolt.preparation import Output, Prepared
from pytest_bolt.reports import json_report, markdown
from pytest_bolt.reports.annotations import annotation_lines
from pytest_bolt.reports.progress import progress_text
from pytest_bolt.reports.terminal import Line, lines
from pytest_bolt.settings import OWN_BASELINE
from pytest_bolt.stores.store import Store
from pytest_bolt.versions import version_runs


@dataclass(frozen=True, slots=True, kw_only=True)
class Teller:
    """Speaks through pytest's own terminal reporter; silent where there is none."""

    config: pytest.Config

    @property
    def reporter(self) -> pytest.TerminalReporter | None:
        """Return pytest's reporter."""
        return self.config.pluginmanager.get_plugin("terminalreporter")

    def say(self, text: str, **markup: bool) -> None:
        """Write lines of their own, between whatever else is being written."""
        reporter = self.reporter
        if reporter is not None and reporter.verbosity >= 0:
            reporter.ensure_newline()
            for line in text.splitlines():
                reporter.write_line(line, **markup)

    def progress(self, *, pair: int, decided: int, total: int, elapsed_s: float, budget_s: float) -> None:
        """Say how far the measuring is."""
        text = progress_text(pair=pair, decided=decided, total=total, elapsed_s=elapsed_s, budget_s=budget_s)
        self.say(f"bolt: {text}")

    def table(
        self,
        summary: Summary,
        limits: MachineLimits | None,
        written: Sequence[str],
        complaints: Sequence[str],
    ) -> None:
        """Write the report of the run: what was written where, then the coverage, then what is wrong."""
        reporter = self.reporter
        if reporter is None:
            return
        reporter.section("bolt", sep="=")
        width = reporter._tw.fullwidth if reporter.isatty else None  # noqa: SLF001 - no public width
        *body, coverage = lines(summary, width=width, limits=limits)
        for line in (*body, *(Line(text, {}) for text in written), coverage):
            reporter.write_line(line.text, **line.markup)
        for text in (line for complaint in complaints for line in complaint.splitlines()):
            reporter.write_line(text, red=True, bold=True)

    def actions(self, summary: Summary, limits: MachineLimits | None, when: str) -> None:
        """Tell a job of GitHub Actions what failed; `when` is what `--bolt-github` says."""
        if self.reporter is None or not is_wanted(when, os.environ):
            return
        for line in annotation_lines(summary):
            self.reporter.write_line(line)
        self.say(write_step_summary(summary, limits, os.environ))

    def claims(self, texts: Iterable[str]) -> None:
        """Write what became of each claim."""
        lines = list(texts)
        if self.reporter is not None and lines:
            self.reporter.section("stated before the run", sep="=")
            for line in lines:
                self.reporter.write_line(line)

    def calibration(self, summary: Summary, spent_s: float) -> None:
        """Write what a run of the tree against itself says of the machine."""
        found = calibrate(summary, spent_s)
        if self.reporter is not None and found is not None:
            self.reporter.section("this machine", sep="-")
            for text in calibration_lines(found):
                self.reporter.write_line(text)


def header(prepared: Prepared) -> list[str]:
    """Return the lines above the run: what is compared with what, and what fails a test."""
    settings = prepared.settings
    head = _named(prepared.head)
    if prepared.base is None:
        return [f"bolt: measuring {head}; budget {settings.budget:g} s, seed {prepared.seed}"]
    gates = {**settings.fail_on.margins, **settings.fail_on.metrics}
    fails = ", ".join(
        f"{name} beyond {100 * margin:g} %" if margin else name for name, margin in gates.items()
    )
    if settings.baseline is not None:
        return [
            f"bolt: comparing {_subjects(settings.baseline)}, both in {head}",
            f"bolt: margin {100 * settings.margin:g} %, budget {settings.budget:g} s, seed {prepared.seed}",
        ]
    return [
        f"bolt: comparing {head} with {_named(prepared.base)}, mode {settings.mode}",
        f"bolt: margin {100 * settings.margin:g} %, fails on incorrect, {fails}",
        f"bolt: budget {settings.budget:g} s, environment {settings.env}, seed {prepared.seed}",
    ]


def _subjects(baseline: str) -> str:
    if baseline == OWN_BASELINE:
        return "each test with the baseline that it names"
    return f"implementations with {baseline}"


def with_figures(summary: Summary, store: Store) -> tuple[Summary, Mapping[str, str], list[str]]:
    """Return the run with the figures of its journal entries, their texts by path, and what to tell.

    Their hashes are stored with the run.
    """
    if not can_draw():
        return summary, {}, ["no figures beside the journal: pip install pytest-bolt[report] draws them"]
    summary, figures = drawn(summary, store)
    store.amend(summary.run.run_id, summary.run.evidence)
    return summary, figures, []


def write_file(
    output: Output,
    summary: Summary,
    limits: MachineLimits | None,
    prepared: Prepared,
    figures: Mapping[str, str],
) -> tuple[Path, ...]:
    """Write one report that was asked for; return the files. Raises BoltError.

    `figures` are those of the journal's entries, by their paths beside it.
    """
    match output.kind:
        case "html":
            write_page(output.path.parent, summary, prepared.store, limits)
        case "json":
            write_atomically(output.path, json_report.render(summary))
        case "markdown":
            write_atomically(output.path, markdown.render(summary, limits))
        case _ if output.journal is not None:
            return _write_journal(output.journal, summary, prepared, figures)
    return (output.path,)


def _write_journal(
    journal: Journal, summary: Summary, prepared: Prepared, figures: Mapping[str, str]
) -> tuple[Path, ...]:
    written = {}
    for entry in entries_of(summary):
        own = journal.of(entry)
        folder = own.path if own.folder else own.path.parent
        for each in entry.artifacts:
            if each.path in figures:
                write_atomically(folder / each.path, figures[each.path])
        written[write_entry(entry, own)] = own
    changelogs = [own for own in written.values() if own.style is STYLES["changelog"] and not own.folder]
    if changelogs and prepared.repo is not None:
        runs = tuple(version_runs(prepared.repo, prepared.store))
        for own in changelogs:
            write_matrix(own, runs)
    return tuple(written)


def _named(revision: Revision) -> str:
    name = revision.branch if revision.name == "HEAD" else revision.name
    if not revision.commit:
        return "this folder, which is no repository"
    return f"{revision.short} ({name})" if name else revision.short
