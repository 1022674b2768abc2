"""Plain tests run as ever; fixtures are set up once a side and process, however many rounds are timed."""

from __future__ import annotations

from collections import Counter

import pytest
from plugin_projects import COMPARE, QUICK, text_of

PLAIN = """
    import asyncio
    import unittest
    import pytest

    class TestUnit(unittest.TestCase):
        @classmethod
        def setUpClass(cls):
            cls.value = 3

        def test_unit(self):
            self.assertEqual(self.value, 3)

        def test_unit_fails(self):
            self.assertEqual(self.value, 4)

        @unittest.skip("later")
        def test_unit_skipped(self):
            raise AssertionError

    def test_plain(tmp_path, capsys, monkeypatch):
        print("said")
        assert capsys.readouterr().out == "said\\n"

    @pytest.mark.xfail
    def test_expected():
        assert False

    async def test_async():
        await asyncio.sleep(0)

    @pytest.fixture
    def generated():
        yield 5

    @pytest.mark.parametrize("n", [1, 2])
    def test_generated(generated, n):
        assert generated == 5

    def test_doc(request):
        assert request.node.name == "test_doc"

    def test_error(missing_fixture):
        pass
"""


def test_plain_tests_end_as_they_do_without_bolt(project):
    project.write({"tests/test_plain.py": PLAIN})
    without = project.pytest("tests/test_plain.py", "-p", "no:benchmark", "-rA")
    with_bolt = project.pytest("--bolt", QUICK, "-rA")
    expected = without.parseoutcomes()
    expected["passed"] += 1  # the benchmark
    assert with_bolt.parseoutcomes() == expected
    assert with_bolt.ret == without.ret


@pytest.mark.slow
def test_plain_tests_run_first_and_once(project, tmp_path):
    trace = tmp_path / "trace"
    body = f"def test_{{0}}():\n    open({str(trace)!r}, 'a').write('{{0}} ')\n"
    project.write({"tests/test_a.py": body.format("a"), "tests/test_z.py": body.format("z")})
    result = project.bolt()
    result.assert_outcomes(passed=3)
    assert trace.read_text() == "a z "


SCOPES = """
    import os
    import pathlib

    import pytest
    from mylib.core import work

    def log(what):
        side = "base" if "cache" in pathlib.Path(__file__).parts else "head"
        with open({trace!r}, "a") as trace:
            trace.write(f"{{side}} {{os.getpid()}} {{what}}\\n")

    @pytest.fixture(scope="session")
    def of_session():
        log("session up")
        print("a session begins")
        yield 1
        log("session down")

    @pytest.fixture(scope="module", params=["x", "y"])
    def of_module(request, of_session):
        log(f"module up {{request.param}}")
        yield request.param
        log(f"module down {{request.param}}")

    @pytest.fixture(scope="class")
    def of_class():
        log("class up")
        yield 2
        log("class down")

    @pytest.fixture
    def of_function():
        log("function up")
        yield 3
        log("function down")

    class TestAll:
        @pytest.mark.parametrize("n", [10, 20])
        def test_one(self, benchmark, of_module, of_class, of_function, n):
            benchmark(work, n)

        def test_two(self, benchmark, of_module, of_class):
            print("and says so")
            benchmark(work, 10)

    class TestSetup:
        @classmethod
        def setup_class(cls):
            cls.n = 10

        def setup_method(self):
            self.m = 5

        def test_attributes(self, benchmark):
            assert benchmark(work, self.n + self.m) == 1015
"""


@pytest.mark.slow
def test_fixtures_are_set_up_once_a_side_and_process(project, tmp_path):
    trace = tmp_path / "trace"
    project.suite(SCOPES.format(trace=str(trace)))
    report = project.report(COMPARE, "--bolt-budget=6s")
    assert report.result.parseoutcomes() == {"passed": 7}, text_of(report.result)
    assert len(report.comparisons) == 7
    counts = Counter(trace.read_text().splitlines())
    workers = {tuple(line.split()[:2]) for line in counts}
    assert {side for side, _ in workers} == {"base", "head"}
    for side, pid in workers:
        found = {
            " ".join(line.split()[2:]): count
            for line, count in counts.items()
            if line.split()[:2] == [side, pid]
        }
        assert found.get("session up", 0) == found.get("session down", 0) == 1
        # Later pairs run what is undecided: it may be a benchmark without these fixtures.
        for param in "xy":
            assert found.get(f"module up {param}", 0) <= 1
            assert found.get(f"module down {param}", 0) == found.get(f"module up {param}", 0)
        assert found.get("class up", 0) == found.get("class down", 0) <= 2
        assert found.get("function up", 0) == found.get("function down", 0)
    assert {"class up", "function up"} <= {" ".join(line.split()[2:]) for line in counts}
    first_pair = [line for line in trace.read_text().splitlines() if "module up" in line][:4]
    assert Counter(line.split()[0] for line in first_pair) == {"base": 2, "head": 2}


@pytest.mark.slow
def test_what_a_failed_benchmark_printed_is_shown(project):
    project.suite(
        """
        import sys
        from mylib.core import work

        def test_loud(benchmark):
            print("standard words")
            print("wrong words", file=sys.stderr)
            assert benchmark(work, 10) == 0
        """
    )
    result = project.bolt()
    result.stdout.fnmatch_lines(
        ["*Captured stdout call*", "standard words", "*Captured stderr call*", "wrong words"]
    )


@pytest.mark.slow
def test_other_plugins_of_the_project_still_take_part(project, tmp_path):
    """A conftest that changes items, and one that makes reports, in the controller and the workers."""
    project.write(
        {
            "conftest.py": """
            import pytest

            def pytest_collection_modifyitems(items):
                items[:] = [item for item in items if "hidden" not in item.name]

            def pytest_bolt_verdict(comparison):
                print("TOLD", comparison.case.case_id.node_id, comparison.verdict)

            def pytest_bolt_recorded(summary):
                print("RECORDED", summary.coverage())
            """
        }
    )
    project.suite(
        """
        from mylib.core import work

        def test_shown(benchmark):
            benchmark(work, 10)

        def test_hidden(benchmark):
            benchmark(work, 10)
        """
    )
    report = project.report(COMPARE, QUICK, "-s")
    assert report.verdicts == {"test_shown": "inconclusive"}
    report.result.stdout.fnmatch_lines(
        ["*TOLD tests/test_speed.py::test_shown inconclusive", "*RECORDED 0 of 1 judged, 1 inconclusive"]
    )


@pytest.mark.slow
def test_a_time_machine_in_the_test_does_not_reach_the_clocks(project):
    """Clock functions are bound once, at import; what a test does to `time` is its own affair."""
    project.suite(
        """
        import time
        from mylib.core import work

        def test_frozen(benchmark, monkeypatch):
            for name in ("perf_counter", "perf_counter_ns", "time", "process_time_ns", "monotonic", "clock_gettime_ns"):
                monkeypatch.setattr(time, name, lambda *clock: 0)
            benchmark(work, 10)
        """
    )
    report = project.report("--bolt", "--bolt-budget=5s")
    report.result.assert_outcomes(passed=1)


@pytest.mark.slow
def test_numbers_that_a_test_records_are_compared(project):
    project.suite(
        """
        from mylib.core import work

        def test_loss(bolt):
            bolt.measure(work, args=(100,), bytes=800, flops=200)
            bolt.record("loss", work(3), "nats")
            bolt.speedup(work, work, args=(100,), at_least=0.01)
        """
    )
    project.edit("mylib/core.py", "total = 0", "total = 1")
    report = project.report(COMPARE)
    metrics = {metric["name"]: metric for metric in report.comparisons["test_loss"]["metrics"]}
    assert (metrics["loss"]["base"], metrics["loss"]["head"], metrics["loss"]["unit"]) == (5.0, 6.0, "nats")
    assert metrics["speedup"]["better"] == "higher"
    assert report.comparisons["test_loss"]["case"]["workload"]["bytes"] == 800
