"""Refuse what could never fail: a gate that cannot close is worse than none, since it looks like one.

Only what was said for this run is held against it: defaults and ini keys go with every run of a project.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from pytest_bolt.cases import Benchmark
from pytest_bolt.core.expectation import Expectation, parse_all
from pytest_bolt.core.stored import RUNS_FOR_A_GATE, BaselineRecord
from pytest_bolt.errors import BoltError
from pytest_bolt.settings import Settings

_ABOUT_THE_BASE = frozenset({"new", "missing", "incomparable"})  # two trees with different suites or code
_ABOUT_SPEED = frozenset({"slower", "faster", "same"})
_PLACES = "a branch, tag or commit: --bolt-compare=main"


def check_settings(settings: Settings, *, pyargs: bool = False, skipped: bool = False) -> None:
    """Refuse what cannot fail whatever the tests are. Raises BoltError, naming the option.

    Arguments:
        settings: what was asked for.
        pyargs: whether tests are named by package, so that the base has no suite of its own.
        skipped: whether every benchmark is left out, by `--benchmark-skip`.
    """
    compared = settings.aa or settings.compare is not None or settings.baseline is not None
    if not compared:
        _check_uncompared(settings)
        return
    if skipped:
        raise BoltError(
            "--benchmark-skip leaves out all that could be compared",
            advice="leave it out, or leave the comparison out",
        )
    impossible = _impossible(settings, pyargs=pyargs)
    named = set(settings.fail_on.margins)
    if "fail-on" in settings.typed and not settings.fail_on.metrics and named <= impossible.keys():
        raise BoltError(
            f"--bolt-fail-on={','.join(sorted(named))} could never fail",
            seen={name: impossible[name] for name in sorted(named)},
            advice="add a verdict that can occur: --bolt-fail-on=slower",
        )
    if settings.mode == "stored" and settings.fail_on.metrics and not settings.aa:
        raise _no_stored_metrics(", ".join(settings.fail_on.metrics), "--bolt-fail-on")


def check_benchmarks(
    settings: Settings, benchmarks: Sequence[Benchmark], expectations: Iterable[Expectation], tests: int
) -> None:
    """Refuse what cannot fail with these tests, before the first one runs. Raises BoltError.

    Arguments:
        settings: what was asked for, with something to compare with.
        benchmarks: those that were collected and chosen.
        expectations: those of the command line.
        tests: how many tests there are with those that are no benchmarks.
    """
    if not benchmarks:
        if tests:
            raise BoltError(
                "no benchmark was collected, so nothing could be judged",
                seen={"tests": f"{tests}, none of which asks for the fixture benchmark or bolt"},
                advice="choose the tests without leaving all benchmarks out (-k, -m, paths), "
                "or leave the comparison out",
            )
        return
    if "fail-on" in settings.typed and not any(map(_can_fail, benchmarks)):
        raise BoltError(
            "--bolt-fail-on could never fail: every benchmark opts out of it",
            seen={"markers": f"fail_on=() at {benchmarks[0].item.nodeid}" + _more(len(benchmarks))},
            advice="take fail_on out of a marker, or leave --bolt-fail-on out",
        )
    gated = [each for each in benchmarks if each.marked.fail_on.metrics and each.marked.own_gate]
    if settings.mode == "stored" and gated and not settings.aa:
        raise _no_stored_metrics(", ".join(gated[0].marked.fail_on.metrics), gated[0].item.nodeid)
    for expectation in expectations if "expect" in settings.typed else ():
        if not any(expectation.matches(benchmark.item.nodeid) for benchmark in benchmarks):
            raise BoltError(
                "--bolt-expect names no benchmark of this run",
                seen={"expectation": expectation.text, "benchmarks": _shown(benchmarks)},
                advice="write the name as pytest shows it, with * for any part of it",
            )


def check_stored(settings: Settings, records: Mapping[str, Sequence[BaselineRecord]]) -> None:
    """Refuse a gate on speed where the stored runs are too few to fail anything. Raises BoltError."""
    most = max(map(len, records.values()), default=0)
    if "fail-on" not in settings.typed or settings.mode != "stored" or most >= RUNS_FOR_A_GATE:
        return
    if settings.fail_on.margins.keys() <= _ABOUT_SPEED:
        raise BoltError(
            "--bolt-fail-on could never fail: too few runs of the base are stored to judge by",
            seen={"stored": most, "needed": RUNS_FOR_A_GATE},
            advice="use --bolt-mode=paired, or store more: check the base out and run --bolt",
        )


def _check_uncompared(settings: Settings) -> None:
    if "fail-on" in settings.typed:
        raise BoltError(
            "--bolt-fail-on could never fail: nothing is compared",
            advice=f"name {_PLACES}; for every comparison of a project, set bolt_fail_on in the ini file",
        )
    relative = [each for each in parse_all(settings.expect) if each.relative and each.metric != "speedup"]
    if "expect" in settings.typed and relative:
        raise BoltError(
            "--bolt-expect could never be refuted: there is no base to compare with",
            seen={"expectation": relative[0].text},
            advice=f"name {_PLACES}",
        )


def _impossible(settings: Settings, *, pyargs: bool) -> dict[str, str]:
    """Return the verdicts that cannot occur in this run, with the reason."""
    if settings.aa:
        reason = "--bolt-aa has the same tests and code on both sides"
        return dict.fromkeys(_ABOUT_THE_BASE, reason)
    if settings.baseline is not None:
        return dict.fromkeys(("new", "missing"), "--bolt-baseline has the same tests on both sides")
    found = {}
    if settings.mode == "stored":
        found["missing"] = "--bolt-mode=stored does not look at the base's tests"
        found["incomparable"] = "--bolt-mode=stored does not run the base"
    if pyargs:
        found["missing"] = "--pyargs takes the tests from an installed package, the same for both sides"
    return found


def _can_fail(benchmark: Benchmark) -> bool:
    gate = benchmark.marked.fail_on
    return bool(gate.margins or gate.metrics)


def _no_stored_metrics(names: str, where: str) -> BoltError:
    return BoltError(
        f"a gate on {names} could never fail with --bolt-mode=stored: only times are stored to compare with",
        seen={"gate": where},
        advice="use --bolt-mode=paired",
    )


def _more(count: int) -> str:
    return f" and {count - 1} more" if count > 1 else ""


def _shown(benchmarks: Sequence[Benchmark]) -> str:
    return benchmarks[0].item.nodeid + _more(len(benchmarks))
