"""Bad input: one clear message and exit code 4 before a single test runs."""

from __future__ import annotations

import socket
import sqlite3
import subprocess

import pytest
from plugin_projects import COMPARE, QUICK, needs, text_of

RAN = "import pathlib\n\npathlib.Path({place!r}).write_text('imported')\n"


@pytest.fixture
def refused(project, tmp_path):
    """Run pytest; it has to be refused with these words, and no test module may have been imported."""
    trace = tmp_path / "imported"
    project.commit(
        "trace", {"tests/test_trace.py": RAN.format(place=str(trace)) + "def test_trace(): pass\n"}
    )

    def run(*arguments: str, says: tuple[str, ...]) -> pytest.RunResult:
        result = project.refuse(*arguments)
        assert result.ret == pytest.ExitCode.USAGE_ERROR, text_of(result)
        said = text_of(result)
        for words in says:
            assert words in said
        assert said.count("ERROR:") == 1
        assert "Traceback" not in said
        assert "INTERNALERROR" not in said
        assert not trace.exists()
        return result

    return run


def test_unknown_ref(refused, project):
    project.git("branch", "feature-softmax")
    refused(
        "--bolt-compare=featur-softmax",
        says=("no branch, tag or commit is called 'featur-softmax'", "did you mean 'feature-softmax'?"),
    )


@pytest.mark.parametrize("ref", ["", "  ", "@tip", "-x", "HEAD~99", "HEAD..HEAD"])
def test_refs_that_are_none(refused, ref):
    refused(f"--bolt-compare={ref}", says=("->",))


def test_empty_ref_is_named(refused):
    refused("--bolt-compare=", says=("--bolt-compare was given an empty REF", "name a branch, tag or commit"))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--bolt-mode=pared",), ("--bolt-mode: unknown value 'pared'", "did you mean 'paired'?")),
        (("--bolt-env=free",), ("--bolt-env: unknown value 'free'", "known are: pin, keep")),
        (("--bolt-margin=5x",), ("--bolt-margin: '5x' is not a margin", "write it like 5% or 0.05")),
        (("--bolt-margin=0",), ("--bolt-margin: '0' is not a margin",)),
        (("--bolt-margin=100%",), ("--bolt-margin: '100%' is not a margin",)),
        (("--bolt-budget=soon",), ("--bolt-budget: 'soon' is not a duration", "90s, 10m or 1.5h")),
        (("--bolt-timeout=0",), ("--bolt-timeout: '0' is not a duration",)),
        (("--bolt-threads=0",), ("--bolt-threads: '0' is not a number of threads",)),
        (("--bolt-seed=-1",), ("--bolt-seed: '-1' is not a seed",)),
        (
            ("--bolt-keep-rounds=-1",),
            ("--bolt-keep-rounds: '-1' is not a number of measurements", "a whole number, or all"),
        ),
        (("--bolt-fail-on=sloewr",), ("unknown verdict 'sloewr'", "did you mean 'slower'?")),
        (
            ("--bolt-fail-on=missing:5%",),
            ("only slower, faster and metrics take a margin, not 'missing:5%'",),
        ),
        (("--bolt-fail-on=slower:fast",), ("'fast' is not a margin",)),
        (("--bolt-journal=papr",), ("there is no such journal style", "did you mean `paper`?")),
        (("--bolt-expect=quick",), ("->",)),
        (("--bolt-store=oracle://x",), ("->",)),
        (("--bolt-dtype=fp33",), ("unknown dtype",)),
        (("--bolt-suite=softmx",), ("unknown suite 'softmx'", "did you mean 'softmax'?")),
    ],
)
def test_option_values_that_mean_nothing(refused, arguments, words):
    refused(COMPARE, *arguments, says=words)


def test_the_ini_file_is_named_where_it_is_wrong(refused, project):
    project.write({"pytest.ini": "[pytest]\nbolt_margin = a lot\n"})
    refused(COMPARE, says=("bolt_margin in the ini file: 'a lot' is not a margin",))


def test_a_missing_value_does_not_swallow_a_path(refused):
    """`--bolt-compare tests` is a ref called tests, and says so."""
    refused("--bolt-compare", "tests", says=("no branch, tag or commit is called 'tests'",))


def test_no_repository(pytester, monkeypatch):
    folder = pytester.path / "loose"
    folder.mkdir()
    (folder / "test_a.py").write_text("def test_a(benchmark): benchmark(int)\n")
    monkeypatch.chdir(folder)
    result = pytester.runpytest_subprocess(COMPARE)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: this is not a git repository*", "*folder*", "*-> *git init*"])


def test_no_commit_yet(empty_project):
    empty_project.write({"test_a.py": "def test_a(benchmark): benchmark(int)\n"})
    result = empty_project.refuse("--bolt-compare=main")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: the repository has no commit yet", "*-> git add -A*"])


def test_shallow_clone(project, monkeypatch):
    project.commit("second", {"mylib/more.py": ""})
    clone = project.root.parent / "clone"
    subprocess.run(
        ["git", "clone", "--quiet", "--depth=1", f"file://{project.root}", str(clone)],
        check=True,
        capture_output=True,
    )
    monkeypatch.chdir(clone)
    result = project.refuse("--bolt-compare=HEAD~1")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        ["ERROR: 'HEAD~1' is not in this clone, which is shallow*", "*-> git fetch --unshallow origin*"]
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, ("no such adapter", "adapter.py")),
        ("def run_softmax(x, dim) return x\n", ("the adapter has a syntax error", "adapter.py:1:25")),
        ("import no_such_module\n", ("the adapter cannot be imported", "adapter.py:1", "no_such_module")),
    ],
)
def test_adapters_that_cannot_be_used(refused, project, text, words):
    needs("torch")
    if text is not None:
        project.write({"adapter.py": text})
    refused(COMPARE, "--bolt-adapter=adapter.py", says=words)


OPERATIONS = """
    import pytest

    @pytest.mark.bolt(operation="run_double")
    def test_double(impl, benchmark): assert benchmark(impl.run_double, 4) == 8

    @pytest.mark.skipif(True, reason="needs another machine")
    @pytest.mark.bolt(operation="run_third")
    def test_third(impl): ...

    @pytest.mark.bolt(operation="run_half")
    def test_half(impl, benchmark): assert benchmark(impl.run_half, 4) == 2
"""


@pytest.mark.parametrize("options", [(), (COMPARE,)])
@pytest.mark.parametrize(
    ("adapter", "said"),
    [
        (
            "def run_dubble(x): return 2 * x\ndef run_half(x): return x / 2\n",
            [
                "*has        run_dubble, run_half",
                "*needed by  *::test_double*",
                "  -> is run_dubble meant to be run_double? *",
            ],
        ),
        ("def run_quarter(x): return x / 4\n", ["*has        run_quarter", "  -> add it, or select *"]),
    ],
)
def test_an_adapter_without_what_is_asked_of_it(project, options, adapter, said):
    needs("torch")
    project.write({"adapter.py": adapter, "test_operations.py": OPERATIONS})
    result = project.refuse("test_operations.py", "--bolt-adapter=adapter.py", *options)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: adapter adapter has no function run_double*", *said])
    assert project.refuse("test_operations.py", "--bolt-adapter=adapter.py", "--collect-only").ret == 0


@pytest.mark.parametrize("options", [(), (COMPARE, QUICK)])
def test_an_adapter_with_a_part_of_what_is_asked_of_it(project, options):
    """As of a course whose adapters know some operations of a suite: the others are left out, and said to be."""
    needs("torch")
    project.write({"adapter.py": "def run_half(x): return x / 2\n", "test_operations.py": OPERATIONS})
    project.commit("suite")
    result = project.pytest("test_operations.py", "--bolt-adapter=adapter.py", "-rs", *options)
    result.assert_outcomes(passed=1, skipped=2)
    result.stdout.fnmatch_lines(["*adapter adapter has no function run_double"])


@pytest.mark.parametrize("option", ["--bolt-json", "--bolt-markdown", "--bolt-journal"])
def test_outputs_that_cannot_be_written(refused, project, option):
    project.write({"file": ""})
    value = "paper:file/out" if option == "--bolt-journal" else "file/out"
    refused(COMPARE, f"{option}={value}", says=("cannot write the file", "a part of the path is a file"))
    folder = "paper:mylib" if option == "--bolt-journal" else "mylib"
    refused(
        COMPARE, f"{option}={folder}", says=("cannot write a file where there is a folder", "add a file name")
    )


def test_the_store_cannot_be_opened(refused, project):
    project.write({"file": "", "no_store": "this is no database, whatever its name says\n" * 50})
    refused(COMPARE, "--bolt-store=file/store.sqlite", says=("file/store.sqlite", "->"))
    refused(COMPARE, "--bolt-store=no_store", says=("no_store", "->"))


def test_a_store_of_a_newer_program(refused, project):
    assert project.bolt().ret in {0, 1}
    (project.root.parent / "imported").unlink(missing_ok=True)
    store = project.root / ".bolt" / "store.sqlite"
    with sqlite3.connect(store) as connection:
        (table,) = connection.execute("SELECT name FROM sqlite_master WHERE name LIKE '%version%'").fetchone()
        connection.execute(f"UPDATE {table} SET version_num = '9999'")
    connection.close()
    trace = next(project.root.parent.parent.rglob("imported"), None)
    if trace is not None:
        trace.unlink()
    refused(COMPARE, says=("newer", "->"))


def test_a_server_that_does_not_answer(refused):
    needs("psycopg")
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    refused(COMPARE, f"--bolt-store=postgresql+psycopg://nobody@127.0.0.1:{port}/none", says=("->",))


def test_a_cache_folder_that_is_none(refused, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("BOLT_CACHE_DIR", str(tmp_path / "file"))
    refused(
        COMPARE,
        says=("the cache folder, where the base is checked out, cannot be written", "BOLT_CACHE_DIR=PATH"),
    )


@pytest.mark.parametrize("option", [("-n", "2"), ("-nauto",), ("--numprocesses=1",), ("-d", "--tx=2*popen")])
def test_tests_spread_over_processes(refused, option):
    needs("xdist")
    refused(COMPARE, *option, says=("tests are spread over processes (-n)", "leave -n out, or give -n0"))


def test_no_git_at_all(refused, monkeypatch, tmp_path):
    """The message of a machine without git, not GitPython's."""
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    refused(COMPARE, says=("git cannot be run", "apt install git"))


def test_a_marker_that_says_nonsense_is_refused_before_anything_is_measured(project):
    project.suite(
        """
        import pytest

        @pytest.mark.bolt(margn="3%")
        def test_misspelt(benchmark):
            benchmark(int)
        """
    )
    result = project.refuse(COMPARE, QUICK)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        [
            "ERROR: @pytest.mark.bolt of tests/test_speed.py::test_misspelt: unknown key 'margn'",
            "*did you mean 'margin'?",
        ]
    )


@pytest.mark.parametrize(
    ("marker", "words"),
    [
        ("margin='lots'", "'lots' is not a margin"),
        ("margin=0", "'0' is not a margin"),
        ("fail_on='slow'", "unknown verdict 'slow'"),
        ("expect='quick'", "quick"),
    ],
)
def test_marker_values_that_mean_nothing(project, marker, words):
    project.suite(
        f"""
        import pytest

        @pytest.mark.bolt({marker})
        def test_marked(benchmark):
            benchmark(int)
        """
    )
    result = project.refuse(COMPARE, QUICK)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert words in result.stderr.str()
    assert "tests/test_speed.py::test_marked" in result.stderr.str()


def test_a_syntax_error_in_the_heads_library_is_a_collection_error(project):
    project.library("def work(n) return n\n")
    result = project.refuse(COMPARE, QUICK)
    assert result.ret == pytest.ExitCode.INTERRUPTED
    result.stdout.fnmatch_lines(["*SyntaxError*", "*1 error during collection*"])
    result.stdout.no_fnmatch_line("bolt: checking*")


def test_a_syntax_error_in_the_heads_suite_is_a_collection_error(project):
    project.write({"tests/test_speed.py": "def test_work(benchmark) pass\n"})
    result = project.refuse(COMPARE, QUICK)
    assert result.ret == pytest.ExitCode.INTERRUPTED
    result.stdout.fnmatch_lines(["*SyntaxError*", "*1 error during collection*"])


def test_an_unknown_option_is_pytests_own_error(project):
    result = project.refuse("--bolt-comprae=main")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*unrecognized arguments: --bolt-comprae=main*"])
