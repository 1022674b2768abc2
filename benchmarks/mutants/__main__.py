"""Which wrong implementations each shipped suite catches, and whether it rejects an honest one.

    python -m benchmarks.mutants [SUITE ...] [--seeds=0-199] [--honest-only | --wrong-only | --compiled]
        [--csv=PATH]

Each variant is the reference with one or some functions replaced (the modules beside this one, one a
suite), and runs as an adapter through the suite's correctness tests. A wrong one is caught by the first
test that fails. Honest ones run every test, and every failure is shown; with `--seeds`, only those that
draw inputs, once a seed. `--compiled` tries one honest variant more and no other: the reference's functions
through `torch.compile`, for the suites of one formula unless some are named; a suite takes about a minute.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import importlib
import io
import pkgutil
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
import torch

from benchmarks import mutants
from benchmarks.mutants.registry import Variant, Variants
from pytest_bolt.plugin import SETTINGS, settings_in
from reference.adapters import manual

COMPILED = (
    "attention",
    "cross_entropy",
    "embedding",
    "layer_norm",
    "linear",
    "rmsnorm",
    "rope",
    "silu",
    "softmax",
    "swiglu",
)
ROOT = Path(__file__).parent.parent.parent


@dataclass(slots=True)
class Watch:
    """A pytest plugin: hands the variants to the suite, and stops each wrong one at its first failure."""

    variants: Sequence[Variant]
    seeded: bool
    failed: dict[str, list[str]] = field(default_factory=dict)
    ran: Counter[str] = field(default_factory=Counter)
    skipped: Counter[str] = field(default_factory=Counter)
    errors: list[str] = field(default_factory=list)

    @pytest.hookimpl(trylast=True)
    def pytest_configure(self, config: pytest.Config) -> None:
        """Put the variants where the plugin keeps the adapters that a user gave."""
        adapters: Any = tuple(variant.adapter(manual) for variant in self.variants)
        config.stash[SETTINGS] = replace(settings_in(config), adapter=adapters)

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Keep tests of an implementation, those of the functions that it replaces first."""
        honest = {variant.name for variant in self.variants if variant.honest}
        replaced = {variant.name: variant.functions for variant in self.variants}
        mine = [item for item in items if _variant(item)]
        if self.seeded:
            mine = [item for item in mine if _variant(item) not in honest or "seed" in item.fixturenames]
        items[:] = sorted(mine, key=lambda item: _operation(item) not in replaced[_variant(item)])

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
        """Leave out what is left of a wrong variant that was caught."""
        name = _variant(item)
        if name not in self.failed or any(each.name == name and each.honest for each in self.variants):
            return None
        # Otherwise fixtures that were kept for this item fail the next one, which would count as caught.
        item.session._setupstate.teardown_exact(nextitem)  # noqa: SLF001 - as pytest's own protocol does
        return True

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item, call):
        """Note what became of the test."""
        report = yield
        name = _variant(item)
        if report.failed:
            text = str(call.excinfo.value).strip() if call.excinfo else ""
            summary = text.splitlines()[0][:100] if text else ""
            self.failed.setdefault(name, []).append(f"{item.nodeid.partition('::')[2]}: {summary}")
        elif report.when == "call":
            self.ran[name] += report.passed
            self.skipped[name] += report.skipped
        return report

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Keep what could not be collected: it would otherwise catch nothing in silence."""
        if report.failed:
            self.errors.append(f"{report.nodeid}: {report.longreprtext}")


def _variant(item: pytest.Item) -> str:
    call = getattr(item, "callspec", None)
    return getattr(call.params.get("impl"), "name", "") if call is not None else ""


def _operation(item: pytest.Item) -> str | None:
    """Return the function that a test is about."""
    markers = (marker.kwargs.get("operation") for marker in item.iter_markers("bolt"))
    return next((name for name in markers if name), None)


def run(suite: str, variants: Sequence[Variant], seeds: str = "") -> Watch:
    """Run a suite's correctness tests over its variants in this process."""
    watch = Watch(variants, bool(seeds))
    where = sorted((ROOT / "suites" / suite).glob("test_*_correct*.py"))
    # Log capturing alone would take a fifth of the time.
    plugins = ("cacheprovider", "xdist", "pytester", "logging")
    options = ["-q", "--no-header", "--tb=no", *(part for name in plugins for part in ("-p", f"no:{name}"))]
    own = ["-o", "addopts=", "--rootdir", str(ROOT), "-c", str(ROOT / "pyproject.toml")]
    drawn = [f"--bolt-seeds={seeds}"] if seeds else []
    with contextlib.redirect_stdout(io.StringIO()) as said:
        status = pytest.main([*options, *own, "--bolt-device=cpu", *drawn, *map(str, where)], plugins=[watch])
    if seeds and status == pytest.ExitCode.NO_TESTS_COLLECTED:
        return run(suite, variants)  # a suite that draws nothing
    if watch.errors or status not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
        raise SystemExit("\n".join(watch.errors) or said.getvalue())
    return watch


def variants_of(suite: str) -> list[Variant]:
    """Return all variants of a suite."""
    found: Variants = importlib.import_module(f"benchmarks.mutants.{suite}").VARIANTS
    return found.all


def compiled(suite: str) -> Variant:
    """Return the reference's functions of a suite, compiled for inputs of any size."""
    replaced = {name for variant in variants_of(suite) for name in variant.functions}
    functions = {name: vars(manual)[name] for name in sorted(replaced) if name.startswith("run_")}
    from torch._dynamo import config  # takes seconds

    # Each dtype and number of dimensions is compiled for itself; by default the ninth would not be.
    config.recompile_limit = 64
    made = {name: torch.compile(function, dynamic=True) for name, function in functions.items()}
    return Variant(suite, "compiled", made, honest=True)


def suites() -> list[str]:
    """Return the suites that have variants."""
    names = (info.name for info in pkgutil.iter_modules(mutants.__path__))
    return sorted(name for name in names if name not in {"__main__", "registry"})


def main() -> int:
    """Print mutant by suite; the exit code says whether all is as it should be."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("suites", nargs="*", help="suites to run; all that have variants by default")
    parser.add_argument("--seeds", default="", help="seeds of the honest variants' inputs, like 0-199")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--wrong-only", action="store_true")
    which.add_argument("--honest-only", action="store_true")
    which.add_argument("--compiled", action="store_true")
    parser.add_argument("--csv", type=Path, help="write one row a variant")
    given = parser.parse_args()
    torch.set_num_threads(1)  # of small tensors; more wait for one another where several suites run at once
    rows: list[tuple[str, str, str, str, str, int]] = []
    for suite in given.suites or (COMPILED if given.compiled else suites()):
        started = time.monotonic()
        variants = [compiled(suite)] if given.compiled else variants_of(suite)
        chosen = [each for each in variants if each.honest and not given.wrong_only]
        seen = [run(suite, chosen, given.seeds)] if chosen else []
        wrong = [each for each in variants if not each.honest and not given.honest_only]
        seen += [run(suite, wrong)] if wrong else []
        for variant in (*chosen, *wrong):
            watch = next(each for each in seen if variant in each.variants)
            how = "\n".join(watch.failed.get(variant.name, ()))
            if not how and not watch.ran[variant.name]:
                how = "NO TEST RAN"
            good = bool(how) != variant.honest and how != "NO TEST RAN"
            kind = "honest" if variant.honest else "wrong"
            verdict = (
                ("rejected" if how else "accepted") if variant.honest else ("caught" if how else "MISSED")
            )
            rows.append(
                (
                    suite,
                    kind,
                    variant.name,
                    verdict if good else verdict.upper(),
                    how,
                    watch.ran[variant.name],
                )
            )
        print(f"{suite}: {time.monotonic() - started:.1f} s", file=sys.stderr)
    _show(rows)
    if given.csv:
        with given.csv.open("w", newline="") as file:
            csv.writer(file).writerows([("suite", "kind", "variant", "verdict", "by", "tests passed"), *rows])
    return int(any(row[3].isupper() for row in rows))


def _show(rows: Sequence[tuple[str, str, str, str, str, int]]) -> None:
    for suite, _, name, verdict, how, _ in rows:
        first, *more = how.splitlines() or [""]
        print(f"{suite:<14} {name:<40} {verdict:<9} {first}")
        for line in more:
            print(f"{'':<65} {line}")
    for kind, good in (("wrong", "caught"), ("honest", "accepted")):
        mine = [row for row in rows if row[1] == kind]
        count = sum(row[3] == good for row in mine)
        if mine:
            print(f"{kind}: {count} of {len(mine)} {good} ({100 * count / len(mine):.1f} %)")


if __name__ == "__main__":
    sys.exit(main())
