"""Everything that can be refused is refused here, before a single test runs."""

from __future__ import annotations

import os
import secrets
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_bolt.atomic_file import check_writable
from pytest_bolt.core.command_text import FOLDER_SETTING
from pytest_bolt.core.environment import Environment
from pytest_bolt.core.expectation import Expectation
from pytest_bolt.core.place import ROOT_SETTING
from pytest_bolt.core.record import Evidence, Revision, Run
from pytest_bolt.core.statements import Statement, numbered, words_of
from pytest_bolt.errors import BoltError
from pytest_bolt.extras import require_report
from pytest_bolt.journal.own_templates import templates_in
from pytest_bolt.journal.write import Journal, parse_option
from pytest_bolt.machine import environment
from pytest_bolt.measuring.process import PINNED_ENVIRONMENT
from pytest_bolt.page_folder import PAGE, check_page_folder
from pytest_bolt.repo.cache import cache_folder, prepare_cache
from pytest_bolt.repo.commands import top_level
from pytest_bolt.repo.evidence import Found, evidence_of
from pytest_bolt.repo.opening import main_worktree, open_repository
from pytest_bolt.repo.refs import resolve_base, resolve_head
from pytest_bolt.settings import Settings
from pytest_bolt.stores.store import STORE_PLACE, Store, open_store

if TYPE_CHECKING:
    from git import Repo

ITSELF = "itself"  # what the base is called in a run of a tree against itself
_SEED_LIMIT = 1 << 31
_DISTRIBUTED = "tests are spread over processes (-n), which would disturb each other's times"


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """A file to be written at the end: what it is, where, and of a journal the rest."""

    kind: str
    path: Path
    journal: Journal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """What a run stands on. `base` and `repo` are None where only this tree is measured."""

    settings: Settings
    repo: Repo | None
    head: Revision
    base: Revision | None
    store: Store
    statements: tuple[Statement, ...]
    outputs: tuple[Output, ...]
    seed: int
    evidence: Evidence = field(default_factory=Evidence)
    diff: bytes | None = None  # of a dirty tree, where it is not too large to be kept
    ignored: tuple[Path, ...] = ()  # what the run itself writes, and what it was told to name
    root: str = ""  # of the node ids, below the repository's top folder

    def against(self, base: Revision) -> Prepared:
        """Return the same with another base: the stored one that stands in for what was asked for."""
        if self.repo is None or self.base is None or base.commit == self.base.commit:
            return replace(self, base=base)
        found = evidence_of(self.repo, self.head, base, ignore=self.ignored)
        return replace(self, base=base, evidence=found.evidence)

    @property
    def expectations(self) -> tuple[Expectation, ...]:
        """Return what the command line or the commit message expects."""
        return tuple(each for statement in self.statements for each in statement.expectations())

    def new_run(self, command: tuple[str, ...], mode: str, statements: tuple[Statement, ...]) -> Run:
        """Return the run that begins now.

        Arguments:
            command: what was typed.
            mode: as in `Run`.
            statements: all that was stated; the words of the first source that states any are the hypothesis.
        """
        stated = [each for each in statements if each.text and not each.experiment]
        first = [each for each in stated if each.source == stated[0].source]
        return Run(
            run_id=uuid.uuid4().hex[:12],
            started=datetime.now(UTC),
            command=command,
            head=self.head,
            base=self.base,
            environment=self.environment(),
            mode=mode,
            hypothesis=words_of(first),
            expect=tuple(expectation.text for expectation in self.expectations),
            settings={**_shown(self.settings), **self._root(), **self._folder(), "seed": str(self.seed)},
            statements=statements,
            evidence=self.evidence,
        )

    def _root(self) -> dict[str, str]:
        return {ROOT_SETTING: self.root} if self.root else {}

    def _folder(self) -> dict[str, str]:
        """Return where in the repository the command was typed, so that it can be typed there again."""
        if self.repo is None:
            return {}
        folder = os.path.relpath(Path.cwd().resolve(), top_level(self.repo))
        return {} if folder.startswith((os.curdir, os.pardir)) else {FOLDER_SETTING: folder}

    def environment(self) -> Environment:
        """Return the facts of this machine, with what the workers are given."""
        pinned = self.settings.env == "pin"
        threads = str(
            self.settings.threads or (1 if pinned else os.environ.get("OMP_NUM_THREADS", "default"))
        )
        return environment(threads=threads, variables=PINNED_ENVIRONMENT if pinned else {})


def prepare(config: pytest.Config, settings: Settings) -> Prepared:
    """Check what was asked for and open what it needs. Raises BoltError."""
    if getattr(config.option, "tx", None) and getattr(config.option, "dist", "no") != "no":
        raise BoltError(_DISTRIBUTED, advice="leave -n out, or give -n0")
    _check_one_comparison(settings)
    outputs = _outputs(settings, config)
    repo = _repository(_places(config), required=settings.compare is not None)
    named = [config.invocation_params.dir / path for path in settings.artifact]
    ignore = [*(output.path for output in outputs), *named]
    head = resolve_head(repo, ignore=ignore) if repo is not None else Revision(commit="", name="")
    base = resolve_base(repo, settings.compare) if repo is not None and settings.compare is not None else None
    if settings.aa or settings.baseline is not None:
        base = replace(head, name=settings.baseline or ITSELF, branch="")
    elif base is not None and settings.mode != "stored":
        prepare_cache(cache_folder(os.environ))
    statements = _statements(settings, head)
    other = base if settings.compare is not None else None  # otherwise both sides are this tree
    found = evidence_of(repo, head, other, ignore=ignore) if repo is not None else Found()
    store = open_store(settings.store or str(_store_place(config, repo)))
    store.probe()
    return Prepared(
        settings=settings,
        repo=repo,
        head=head,
        base=base,
        store=store,
        statements=statements,
        outputs=outputs,
        seed=secrets.randbelow(_SEED_LIMIT) if settings.seed is None else settings.seed,
        evidence=found.evidence,
        diff=found.diff,
        ignored=tuple(ignore),
        root=_root_below(repo, config.rootpath),
    )


def _statements(settings: Settings, head: Revision) -> tuple[Statement, ...]:
    """Return what the command line states, where it says nothing the trailers of the commit.

    Words and expectations may come from different ones. Raises BoltError for what cannot be read.
    """
    trailers = {name: head.trailers.get(name, "") for name in ("Hypothesis", "Expect")}
    words = settings.hypothesis or tuple(filter(None, [trailers["Hypothesis"]]))
    expect = settings.expect or tuple(filter(None, trailers["Expect"].splitlines()))
    source = "option" if settings.hypothesis or settings.expect else "commit message"
    return numbered(words, source, expect)


def _root_below(repo: Repo | None, rootdir: Path) -> str:
    """Return the way from the repository's top folder to pytest's root directory, empty for itself."""
    if repo is None:
        return ""
    way = Path(os.path.relpath(rootdir.resolve(), top_level(repo))).as_posix()
    return "" if way == "." else way


def _check_one_comparison(settings: Settings) -> None:
    """Raise BoltError where two kinds of comparison are asked for at once."""
    kinds = {
        "--bolt-compare": settings.compare is not None,
        "--bolt-aa": settings.aa,
        "--bolt-baseline": settings.baseline is not None,
    }
    asked = [flag for flag, given in kinds.items() if given]
    if len(asked) > 1:
        raise BoltError(
            f"{asked[0]} and {asked[1]} are two comparisons", advice=f"leave {' or '.join(asked)} out"
        )
    if settings.baseline is not None and settings.mode == "stored":
        raise BoltError("--bolt-baseline measures both sides", advice="leave --bolt-mode=stored out")


def _places(config: pytest.Config) -> tuple[Path, ...]:
    """Return where the repository is looked for: pytest's root directory may lie outside of it."""
    cwd = config.invocation_params.dir
    tests = (cwd / str(word).partition("::")[0] for word in config.args)
    return (config.rootpath, cwd, *(test if test.is_dir() else test.parent for test in tests))


def _repository(places: Iterable[Path], *, required: bool) -> Repo | None:
    """Return the repository of the first place that lies in one. Raises BoltError, of the first place."""
    errors = []
    for place in places:
        try:
            return open_repository(place)
        except BoltError as error:
            errors.append(error)
    if required:
        raise errors[0]
    return None


def _store_place(config: pytest.Config, repo: Repo | None) -> Path:
    return (main_worktree(repo) if repo is not None else config.rootpath) / STORE_PLACE


def _outputs(settings: Settings, config: pytest.Config) -> tuple[Output, ...]:
    cwd = config.invocation_params.dir
    templates = _templates(settings, cwd, config.rootpath)
    outputs = [
        Output(kind=kind, path=cwd / path)
        for kind, path in (("json", settings.json), ("markdown", settings.markdown))
        if path is not None
    ]
    root = cwd if "journal" in settings.typed else config.rootpath
    outputs += [_journal(text, templates, root) for text in settings.journal]
    for output in outputs:
        folder = output.journal is not None and output.journal.folder
        check_writable(output.path / "entry.md" if folder else output.path)
    if settings.html is not None:
        require_report("--bolt-html")
        page = (cwd if "html" in settings.typed else config.rootpath) / settings.html / PAGE
        check_page_folder(page.parent)
        outputs.append(Output(kind="html", path=page))
    return tuple(outputs)


def _templates(settings: Settings, cwd: Path, root: Path) -> Mapping[str, str]:
    """Return the journal templates of the user, by file name. Raises BoltError where they cannot be read."""
    if settings.journal_templates is None:
        return {}
    return templates_in((cwd if "journal-templates" in settings.typed else root) / settings.journal_templates)


def _journal(text: str, templates: Mapping[str, str], root: Path) -> Output:
    """Return the journal that was asked for, with its path; raise BoltError where that cannot be."""
    journal = parse_option(text, templates)
    path = root / journal.path
    if journal.style is None and not path.is_file():
        raise BoltError("there is no journal whose style could be told", seen={"path": path})
    return Output(kind="journal", path=path, journal=replace(journal, path=path))


def _shown(settings: Settings) -> dict[str, str]:
    names = "mode margin budget thorough build env threads clock memory device dtype adapter"
    values: dict[str, Any] = {name: getattr(settings, name) for name in names.split()}
    values["fail_on"] = ",".join(
        f"{name}:{margin:g}" if margin else name
        for name, margin in {**settings.fail_on.margins, **settings.fail_on.metrics}.items()
    )
    return {name: str(value) for name, value in values.items() if value not in (None, (), "")}
