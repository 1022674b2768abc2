"""Whether a stored baseline is used in place of a live base, and which."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pytest_bolt.cases import Benchmark
from pytest_bolt.core.record import Revision
from pytest_bolt.core.stored import BaselineRecord, predict
from pytest_bolt.errors import BoltError
from pytest_bolt.preparation import Prepared

Stored = Mapping[str, tuple[BaselineRecord, ...]]


def stored_baselines(prepared: Prepared, benchmarks: Sequence[Benchmark]) -> Stored | None:
    """Return the stored records of the base by case key; None where the base is to be measured.

    In mode auto they are used exactly where they can decide: ten stored runs of every benchmark on an
    equal environment, and prediction intervals narrower than the margins.

    Raises BoltError in mode stored when the store holds nothing of the base for this machine.
    """
    mode = prepared.settings.mode
    if prepared.base is None or mode == "paired":
        return None
    keys = {benchmark: benchmark.case({}).case_id.key for benchmark in benchmarks}
    fingerprint = prepared.environment().fingerprint
    found = prepared.store.baseline(prepared.base.commit, fingerprint, tuple(keys.values()))
    if mode == "stored" and not found:
        raise _nothing_stored(prepared, prepared.base)
    if mode == "stored":
        return found
    decides = benchmarks and all(
        _decides(found.get(key, ()), benchmark.marked.margin_of("slower")) for benchmark, key in keys.items()
    )
    return found if decides else None


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
