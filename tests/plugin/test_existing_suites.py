"""A suite that was written for pytest-benchmark runs under a bolt option without an edit."""

from __future__ import annotations

import re

import pytest
from plugin_projects import COMPARE, QUICK, text_of

WHOLE_SUITE = """
    import pytest
    from mylib.core import work

    LOG = []

    def fresh():
        LOG.append("setup")
        return (50,), {}

    def used(n):
        LOG.append("teardown")

    def test_call(benchmark):
        assert benchmark(work, 50) == 40425

    def test_call_by_keyword(benchmark):
        assert benchmark(work, n=50) == 40425

    def test_decorated(benchmark):
        @benchmark
        def result():
            return work(50)
        assert result == 40425

    def test_pedantic(benchmark):
        result = benchmark.pedantic(work, args=(50,), kwargs={}, rounds=3, iterations=2, warmup_rounds=1)
        assert result == 40425

    def test_pedantic_setup_and_teardown(benchmark):
        LOG.clear()
        assert benchmark.pedantic(work, setup=fresh, teardown=used, rounds=5) == 40425
        assert LOG == ["setup", "teardown"] * (len(LOG) // 2)
        assert len(LOG) >= 4

    def test_fresh_argument_for_every_call(benchmark):
        def consume(items):
            assert items.pop() == 1
            assert not items
        benchmark.pedantic(consume, setup=lambda: (([1],), {}), rounds=10)

    def test_extra_info_and_group(benchmark):
        benchmark.extra_info["before"] = "a"
        benchmark.group = "squares"
        benchmark(work, 50)
        benchmark.extra_info["size"] = 50
        benchmark.extra_info["odd"] = object

    @pytest.mark.benchmark(
        group="marked", min_rounds=1, max_time=0.1, min_time=0.01, timer=None, disable_gc=True, warmup=True,
        warmup_iterations=2, calibration_precision=10, cprofile=True,
    )
    def test_all_marker_keys(benchmark):
        assert benchmark.group == "marked"
        benchmark(work, 50)

    def test_stats_are_guarded(benchmark):
        benchmark(work, 50)
        if benchmark.enabled:
            assert benchmark.stats.stats.mean > 0
        if not benchmark.disabled:
            assert benchmark.stats["mean"] > 0

    def test_stats_are_looked_at(benchmark):
        benchmark(work, 50)
        assert benchmark.stats["min"] <= benchmark.stats["median"] <= benchmark.stats.stats.max
        assert benchmark.stats.stats.mean > 0

    @pytest.mark.parametrize("n", [50, 60])
    def test_attributes(benchmark, n):
        assert benchmark.name == f"test_attributes[{n}]"
        assert benchmark.fullname == f"tests/test_speed.py::test_attributes[{n}]"
        assert benchmark.param == str(n)
        assert benchmark.params == {"n": n}
        assert (benchmark.has_error, benchmark.skipped) == (False, False)
        benchmark(work, n)

    def test_record_property(benchmark, record_property):
        record_property("thing", object())
        benchmark(work, 50)
"""
NAMES = {
    "test_call",
    "test_call_by_keyword",
    "test_decorated",
    "test_pedantic",
    "test_pedantic_setup_and_teardown",
    "test_fresh_argument_for_every_call",
    "test_extra_info_and_group",
    "test_all_marker_keys",
    "test_stats_are_guarded",
    "test_stats_are_looked_at",
    "test_attributes[50]",
    "test_attributes[60]",
    "test_record_property",
}


def test_the_whole_interface_works_without_an_edit(project):
    project.suite(WHOLE_SUITE)
    report = project.report("--bolt", QUICK, "-W", "error")
    report.result.assert_outcomes(passed=len(NAMES))
    assert report.result.ret == 0
    assert set(report.verdicts) == NAMES
    told = report.comparisons["test_extra_info_and_group"]["case"]
    assert told["group"] == "squares"
    assert told["extra_info"]["before"] == "a"
    assert told["extra_info"]["size"] == 50
    assert report.comparisons["test_all_marker_keys"]["case"]["group"] == "marked"


@pytest.mark.slow
def test_the_same_suite_passes_under_pytest_benchmark_alone(project):
    """The suite above claims to be an existing one: then it has to pass without a bolt option."""
    project.suite(WHOLE_SUITE.replace("timer=None, ", ""))
    result = project.pytest("--benchmark-max-time=0.01", "--benchmark-min-rounds=1")
    result.assert_outcomes(passed=len(NAMES))


@pytest.mark.slow
def test_wrong_use_of_pedantic_is_an_incorrect_benchmark(project):
    project.suite(
        """
        def test_no_rounds(benchmark):
            benchmark.pedantic(int, rounds=0)

        def test_setup_with_iterations(benchmark):
            benchmark.pedantic(int, setup=lambda: None, iterations=2)

        def test_setup_and_args(benchmark):
            benchmark.pedantic(int, args=(1,), setup=lambda: ((1,), {}))
        """
    )
    report = project.report(COMPARE, QUICK)
    report.result.assert_outcomes(failed=3)
    assert set(report.verdicts.values()) == {"incorrect"}
    report.result.stdout.fnmatch_lines_random(
        [
            "*ValueError: `rounds` must be a whole number from 1 on, not 0*",
            "*`setup` makes the arguments of one call: it cannot go with `iterations` above 1*",
            "*TypeError: Can't use `args` or `kwargs` if `setup` returns the arguments.*",
        ]
    )


@pytest.mark.slow
def test_weave_without_aspectlib_fails_its_own_test_only(project):
    project.suite(
        """
        from mylib import core

        def test_weave(benchmark):
            benchmark.weave(core.work)
            core.work(50)

        def test_weave_fixture(benchmark_weave):
            benchmark_weave(core.work)
            core.work(50)

        def test_call(benchmark):
            benchmark(core.work, 50)
        """
    )
    report = project.report("--bolt", QUICK)
    report.result.assert_outcomes(failed=2, passed=1)
    report.result.stdout.fnmatch_lines(["*No module named 'aspectlib'*"])


@pytest.mark.slow
def test_a_test_that_never_calls_the_benchmark_is_a_plain_test(project):
    project.suite(
        """
        import pytest
        from mylib.core import work

        def test_unused(benchmark):
            pass

        @pytest.mark.skip(reason="not today")
        def test_skipped(benchmark):
            benchmark(work, 50)

        @pytest.mark.xfail(reason="known")
        def test_expected_failure(benchmark):
            assert False

        def test_call(benchmark):
            benchmark(work, 50)
        """
    )
    report = project.report("--bolt", QUICK)
    report.result.assert_outcomes(passed=2, skipped=1, xfailed=1)
    assert set(report.verdicts) == {"test_call"}


@pytest.mark.slow
def test_pytest_benchmark_loaded_by_hand(project, monkeypatch):
    """Under another name, which must not keep its fixture in the way of ours."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    plugins = ("-p", "pytest_benchmark.plugin", "-p", "pytest_bolt.plugin")
    report = project.report(COMPARE, QUICK, *plugins)
    assert report.verdicts == {"test_work": "inconclusive"}


EVERY_OPTION = (
    "--benchmark-min-time=0.01", "--benchmark-max-time=0.1", "--benchmark-min-rounds", "1",
    "--benchmark-timer=time.process_time", "--benchmark-calibration-precision=10", "--benchmark-warmup=on",
    "--benchmark-warmup-iterations", "3", "--benchmark-disable-gc", "--benchmark-autosave", "--benchmark-save=name",
    "--benchmark-save-data", "--benchmark-compare-fail=min:5%", "--benchmark-cprofile=tottime",
    "--benchmark-cprofile-top=3", "--benchmark-cprofile-loops=1", "--benchmark-cprofile-dump",
    "--benchmark-precision=0.1", "--benchmark-confidence=0.9", "--benchmark-storage=./elsewhere", "--benchmark-netrc=", "--benchmark-verbose",
    "--benchmark-quiet", "--benchmark-sort=name", "--benchmark-group-by=func", "--benchmark-columns", "min,max",
    "--benchmark-name=short", "--benchmark-histogram=picture", "--benchmark-enable", "--benchmark-json=out.json",
    "--benchmark-time-unit=us", "--benchmark-compare",
)  # fmt: skip


def test_every_option_of_pytest_benchmark_still_parses(project):
    report = project.report(COMPARE, QUICK, *EVERY_OPTION)
    assert set(report.verdicts) == {"test_work"}
    report.result.assert_outcomes(passed=1)
    assert not (project.root / "elsewhere").exists()
    report.result.stdout.no_fnmatch_line("*benchmark: 5*")


def test_every_option_is_tried_above(project):
    """A new release of pytest-benchmark may bring options that the list lacks."""
    shown = project.pytest("--help").stdout.str()
    known = set(re.findall(r"^  (--benchmark-[a-z-]+)", shown, flags=re.MULTILINE))
    tried = {option.partition("=")[0] for option in EVERY_OPTION}
    assert known - tried == {"--benchmark-only", "--benchmark-skip", "--benchmark-disable"}


@pytest.mark.parametrize(
    ("option", "judged", "passed"),
    [
        ("--benchmark-only", {"test_work"}, {"passed": 1}),
        ("--benchmark-skip", set(), {"passed": 1}),
        ("--benchmark-disable", {"test_work"}, {"passed": 2}),
    ],
)
def test_choosing_options_of_pytest_benchmark_choose(project, option, judged, passed):
    project.write({"tests/test_plain.py": "def test_plain(): pass\n"})
    path = project.root.parent / "out.json"
    result = project.pytest("--bolt", QUICK, option, f"--bolt-json={path}")
    result.assert_outcomes(**passed)
    assert ("test_work" in result.stdout.str()) == bool(judged)
    assert result.ret == 0, text_of(result)
