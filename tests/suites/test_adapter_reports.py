from __future__ import annotations

import shlex

import pytest

SUITE = """
import pytest

@pytest.mark.bolt(operation="run_double")
@pytest.mark.parametrize("value", [1, 2])
def test_double(impl, value):
    assert impl.run_double(value) == 2 * value

@pytest.mark.bolt(operation="run_half")
def test_half(impl):
    assert impl.run_half(4) == 2

def test_both(impl):
    assert impl.run_half(impl.run_double(3)) == 3
"""
MINE = """
def run_double(value):
    return 2 * value

def run_half(value):
    raise NotImplementedError
"""
OTHER = """
def run_double(value):
    return value + 1
"""


@pytest.fixture
def run(pytester, monkeypatch):
    """Run the suite over adapters, each given by its text, in a process in which all plugins are as for a user."""
    monkeypatch.setenv("PYTEST_ADDOPTS", "-p no:hypothesispytest -p no:jaxtyping")
    for name in ("PYTEST_XDIST_WORKER", "PYTEST_XDIST_WORKER_COUNT"):
        monkeypatch.delenv(name, raising=False)

    def run(*options, suite=SUITE, **adapters):
        (pytester.path / "test_numbers.py").write_text(suite)
        for name, text in adapters.items():
            (pytester.path / f"{name}.py").write_text(text)
        given = [f"--bolt-adapter={name}.py" for name in adapters]
        return pytester.runpytest_subprocess(*given, *options)

    return run


def test_what_an_adapter_lacks_is_skipped_with_its_name_and_counted(run):
    result = run("-rs", mine=MINE, other=OTHER)
    result.assert_outcomes(passed=3, failed=1, skipped=4)
    result.stdout.fnmatch_lines(
        [
            "implementation   passed   failed  skipped  lacks",
            "mine                  2        0        2  run_half",
            "other                 1        1        2  run_half",
            "SKIPPED * adapter mine has no function run_half",
            "SKIPPED * adapter other has no function run_half",
        ]
    )


def test_spread_over_processes_the_counts_are_the_same(run):
    result = run("-n2", mine=MINE, other=OTHER)
    result.stdout.fnmatch_lines(["mine                  2        0        2  run_half"])


def test_a_failure_names_the_command_that_repeats_it(run):
    result = run("--bolt-seeds=7", other=OTHER)
    lines = result.stdout.lines
    command = lines[next(at for at, line in enumerate(lines) if "repeat this test alone" in line) + 1]
    assert shlex.split(command) == [
        "pytest",
        "test_numbers.py::test_double[other-2]",
        "--bolt-adapter=other.py",
        "--bolt-seeds=7",
    ]


@pytest.mark.parametrize(
    ("body", "outcome"),
    [
        ("raise NotImplementedError", "skipped"),
        ("raise NotImplementedError('to do')", "skipped"),
        ("return (lambda: [].missing)()", "failed"),
        ("raise NotImplemented", "failed"),
        ("return pathlib.PurePath.with_segments.__call__(1)", "failed"),
        ("return in_library()", "failed"),
    ],
)
def test_only_what_the_adapter_itself_leaves_open_is_skipped(run, pytester, body, outcome):
    """A library without a kernel for a dtype raises NotImplementedError as well."""
    (pytester.path / "torch.py").write_text(
        "def missing_kernel():\n    raise NotImplementedError('no kernel')\n"
    )
    text = f"import pathlib\ndef in_library():\n    from torch import missing_kernel\n    missing_kernel()\ndef run_double(value):\n    {body}\n"
    result = run("-k", "test_double", mine=text)
    result.assert_outcomes(**{outcome: 2}, deselected=2)


def test_a_skip_of_the_adapter_is_told_apart_from_what_it_lacks(run):
    """Whatever skips, nothing that did not run counts as passed."""
    result = run(
        mine="import pytest\ndef run_double(value):\n    pytest.skip('not today')\ndef run_half(v): return 2\n"
    )
    result.stdout.fnmatch_lines(
        ["implementation   passed   failed  skipped", "mine                  1        0        3"]
    )


def test_shipped_implementations_have_no_table(run):
    result = run(suite="def test_it(): pass\n")
    assert "= implementations =" not in result.stdout.str()
