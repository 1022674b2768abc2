"""Whether a stored baseline is used in place of a live base, and which."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pytest_bolt.cases import Benchmark
from pytest_bolt.core.expectation import parse_all
from pytest_bolt.core.record import Revision
from pytest_bolt.core.stored import BaselineRecord, predict
from pytest_bolt.errors import BoltError
from pytest_bolt.preparation import Prepared
from pytest_bolt.refusals import check_stored
from pytest_bolt.repo.refs import first_parents, resolve_commit

_WALK = 1000  # first parents


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredBase:
    """Stored records by case key, of which commit they are, and what the reader should know of that."""

    records: Mapping[str, tuple[BaselineRecord, ...]]
    base: Revision
    notes: tuple[str, ...] = ()


def stored_baselines(prepared: Prepared, benchmarks: Sequence[Benchmark]) -> StoredBase | None:
    """Return the stored records of the base; None where the base is to be measured.

    In mode auto they are used exactly where they can decide: ten stored runs of every benchmark on an
    equal environment, and prediction intervals narrower than the margins. In mode stored, those of the
    nearest of its first parents stand in for a commit of which there are none.

    Raises BoltError in mode stored when the store holds nothing of them for this machine.
    """
    mode = prepared.settings.mode
    if prepared.base is None or mode == "paired":
        return None
    keys = {benchmark: benchmark.case({}).case_id.key for benchmark in benchmarks}
    fingerprint = prepared.environment().fingerprint
    found = prepared.store.baseline(prepared.base.commit, fingerprint, tuple(keys.values()))
    if mode == "stored" and not found:
        return _of_a_parent(prepared, prepared.base, tuple(keys.values()))
    stored = StoredBase(records=found, base=prepared.base)
    if mode == "stored":
        check_stored(prepared.settings, found)
        return stored
    if any(_needs_the_base(benchmark, prepared) for benchmark in benchmarks):
        return None
    decides = benchmarks and all(
        _decides(found.get(key, ()), benchmark.marked.margin_of("slower")) for benchmark, key in keys.items()
    )
    return stored if decides else None


def _needs_the_base(benchmark: Benchmark, prepared: Prepared) -> bool:
    """Return whether more than the time is asked for: only times are compared with stored ones."""
    marked = benchmark.marked
    expected = (*prepared.expectations, *parse_all(marked.expect))
    return bool(marked.fail_on.metrics) or marked.looks_at_memory(expected, benchmark.item.nodeid)


def _of_a_parent(prepared: Prepared, base: Revision, keys: tuple[str, ...]) -> StoredBase:
    fingerprint = prepared.environment().fingerprint
    store, repo = prepared.store, prepared.repo
    commits = first_parents(repo, base.commit, _WALK) if repo is not None else []
    walked = 0
    while repo is not None and (nearest := store.baseline_commits(commits[walked:], fingerprint)):
        walked += nearest.distance
        found = store.baseline(nearest.commit, fingerprint, keys)
        if found:
            check_stored(prepared.settings, found)
            parent = resolve_commit(repo, nearest.commit)
            distance = f"{walked} commit{'s' * (walked != 1)} before it"
            note = (
                f"nothing is stored of {base.short} ({base.name}): compared with {parent.short}, {distance}"
            )
            return StoredBase(records=found, base=parent, notes=(note,))
        walked += 1  # only other benchmarks are stored there
    raise _nothing_stored(prepared, base)


def _decides(records: Sequence[BaselineRecord], margin: float) -> bool:
    if not records:
        return False
    times = [record.time for record in records]
    prediction = predict(times, times[:1])
    return not prediction.advice_only and prediction.resolves(margin)


def _nothing_stored(prepared: Prepared, base: Revision) -> BoltError:
    elsewhere = len(prepared.store.fingerprints(base.commit))
    return BoltError(
        "there is no stored baseline of these benchmarks for this machine",
        seen={
            "base": f"{base.commit} ({base.name})",
            "store": prepared.store.where,
            "records of it": f"from {elsewhere} other environments or for other benchmarks"
            if elsewhere
            else "none",
        },
        advice="use --bolt-mode=paired, or store a baseline: check the commit out and run --bolt",
    )
