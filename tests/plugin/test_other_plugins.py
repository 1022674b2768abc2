"""Plugins that order, seed, trace, stop or spread tests, in the same run as a comparison."""

from __future__ import annotations

import importlib.util
import json
import re
import textwrap

import pytest
from plugin_projects import COMPARE, QUICK, needs, text_of

# Loaded by hand, under names that no entry point gives them. Stand-ins that use the hooks and options of pytest-randomly and pytest-cov. Those two reorder, reseed and
# trace the tests of whatever environment they are installed in, so they are not installed in this one.
RANDOMLY = """
    import random

    def pytest_addoption(parser):
        parser.addoption("--randomly-seed", dest="randomly_seed", default="default",
                         type=lambda word: word if word == "default" else int(word))

    def pytest_configure(config):
        if config.option.randomly_seed == "default":
            config.option.randomly_seed = int(random.Random().random() * 2**32)

    def pytest_collection_modifyitems(config, items):
        random.Random(config.option.randomly_seed).shuffle(items)

    def pytest_runtest_call(item):
        random.seed(item.config.option.randomly_seed)
"""
COVERAGE = """
    import os
    import pytest

    def pytest_addoption(parser):
        parser.addoption("--cov", action="append", default=[])
        parser.addoption("--no-cov", action="store_true")

    def pytest_load_initial_conftests(early_config):
        if early_config.known_args_namespace.cov:
            early_config.pluginmanager.register(Tracer(early_config), "_cov")

    class Tracer:
        def __init__(self, config):
            self.tracing = not config.known_args_namespace.no_cov

        def pytest_terminal_summary(self, terminalreporter):
            terminalreporter.write_line(f"traced: {self.tracing}")

        @pytest.fixture(autouse=True)
        def traced(self):
            with open(os.environ["TRACE"], "a") as trace:
                trace.write(f"tracing {'BOLT_WORKER' in os.environ} {self.tracing}\\n")
"""
INI = """
    [pytest]
    addopts = -n 2 --dist=loadfile --timeout=0.5 --strict-markers -x --cov=mylib -p stands_for_randomly
    timeout = 0.5
"""
SUITE = """
    import os
    import random
    import time

    import pytest
    from mylib.core import work

    @pytest.mark.timeout(0.4)
    def test_drawn(benchmark):
        drawn = random.random()
        benchmark(time.sleep, 0.2)
        with open(os.environ["TRACE"], "a") as trace:
            trace.write(f"drawn {drawn}\\n")

    @pytest.mark.parametrize("n", range(4))
    def test_work(benchmark, n):
        benchmark(work, 10)

    @pytest.mark.parametrize("n", range(3))
    def test_plain(n):
        pass
"""


@pytest.fixture
def crowded(project, monkeypatch, tmp_path):
    """Return a project whose ini file asks for all of them, and where its tests leave their traces."""
    needs("xdist")
    needs("pytest_timeout")
    for name in ("pytest_randomly", "pytest_cov"):
        if importlib.util.find_spec(name) is not None:
            pytest.skip(f"{name} is installed, and would meet its stand-in")
    trace = tmp_path / "trace"
    monkeypatch.setenv("TRACE", str(trace))
    for name, text in (("stands_for_randomly", RANDOMLY), ("stands_for_cov", COVERAGE)):
        path = tmp_path / "plugins" / f"{name}.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text(textwrap.dedent(text))
    monkeypatch.setenv("PYTHONPATH", str(path.parent))
    unconcerned = "-p no:hypothesispytest -p no:jaxtyping"
    monkeypatch.setenv("PYTEST_ADDOPTS", f"{unconcerned} -p stands_for_cov -k 'not plain[2]'")
    project.write({"pytest.ini": INI})
    project.suite(SUITE)
    project.edit("mylib/core.py", "total = 0", "total = 0 + 0")
    return project, trace


def test_a_run_among_other_plugins(crowded):
    project, trace = crowded
    refused = project.pytest(COMPARE, QUICK)
    assert refused.ret == pytest.ExitCode.USAGE_ERROR
    assert "tests are spread over processes (-n)" in text_of(refused)
    report = project.report(COMPARE, QUICK, "-n0")
    report.result.assert_outcomes(passed=7, deselected=1)
    assert len(report.comparisons) == 5
    assert set(report.verdicts.values()) == {"inconclusive"}
    assert "traced: True" in text_of(report.result)
    lines = trace.read_text().splitlines()
    drawn = [line for line in lines if line.startswith("drawn")]
    assert len(drawn) >= 2
    assert len(set(drawn)) == 1  # both sides work on the same random numbers
    assert {line for line in lines if line.startswith("tracing")} == {
        "tracing False True",
        "tracing True False",
    }


def test_exitfirst_says_where_it_ended(project):
    project.suite(
        """
        import pytest
        from mylib.core import work

        @pytest.mark.parametrize("n", range(3))
        def test_work(benchmark, n):
            assert benchmark(work, 10) == 285
        """
    )
    project.edit("mylib/core.py", "total = 0", "total = 1")
    result = project.bolt("-x")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["the run ended early: stopping after 1 failures", "1 of 1 judged, 2 without a verdict"]
    )
    listed = json.loads(project.command("list", "--json").stdout)
    assert "interrupted" in json.dumps(listed)
    shown = project.command(
        "show", re.search(r"show (\w{12})|(?<=\n)(\w{12}) ", project.command("list").stdout)[2]
    )
    assert "the run ended early: stopping after 1 failures" in shown.stdout
