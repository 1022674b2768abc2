"""Everything that can be refused is refused here, before a single test runs."""

from __future__ import annotations

import os
import secrets
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_bolt.atomic_file import check_writable
from pytest_bolt.core.environment import Environment
from pytest_bolt.core.expectation import Expectation, parse_all
from pytest_bolt.core.record import Revision, Run
from pytest_bolt.errors import BoltError
from pytest_bolt.journal.write import parse_option
from pytest_bolt.machine import environment
from pytest_bolt.measuring.process import PINNED_ENVIRONMENT
from pytest_bolt.repo.cache import cache_folder, prepare_cache
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
    """A file to be written at the end: what it is, where, in which style."""

    kind: str
    path: Path
    style: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """What a run stands on. `base` and `repo` are None where only this tree is measured."""

    settings: Settings
    repo: Repo | None
    head: Revision
    base: Revision | None
    store: Store
    expectations: tuple[Expectation, ...]
    outputs: tuple[Output, ...]
    seed: int

    def new_run(self, command: tuple[str, ...], mode: str, hypotheses: Iterable[str]) -> Run:
        """Return the run that begins now.

        Arguments:
            command: what was typed.
            mode: as in `Run`.
            hypotheses: of the tests' markers; they count where neither option nor commit states one.
        """
        stated = self.settings.hypothesis or self.head.trailers.get("Hypothesis", "")
        return Run(
            run_id=uuid.uuid4().hex[:12],
            started=datetime.now(UTC),
            command=command,
            head=self.head,
            base=self.base,
            environment=self.environment(),
            mode=mode,
            hypothesis=stated or "; ".join(dict.fromkeys(filter(None, hypotheses))),
            expect=tuple(expectation.text for expectation in self.expectations),
            settings={**_shown(self.settings), "seed": str(self.seed)},
        )

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
    outputs = _outputs(settings, config.invocation_params.dir)
    repo = _repository(_places(config), required=settings.compare is not None)
    ignore = [output.path for output in outputs]
    head = resolve_head(repo, ignore=ignore) if repo is not None else Revision(commit="", name="")
    base = resolve_base(repo, settings.compare) if repo is not None and settings.compare is not None else None
    if settings.aa or settings.baseline is not None:
        base = replace(head, name=settings.baseline or ITSELF, branch="")
    elif base is not None and settings.mode != "stored":
        prepare_cache(cache_folder(os.environ))
    expect = settings.expect or tuple(filter(None, [head.trailers.get("Expect", "")]))
    expectations = parse_all(expect)
    store = open_store(settings.store or str(_store_place(config, repo)))
    store.probe()
    return Prepared(
        settings=settings,
        repo=repo,
        head=head,
        base=base,
        store=store,
        expectations=expectations,
        outputs=outputs,
        seed=secrets.randbelow(_SEED_LIMIT) if settings.seed is None else settings.seed,
    )


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


def _outputs(settings: Settings, cwd: Path) -> tuple[Output, ...]:
    outputs = [
        Output(kind=kind, path=cwd / path)
        for kind, path in (("json", settings.json), ("markdown", settings.markdown))
        if path is not None
    ]
    if settings.journal is not None:
        style, path = parse_option(settings.journal)
        outputs.append(Output(kind="journal", path=cwd / path, style=style))
    for output in outputs:
        check_writable(output.path)
    return tuple(outputs)


def _shown(settings: Settings) -> dict[str, str]:
    names = "mode margin budget thorough build env threads clock memory device dtype adapter"
    values: dict[str, Any] = {name: getattr(settings, name) for name in names.split()}
    values["fail_on"] = ",".join(
        f"{name}:{margin:g}" if margin else name
        for name, margin in {**settings.fail_on.margins, **settings.fail_on.metrics}.items()
    )
    return {name: str(value) for name, value in values.items() if value not in (None, (), "")}
