"""Installed and not asked for anything, the plugin keeps out of the way."""

from __future__ import annotations

import pytest
from plugin_projects import needs

HEAVY = ("numpy", "torch", "git", "sqlalchemy", "alembic", "jinja2")
SPY = """
    import subprocess
    import sys

    import pytest

    def pytest_configure(config):
        real = subprocess.Popen.__init__

        def spy(self, *args, **kwargs):
            print("STARTED", args)
            real(self, *args, **kwargs)

        subprocess.Popen.__init__ = spy

    @pytest.hookimpl(trylast=True)
    def pytest_unconfigure(config):
        heavy = {heavy!r}
        print("LOADED", [name for name in heavy if name in sys.modules], flush=True)
        print("OURS", sorted(name for name in sys.modules if name.startswith("pytest_bolt")), flush=True)
"""


def test_without_a_bolt_option_pytest_benchmark_is_untouched(project):
    project.suite(
        """
        import pytest
        from mylib.core import work

        @pytest.mark.benchmark(group="squares", min_rounds=2)
        def test_work(benchmark):
            benchmark(work, 50)
            assert type(benchmark).__module__ == "pytest_benchmark.fixture"
            assert benchmark.stats.stats.rounds >= 2

        def test_plain():
            pass
        """
    )
    result = project.pytest("--benchmark-max-time=0.01")
    result.assert_outcomes(passed=2)
    assert result.ret == 0
    result.stdout.fnmatch_lines(["*benchmark 'squares': 1 tests*", "Name (time in *", "test_work *"])
    result.stdout.no_fnmatch_line("bolt: *")
    assert not (project.root / ".bolt").exists()


def test_an_empty_run_imports_nothing_heavy_and_starts_nothing(project):
    project.write({"conftest.py": SPY.format(heavy=HEAVY)})
    project.suite("def test_nothing(): pass\n")
    result = project.pytest("-s", "-p", "no:benchmark")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["*LOADED []*"])
    result.stdout.no_fnmatch_line("*STARTED*")
    result.stdout.no_fnmatch_line("*pytest_bolt.session*")


def test_ini_keys_alone_start_nothing(project):
    project.write({"pytest.ini": "[pytest]\nbolt_margin = 3%\nbolt_fail_on = missing\n"})
    result = project.pytest("--benchmark-max-time=0.01")
    result.assert_outcomes(passed=1)
    result.stdout.no_fnmatch_line("bolt: *")


BOLT_SUITE = """
    import math
    import pytest
    from mylib.core import work

    CALLS = []

    def counted(n):
        CALLS.append(n)
        return work(n)

    def test_measure_calls_once(bolt):
        CALLS.clear()
        assert bolt.measure(counted, args=(50,), bytes=400, flops=100) == 40425
        assert CALLS == [50]

    def test_call_calls_once(bolt):
        CALLS.clear()
        assert bolt(counted, n=50) == 40425
        assert CALLS == [50]

    def test_pedantic(bolt):
        assert bolt.pedantic(work, setup=lambda: ((50,), {}), rounds=3) == 40425

    def test_speedup(bolt):
        found = bolt.speedup(work, work, args=(50,), at_least=1000)
        assert not found.measured
        assert math.isnan(found.ratio)

    def test_record(bolt):
        bolt.record("loss", 0.5)
        bolt.record("tokens", 10, "1/s", better="higher")
        with pytest.raises(Exception, match="better is 'lower' or 'higher', not 'more'"):
            bolt.record("loss", 1, better="more")
        with pytest.raises(Exception, match="'a' is not a number"):
            bolt.record("loss", "a")
        for nameless in ("", 3, None):
            with pytest.raises(Exception, match="a metric has a name in words"):
                bolt.record(nameless, 1)

    def test_second_measure(bolt):
        bolt.measure(work, args=(50,))
        bolt.measure(work, args=(60,))

    def test_attributes(bolt):
        assert bolt.extra_info == {} and bolt.stats is None
        assert not bolt.enabled and bolt.disabled
"""


def test_the_bolt_fixture_without_a_bolt_option(project):
    project.suite(BOLT_SUITE)
    result = project.pytest()
    result.assert_outcomes(passed=6, failed=1)
    result.stdout.fnmatch_lines(
        [
            "*one test measures one function, and this one has measured already",
            "*test *tests/test_speed.py::test_second_measure",
            "*before *bolt.measure(...)",
            "*-> split the test, or parametrise it",
        ]
    )


@pytest.mark.slow
def test_the_check_of_the_bolt_fixture_runs_without_a_bolt_option(project):
    needs("torch")
    project.write({"pytest.ini": "[pytest]\nfilterwarnings = ignore\n"})
    project.suite(
        """
        import torch

        X = torch.linspace(-1, 1, 4096)

        def test_right(bolt):
            assert bolt.check(torch.sin(X), oracle=torch.sin, args=(X,)) is not None

        def test_wrong(bolt):
            bolt.check(torch.cos(X), oracle=torch.sin, args=(X,))
        """
    )
    result = project.pytest()
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["FAILED tests/test_speed.py::test_wrong*"])


def test_pytest_without_a_terminal_and_quiet(project):
    """`-p no:terminal` leaves nobody to talk to; `-q` leaves little."""
    silent = project.pytest("--bolt", "--bolt-budget=1ms", "-p", "no:terminal")
    assert silent.ret == 0
    assert silent.stdout.str().strip() == ""
    quiet = project.pytest("--bolt", "--bolt-budget=1ms", "-q")
    assert quiet.ret == 0
    quiet.stdout.no_fnmatch_line("bolt: process pair*")
    quiet.stdout.fnmatch_lines(["* bolt *", "*1 passed*"])


def test_collect_only_measures_nothing(project):
    result = project.bolt("--collect-only")
    assert result.ret == 0
    result.stdout.fnmatch_lines(["*<Function test_work>*", "*1 test collected*"])
    result.stdout.no_fnmatch_line("bolt: *")
    assert not (project.root / ".bolt").exists()


def test_outside_of_a_repository_this_tree_can_still_be_measured(pytester, monkeypatch):
    folder = pytester.path / "loose"
    (folder / "mylib").mkdir(parents=True)
    (folder / "pytest.ini").write_text("[pytest]\n")
    (folder / "mylib" / "core.py").write_text("def work(n):\n    return n\n")
    (folder / "test_a.py").write_text(
        "from mylib.core import work\n\ndef test_a(benchmark):\n    benchmark(work, 1)\n"
    )
    monkeypatch.chdir(folder)
    result = pytester.runpytest_subprocess("--bolt", "--bolt-budget=1ms")
    assert result.ret == 0
    assert (folder / ".bolt" / "store.sqlite").exists()
