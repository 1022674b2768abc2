"""`pytest-bolt journal verify`: every number of every entry worked out again from the store."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TextIO

from pytest_bolt.commands.journal_entries import as_linked, run_of
from pytest_bolt.commands.journal_places import Text, entries_of_all, journals, line_of, stored, templates
from pytest_bolt.commands.kept_values import kept_of
from pytest_bolt.commands.screen import Screen
from pytest_bolt.core.plain_text import one_line
from pytest_bolt.core.recompute import Recomputed, recompute
from pytest_bolt.core.record import Artifact, Run, Summary
from pytest_bolt.errors import BoltError
from pytest_bolt.journal.build import entries_of
from pytest_bolt.journal.checking import place_of
from pytest_bolt.journal.entry import Entry
from pytest_bolt.journal.fitting import fitted
from pytest_bolt.journal.links import one_sided
from pytest_bolt.journal.listing import listed
from pytest_bolt.journal.markers import Found, entries_in
from pytest_bolt.repo.opening import open_repository
from pytest_bolt.repo.refs import knows_commit
from pytest_bolt.stores.store import Store

_DIFFERS = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Something that does not agree: in which line, of which entry, what."""

    path: Path
    line: int
    entry_id: str
    message: str


@dataclass(slots=True)
class Report:
    """What was found in all journals. `remarks` could not be checked, and count only under `--strict`."""

    problems: list[Problem] = field(default_factory=list)
    remarks: list[Problem] = field(default_factory=list)
    verified: int = 0
    differing: int = 0
    absent: int = 0
    by_hand: int = 0


class Verifier:
    """Checks entries against a store; what is worked out of a run is kept for its other entries."""

    def __init__(self, store: Store | None, own: Mapping[str, str], folder: Path) -> None:
        self._store = store
        self._own = own
        self._folder = folder
        self._summaries: dict[str, Summary | None] = {}
        self._rendered: dict[str, Mapping[str, Entry]] = {}
        self._recomputed: dict[str, Mapping[str, Recomputed]] = {}

    def check(self, text: Text, report: Report) -> None:
        """Check the entries of one journal."""
        try:
            entries = entries_in(text.text)
            report.by_hand += sum(not row.entry_id for row in listed(text.path, text.text))
        except BoltError as error:
            line = int(str(error.seen.get("line", 1)))
            entry = str(error.seen.get("entry", "-"))
            why = error.seen.get("problem")
            message = f"{error.what}: {why}" if why else error.what
            report.problems.append(Problem(path=text.path, line=line, entry_id=entry, message=message))
            report.differing += 1
            return
        for found in entries:
            self._check(text, found, report)

    def _check(self, text: Text, found: Found, report: Report) -> None:
        start = line_of(text.text, found.start)
        summary = self._summary(run_of(found.entry_id))
        edited = [(0, "it was edited outside a person's fields")] if found.edited else []
        if summary is None or self._store is None:
            report.absent += 1
            told, remarks = edited, [(0, "its run is not in the store, so that it cannot be verified here")]
        else:
            told, remarks = self._of_entry(self._store, found, summary, text.path.parent)
            told += edited if not told else []
            report.verified += not told
        report.differing += bool(told)
        for lines, target in ((told, report.problems), (remarks, report.remarks)):
            target += [
                Problem(path=text.path, line=start + line, entry_id=found.entry_id, message=message)
                for line, message in dict.fromkeys(lines)
            ]

    def _entries(self, summary: Summary) -> Mapping[str, Entry]:
        """Return the entries of a run by their ids; one run may have dozens."""
        run_id = summary.run.run_id
        if run_id not in self._rendered:
            self._rendered[run_id] = {entry.entry_id: entry for entry in entries_of(summary)}
        return self._rendered[run_id]

    def _summary(self, run_id: str) -> Summary | None:
        if run_id not in self._summaries:
            self._summaries[run_id] = stored(self._store, run_id) if run_id else None
        return self._summaries[run_id]

    def _of_entry(
        self, store: Store, found: Found, summary: Summary, folder: Path
    ) -> tuple[list[tuple[int, str]], list[tuple[int, str]]]:
        """Return what differs and what could not be checked, each with its line from that of the marker."""
        entry = self._entries(summary).get(found.entry_id)
        if entry is None:
            return [(0, "the stored run has no such entry")], []
        told: list[tuple[int, str]] = []
        remarks: list[tuple[int, str]] = []
        try:
            entry = as_linked(store, summary, entry, found.links)
        except BoltError as error:
            remarks.append((0, f"what it replicates is not in the store: {error.what}"))
            entry = replace(entry, links=found.links)
        if found.date != entry.date:
            told.append((0, _stands(found.date.isoformat(), entry.date.isoformat())))
        told += [
            (1 + each.line, _stands(each.stands, each.should)) for each in fitted(found, entry, self._own)[1]
        ]
        told += _times(summary.run)
        for name, agrees in self._recompute(store, summary).items():
            comparison = next(c for c in summary.comparisons if c.case.case_id.key == name)
            node_id = comparison.case.case_id.node_id
            if not _is_about(entry, node_id):
                continue
            line = 1 + place_of(found.body, comparison)
            told += [(line, f"{one_line(node_id)}: {text}") for text in agrees.differences]
            remarks += [(line, f"{one_line(node_id)}: {text}") for text in agrees.gaps]
        for checks in (self._artifacts(store, entry, folder), self._commits(entry)):
            for wrong, message in checks:
                (told if wrong else remarks).append((0, message))
        return told, remarks

    def _recompute(self, store: Store, summary: Summary) -> Mapping[str, Recomputed]:
        run_id = summary.run.run_id
        if run_id not in self._recomputed:
            kept = kept_of(store, summary)
            self._recomputed[run_id] = {
                c.case.case_id.key: recompute(c, kept.get(c.case.case_id.key)) for c in summary.comparisons
            }
        return self._recomputed[run_id]

    def _artifacts(self, store: Store, entry: Entry, folder: Path) -> Iterator[tuple[bool, str]]:
        for each in entry.artifacts:
            content = store.artifact(each.sha256) if each.stored else self._file(each, folder)
            name = one_line(each.path)
            if content is None:
                yield (
                    each.stored,
                    f"the file {name} is not {'in the store' if each.stored else 'here'} any more",
                )
            elif (hashlib.sha256(content).hexdigest(), len(content)) != (each.sha256, each.size):
                yield True, f"the file {name} is not what it was: its hash or size differs"

    def _file(self, artifact: Artifact, folder: Path) -> bytes | None:
        """Return a file that lies beside the journal, as figures do, or where the command was typed."""
        for place in (folder, self._folder):
            with suppress(OSError, ValueError):
                return (place / artifact.path).read_bytes()
        return None

    def _commits(self, entry: Entry) -> Iterator[tuple[bool, str]]:
        try:
            repo = open_repository(self._folder)
        except BoltError:
            return
        for name, side in (("head", entry.head), ("base", entry.base)):
            if side is not None and side.commit and not knows_commit(repo, side.commit):
                yield False, f"this repository does not have the {name} commit {one_line(side.commit)}"


def verify_journals(
    paths: Sequence[Path],
    stream: TextIO,
    store: Store | None,
    *,
    templates_folder: Path | None = None,
    as_json: bool = False,
    strict: bool = False,
) -> int:
    """Write what does not agree in the journals, and return the exit code: 1 where something does not.

    Raises BoltError for a path that is not there.
    """
    texts = journals(paths)
    report = Report()
    verifier = Verifier(store, templates(templates_folder), Path.cwd())
    for text in texts:
        verifier.check(text, report)
    _check_links(texts, report)
    screen = Screen(stream=stream)
    if as_json:
        screen.json(_document(report, texts))
    else:
        _write(screen, report, texts, strict=strict)
    return _DIFFERS if report.problems or (strict and report.remarks) else 0


def _check_links(texts: Iterable[Text], report: Report) -> None:
    """Report links that lead nowhere or only one way; damaged journals have been reported already."""
    whole = []
    for text in texts:
        try:
            whole += entries_of_all([text])
        except BoltError:
            continue
    places = {found.entry_id: (path, found) for path, found in whole}
    by_path = {text.path: text.text for text in texts}
    for entry_id, problem in one_sided(found for _, found in whole):
        path, found = places[entry_id]
        line = line_of(by_path[path], found.start)
        report.remarks.append(Problem(path=path, line=line, entry_id=entry_id, message=problem))


def _is_about(entry: Entry, node_id: str) -> bool:
    """Return whether a test belongs to an entry: to one of an experiment only its own do."""
    of_experiment = [part.statement.node_id for part in entry.parts if part.statement.experiment]
    return not of_experiment or node_id in of_experiment


def _times(run: Run) -> Iterator[tuple[int, str]]:
    if run.measured is not None and run.measured < run.started:
        yield 0, f"the first measurement, {run.measured}, was before the hypothesis was stored, {run.started}"
    if run.ended is not None and run.ended < run.started:
        yield 0, f"the run ended, {run.ended}, before it began, {run.started}"


def _stands(stands: str, should: str) -> str:
    return f"there stands {one_line(stands)}, the store gives {one_line(should)}"


def _document(report: Report, texts: Sequence[Text]) -> dict[str, object]:
    return {
        "schema": 1,
        "journals": len(texts),
        "verified": report.verified,
        "differing": report.differing,
        "not_verifiable": report.absent,
        "by_hand": report.by_hand,
        "differences": [_row(problem) for problem in report.problems],
        "remarks": [_row(remark) for remark in report.remarks],
    }


def _row(problem: Problem) -> dict[str, object]:
    return {
        "path": str(problem.path),
        "line": problem.line,
        "entry": problem.entry_id,
        "message": problem.message,
    }


def _write(screen: Screen, report: Report, texts: Sequence[Text], *, strict: bool) -> None:
    for problem in [*report.problems, *(report.remarks if strict else [])]:
        place = f"{one_line(str(problem.path))}:{problem.line}"
        screen.line(f"{place}: {problem.entry_id}: {problem.message}")
    counts = [
        f"{report.verified} verified",
        f"{report.differing} differ",
        f"{report.absent} not verifiable here",
        f"{report.by_hand} by hand",
    ]
    files = f"{len(texts)} journal{'' if len(texts) == 1 else 's'}"
    screen.line(f"{', '.join(counts)}, in {files}")
    if report.remarks and not strict:
        screen.line(f"{len(report.remarks)} things could not be checked; --strict says which")
