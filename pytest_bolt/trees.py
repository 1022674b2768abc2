"""The two trees of a comparison as worker specifications."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_bolt.core.measurement import Side
from pytest_bolt.core.record import Revision
from pytest_bolt.items import place_in
from pytest_bolt.measuring.pairing import START_LIMIT_S
from pytest_bolt.measuring.process import (
    FOLDER_VARIABLE,
    Worker,
    WorkerGone,
    WorkerSpec,
    worker_arguments,
    worker_environment,
)
from pytest_bolt.options import MATRIX, OPTIONS
from pytest_bolt.repo import overlay
from pytest_bolt.repo.building import build
from pytest_bolt.repo.commands import top_level
from pytest_bolt.repo.state import differs_only_in_suite
from pytest_bolt.repo.worktrees import acquire, cache_folder, compiler_caches, counterpart
from pytest_bolt.settings import Settings

if TYPE_CHECKING:
    from git import Repo

_OWN = {option.flag: int(option.metavar is not None) for option in OPTIONS if option.name not in MATRIX}
_SELECTING = {"-k": 1, "-m": 1, "--deselect": 1, "--ignore": 1, "--ignore-glob": 1, "--pyargs": 0}
# Options that are about the controller's own run: its reports, its choice and order of tests, its processes.
_CONTROLLER_ONLY = {
    "-x": 0,
    "--exitfirst": 0,
    "--maxfail": 1,
    "--lf": 0,
    "--last-failed": 0,
    "--lfnf": 1,
    "--last-failed-no-failures": 1,
    "--ff": 0,
    "--failed-first": 0,
    "--nf": 0,
    "--new-first": 0,
    "--sw": 0,
    "--stepwise": 0,
    "--sw-skip": 0,
    "--stepwise-skip": 0,
    "--cache-clear": 0,
    "--cache-show": 0,
    "--pdb": 0,
    "--trace": 0,
    "--junitxml": 1,
    "--junit-xml": 1,
    "--html": 1,
    "--report-log": 1,
    "--basetemp": 1,
    "--rootdir": 1,
    "-c": 1,
    "--config-file": 1,
    "-n": 1,
    "--numprocesses": 1,
    "--dist": 1,
    "--benchmark-json": 1,
}
# Plugins that would run the worker's tests elsewhere, watch them, stop their clock, or write into the tree;
# each by its names: as installed, and as loaded by hand with `-p`.
_QUIETING = {
    ("xdist", "xdist.plugin"): ("-n0",),
    ("_cov",): ("--no-cov",),
    ("timeout", "pytest_timeout"): ("--timeout=0",),
    ("cacheprovider",): ("-o", f"cache_dir=${FOLDER_VARIABLE}/cache"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Trees:
    """What the executor needs, and what is known of the base.

    `known` holds the node ids by key of the benchmarks in the base's own suite; None where both suites
    are the same, so that every benchmark exists on both sides, or where it could not be collected.
    `unread` names what of that suite could not be collected: files and folders relative to the root.
    `same_code` says that whatever differs from the base is laid over it.
    """

    specs: Mapping[Side, WorkerSpec]
    known: Mapping[str, str] | None = None
    unread: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    same_code: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _OwnSuite:
    """What the base's own suite holds, before the head's is laid over it; fields as in Trees."""

    benchmarks: Mapping[str, str] | None = None
    unread: tuple[str, ...] = ()
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """The facts of the controller's pytest that its workers share.

    `root` is that of the suite, `files` hold benchmarks, and the run itself writes `outputs`.
    """

    config: pytest.Config
    settings: Settings
    root: Path
    path: tuple[str, ...]
    files: tuple[Path, ...]
    outputs: tuple[Path, ...]
    say: Callable[[str], None]

    @property
    def cwd(self) -> Path:
        """Return the folder that pytest was started in."""
        return self.config.invocation_params.dir


def head_only(session: Session) -> Trees:
    """Return the trees of a run that measures the working tree alone."""
    return Trees(specs={Side.HEAD: _head_spec(session, None, None)})


def twice(session: Session, baseline: str = "", notes: Sequence[str] = ()) -> Trees:
    """Return the trees of a run of this tree against itself, or against another implementation in it."""
    spec = _head_spec(session, None, None)
    base = replace(spec, side=Side.BASE, baseline=baseline)
    return Trees(specs={Side.BASE: base, Side.HEAD: spec}, notes=tuple(notes))


@contextmanager
def both(session: Session, repo: Repo, base: Revision) -> Iterator[Trees]:
    """Lend the base's tree, with the head's suite laid over it, for the length of the block.

    Raises BoltError where it cannot be checked out.
    """
    head, cache = top_level(repo), cache_folder(os.environ)
    with acquire(repo, base.commit, cache) as tree:
        plain = _head_spec(session, head, tree.path)
        # Whatever --bolt-env says: in a cache keyed by name alone one side would find the build of the other.
        spec = _with(plain, compiler_caches(cache, tree=str(head)))
        base_spec = _with(
            _moved(plain, head, tree.path), compiler_caches(cache, tree=f"{head} {base.commit}")
        )
        root = session.root
        base_root = counterpart(repo, tree.path, root)
        built = build(repo, tree.path, session.settings.build, cache=cache, say=session.say)
        testpaths = session.config.getini("testpaths")
        suite = overlay.suite_files(
            root,
            session.files,
            config_file=session.config.inipath,
            testpaths=[place_in(root, session.config.rootpath / path) for path in testpaths],
        )
        lent = {*suite.files, *suite.folders}
        same_code = differs_only_in_suite(repo, base.commit, root, lent, ignore=session.outputs)
        notes = [*tree.notes, *built]
        own = _OwnSuite()
        if overlay.differs(base_root, root, suite):
            own = _own_suite(session, base_spec, head, tree.path)
            notes += [own.problem] if own.problem else []
        overlay.apply(base_root, root, suite)
        specs = {Side.BASE: base_spec, Side.HEAD: spec}
        yield Trees(
            specs=specs, known=own.benchmarks, unread=own.unread, notes=tuple(notes), same_code=same_code
        )


def _head_spec(session: Session, own: Path | None, other: Path | None) -> WorkerSpec:
    return WorkerSpec(
        side=Side.HEAD,
        cwd=session.cwd,
        root=session.root,
        own=own,
        other=other,
        arguments=_arguments(session, [str(file) for file in session.files]),
        path=session.path,
        environment=worker_environment(
            os.environ,
            pinned=session.settings.env == "pin",
            threads=session.settings.threads,
            extra={"BOLT_WORKER": "1"},
        ),
    )


def _moved(spec: WorkerSpec, head: Path, base: Path) -> WorkerSpec:
    """Return the base's spec: every path inside the head's tree becomes the same place in the base's."""
    cwd = _move_path(spec.cwd, head, base)
    return replace(
        spec,
        side=Side.BASE,
        cwd=cwd if cwd.is_dir() else base,
        root=_move_path(spec.root, head, base),
        own=base,
        other=head,
        arguments=tuple(_move_word(word, head, base) for word in spec.arguments),
    )


def _with(spec: WorkerSpec, variables: Mapping[str, str]) -> WorkerSpec:
    return replace(spec, environment={**spec.environment, **variables})


def _move_path(path: Path, head: Path, base: Path) -> Path:
    inside = next((each for each in (path, path.resolve()) if each.is_relative_to(head)), None)
    return base / inside.relative_to(head) if inside is not None else path


def _move_word(word: str, head: Path, base: Path) -> str:
    """Map an absolute path, alone or behind `--option=`, from one tree to the other."""
    name, equals, value = word.rpartition("=") if word.startswith("-") else ("", "", word)
    if not value.startswith(os.sep):
        return word
    return f"{name}{equals}{_move_path(Path(value), head, base)}"


def _arguments(session: Session, tests: Sequence[str], *, selecting: bool = False) -> tuple[str, ...]:
    config = session.config
    manager = config.pluginmanager
    present = [words for names, words in _QUIETING.items() if any(map(manager.hasplugin, names))]
    added = [word for words in present for word in words]
    if hasattr(config.option, "randomly_seed"):
        # Both sides draw the same random numbers, whatever pytest-randomly would choose for each.
        added += [f"--randomly-seed={_random_seed(config)}"]
    if config.inipath is not None:
        added += ["-c", str(config.inipath)]
    if not selecting:
        added += ["-k", "", "-m", ""]  # also over a choice that `addopts` makes
    return worker_arguments(
        config.invocation_params.args,
        positionals=config.option.file_or_dir,
        dropped={**_OWN, **_CONTROLLER_ONLY, **({} if selecting else _SELECTING)},
        added=[*added, "--maxfail=0", f"--rootdir={config.rootpath}", *tests],
    )


def _random_seed(config: pytest.Config) -> int:
    seed = config.option.randomly_seed
    return seed if isinstance(seed, int) else 0


def _own_suite(session: Session, spec: WorkerSpec, head: Path, base: Path) -> _OwnSuite:
    """Return the benchmarks of the base's own suite under the same selection, or why they are unknown.

    A test that is chosen by its id may be new, so whole files are collected.
    """
    if session.config.option.pyargs:
        return _OwnSuite()
    chosen: list[tuple[Path, str]] = []
    for word in session.config.option.file_or_dir or session.config.args:
        place, _, test = str(word).partition("::")
        path = _move_path(session.cwd / place, head, base)
        if path.exists():
            chosen.append((path, test))
    if not chosen:
        return _OwnSuite(benchmarks={})
    tests = list(dict.fromkeys(str(path) for path, _ in chosen))
    arguments = _arguments(session, tests, selecting=True)
    moved = tuple(_move_word(word, head, base) for word in arguments)
    try:
        limit = max(session.settings.timeout, START_LIMIT_S)
        message = _collected(replace(spec, arguments=moved), limit)
    except WorkerGone as gone:
        return _OwnSuite(problem=f"the base's own suite could not be collected: {gone.message}")
    found = message["benchmarks"].items()
    unread = tuple(message["errors"])
    return _OwnSuite(
        benchmarks={key: node_id for key, node_id in found if _is_chosen(key, chosen, spec.root)},
        unread=unread,
        problem=f"not collected of the base's own suite: {', '.join(unread)}" if unread else "",
    )


def _is_chosen(key: str, chosen: Sequence[tuple[Path, str]], root: Path) -> bool:
    """Return whether one of the (path, test in it) names the benchmark or something that it is part of."""
    place, _, name = key.partition("::")
    return any(
        (root / place).is_relative_to(path)
        and (not test or name == test or name.startswith((f"{test}::", f"{test}[")))
        for path, test in chosen
    )


def _collected(spec: WorkerSpec, timeout_s: float) -> Mapping[str, Any]:
    worker = Worker(spec, padding=1)
    try:
        message: dict[str, Any] = worker.answer(timeout_s)
        worker.quit()
    finally:
        worker.kill()
    return message
